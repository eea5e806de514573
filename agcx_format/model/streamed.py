"""Messages of a conversation that is too large for memory: made again at each iteration.

Strategy: they take the place of the list in a `ConversationSnapshot`.  What changes a session goes through
its messages from the first to the last, as often as it needs, and gives messages of the same kind: a list
of a list, a stream of a stream.  `made_of` decides that in one place.
"""

from __future__ import annotations

import itertools
import operator
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import overload

from agcx_format.model.items import MessageSnapshot

__all__ = ["StreamedMessages", "made_of", "part_of"]


class StreamedMessages(Sequence[MessageSnapshot]):
    """Messages that are not in memory; getting one by its number makes those before it."""

    @abstractmethod
    def __iter__(self) -> Iterator[MessageSnapshot]:
        """Every message, from the first; several iterations may run at once."""

    @overload
    def __getitem__(self, at: int) -> MessageSnapshot: ...

    @overload
    def __getitem__(self, at: slice) -> list[MessageSnapshot]: ...

    def __getitem__(self, at: int | slice) -> MessageSnapshot | list[MessageSnapshot]:
        wanted = range(len(self))[at]
        if isinstance(wanted, range):
            forward = wanted if wanted.step > 0 else wanted[::-1]
            found = list(itertools.islice(self, forward.start, forward.stop, forward.step))
            return found if wanted.step > 0 else found[::-1]
        return next(itertools.islice(self, wanted, None))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, list | StreamedMessages):
            return NotImplemented
        if self is other:
            return True
        return len(self) == len(other) and all(map(operator.eq, self, other))


class _Made(StreamedMessages):
    def __init__(self, count: int, make: Callable[[], Iterator[MessageSnapshot]]) -> None:
        self._count, self._make = count, make

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[MessageSnapshot]:
        return self._make()


def made_of(
    *sources: Sequence[MessageSnapshot],
    count: int,
    make: Callable[[], Iterator[MessageSnapshot]],
) -> Sequence[MessageSnapshot]:
    """The `count` messages that `make` gives of those in `sources`; streamed if one of them is."""
    if any(isinstance(source, StreamedMessages) for source in sources):
        return _Made(count, make)
    return list(make())


def part_of(
    messages: Sequence[MessageSnapshot], start: int, stop: int | None = None
) -> Sequence[MessageSnapshot]:
    """The messages from number `start` to `stop`, as a slice of a list has them."""
    count = len(range(len(messages))[start:stop])
    return made_of(
        messages, count=count, make=lambda: itertools.islice(messages, start, start + count)
    )
