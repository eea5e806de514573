"""What a transcript reads from: messages of which some may not be known yet.

A small session, a file of a gigabyte that is still being read, a checkpoint and a damaged file all look the
same to the code that shows them. `get` never blocks: it returns a message or `PENDING`. A thread in the
background calls `read_more` and `fetch`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Literal, Protocol

from agcx_format.errors import PersistenceError
from agcx_format.model.items import MessageSnapshot


class Pending:
    """The type of `PENDING`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "PENDING"


PENDING: Final = Pending()


class MessageSource(Protocol):
    """Messages, from the first to the last that is known."""

    @property
    def complete(self) -> bool:
        """Whether no more messages will become known."""

    @property
    def error(self) -> PersistenceError | None:
        """Why the messages after the known ones are missing, once `complete`; else None."""

    def known(self) -> int:
        """How many messages are known so far; never shrinks."""

    def get(self, index: int) -> MessageSnapshot | PersistenceError | Pending:
        """Message `index`, `PENDING`, or the error that says why it cannot be shown.

        A known message is `PENDING` when its text is not in memory; `fetch` reads it.
        """

    def size_of(self, index: int) -> int:
        """About how many bytes of text message `index` holds; for a known one only."""

    def sizes(self, start: int, stop: int) -> Sequence[int]:
        """The `size_of` of many: the known messages from `start` to before `stop`."""

    def read_more(self) -> bool:
        """Make more messages known; False when there are none. May block: call it in a thread."""

    def fetch(self, index: int, should_stop: Callable[[], bool] = ...) -> bool:
        """Read the text of a known message; False when stopped. May block: call it in a thread."""


def check_known(index: int, known: int) -> None:
    """Check that `index` is the number of one of the messages that are `known`.

    Raises:
        IndexError: it is not.
    """
    if not 0 <= index < known:
        raise IndexError(f"no message {index}: {known} are known so far, counted from 0")


class ListSource:
    """A source over a list of messages in memory."""

    complete: Literal[True] = True
    error: PersistenceError | None = None

    def __init__(self, messages: Sequence[MessageSnapshot]) -> None:
        self._messages = messages

    def known(self) -> int:
        """The number of messages: all are known."""
        return len(self._messages)

    def get(self, index: int) -> MessageSnapshot:
        """Message `index`, from 0."""
        return self._messages[index]

    def size_of(self, index: int) -> int:
        """The bytes of message `index` as MessagePack."""
        from agcx_format.codec import messagepack

        return len(messagepack.encode(self._messages[index]))

    def sizes(self, start: int, stop: int) -> list[int]:
        """The `size_of` of the messages from `start` to before `stop`."""
        return [self.size_of(index) for index in range(start, stop)]

    def read_more(self) -> bool:
        """Always False: nothing is left to read."""
        return False

    def fetch(self, index: int, should_stop: Callable[[], bool] = lambda: False) -> bool:
        """Always True: every message is in memory."""
        return True
