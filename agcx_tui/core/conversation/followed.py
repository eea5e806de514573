"""A conversation that grows while it is read: newer versions of its file replace older ones.

Strategy: the reader keeps one source, which reads from the newest version.  That is only done where the
newer version continues the older one, so that what was read stays in place; else the reader decides.

No Textual.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from agcx_format import MessageSnapshot, MessageSource, Pending, SessionFile
from agcx_format.errors import PersistenceError
from agcx_tui.core.conversation.find_message import at_hand
from agcx_tui.core.local.giving_way import give_way

__all__ = ["FollowedSource", "continues"]

# How many messages at the end an agent may still be writing. A copy for display stands for an item until
# that is written, and several items may come in another order than their copies.
_BEING_WRITTEN = 4


class FollowedSource:
    """The messages of the newest version of a session's file."""

    def __init__(self, file: SessionFile) -> None:
        self._file = file
        # Versions that may still be read.
        self._before: list[SessionFile] = []

    @property
    def complete(self) -> bool:
        return self._file.complete

    @property
    def error(self) -> PersistenceError | None:
        return self._file.error

    def known(self) -> int:
        return self._file.known()

    def get(self, index: int) -> MessageSnapshot | PersistenceError | Pending:
        return self._file.get(index)

    def size_of(self, index: int) -> int:
        return self._file.size_of(index)

    def sizes(self, start: int, stop: int) -> Sequence[int]:
        return self._file.sizes(start, stop)

    def read_more(self) -> bool:
        return self._file.read_more()

    def fetch(self, index: int, should_stop: Callable[[], bool] = lambda: False) -> bool:
        return self._file.fetch(index, should_stop)

    def again(self) -> MessageSource:
        """A second source of the current messages; see `SessionFile.again`."""
        return self._file.again()

    def go_on(self, newer: FollowedSource) -> None:
        """Read from a newer version from now on."""
        self._before.append(self._file)
        self._file = newer._file

    def close_unused(self) -> None:
        """Close earlier versions that are no longer iterated over. May block."""
        unused = [file for file in self._before if not file.is_read_again]
        self._before = [file for file in self._before if file not in unused]
        for file in unused:
            file.close()

    @property
    def closed(self) -> bool:
        """Whether the newest version is closed, and with it all others."""
        return self._file.closed

    def close(self) -> None:
        for file in (*self._before, self._file):
            file.close()


def continues(
    newer: MessageSource,
    older: MessageSource,
    seen: Iterable[int],
    stopped: Callable[[], bool] = lambda: False,
) -> bool:
    """Whether `newer` holds what is known of `older`, and the messages `seen` are where they were.

    The last few may be others, or fewer: an agent was still writing them.

    Reads as much of `newer` as is known of `older`. Blocks: call it in a thread.
    """
    while newer.known() < older.known() or not older.complete:
        if stopped() or newer.complete or not newer.read_more():
            break
        give_way()
    if older.complete and not older.known():
        # Whatever comes continues an empty conversation.
        return not stopped()
    written = older.known() - _BEING_WRITTEN if older.complete else older.known()
    if stopped() or newer.known() < max(1, written):
        return False
    return all(
        _id_of(newer, index, stopped) == _id_of(older, index, stopped)
        for index in sorted({0, written - 1, *seen})
        if index == 0 or 0 < index < written
    )


def _id_of(source: MessageSource, index: int, stopped: Callable[[], bool]) -> object:
    message = at_hand(source, index, stopped)
    return None if message is None else message.metadata.message_id
