"""Reads where a conversation branches, and which messages are on the path that a person names."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from agcx_format import MessageSnapshot, MessageSource
from agcx_format.errors import PersistenceError
from agcx_format.transcript import Branches, BranchFinder, ChosenWays
from agcx_tui.core.conversation.find_message import all_messages

__all__ = ["ALL", "NEWEST", "branches_of", "messages_left_out", "read_branches"]

# What a person may name besides a branch: everything, and the path to the last message.
ALL: Final = "all"
NEWEST: Final = "newest"


def read_branches(
    source: MessageSource, stopped: Callable[[], bool] = lambda: False
) -> Branches | None:
    """Look at all messages of a complete source; None if `stopped`.  Blocks.

    Raises:
        PersistenceError: The file was closed or cannot be read.
    """
    finder = BranchFinder()
    for number, message in all_messages(source, stopped):
        finder.add(number, message)
    return None if stopped() else finder.branches()


def branches_of(path: str, stopped: Callable[[], bool]) -> Branches | None:
    """The branches of a session's file, or of a checkpoint's; None if `stopped`.  Blocks.

    Raises:
        PersistenceError: It cannot be read.
    """
    # Imported late: an export in many processes needs none of the store.
    from agcx_format.store import open_conversation

    finder = BranchFinder()
    with open_conversation(path) as file:
        for number, message in enumerate(file, 1):
            if stopped():
                return None
            finder.add(number, message)
    return finder.branches()


def messages_left_out(messages: Iterable[MessageSnapshot], path: str) -> tuple[range, ...]:
    """The numbers of the messages, from 1, that are not on a path through a conversation.

    `path` is `ALL`, `NEWEST`, or a branch: its first words, the beginning of them, or the number of
    its first message.

    Raises:
        PersistenceError: There is no such branch, or several; or a message cannot be read.
    """
    if path == ALL:
        return ()
    finder = BranchFinder()
    for number, message in enumerate(messages, 1):
        finder.add(number, message)
    branches = finder.branches()
    chosen = ChosenWays(branches)
    if path != NEWEST:
        chosen.reveal(_start(branches, path))
    return chosen.left_out()


def _start(branches: Branches, wanted: str) -> int:
    """The number of the first message of a branch that a person names."""
    names = {way.start: way.name for ways in branches.ways.values() for way in ways}
    names |= {branch.start: branch.name for branch in branches.found.values()}
    if not branches.found:
        raise PersistenceError("it has no branches")
    if wanted.isascii() and wanted.isdigit() and int(wanted) in names:
        return int(wanted)
    prefix = wanted.casefold()
    found = [start for start, name in names.items() if name.casefold().startswith(prefix)]
    if len(found) != 1:
        problem = f"several branches begin with {wanted!r}" if found else f"no branch {wanted!r}"
        there = ", ".join(f"{start} “{names[start]}”" for start in sorted(found or names))
        raise PersistenceError(f"{problem}: {there}")
    return found[0]
