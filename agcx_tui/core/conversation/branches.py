"""Reads where a conversation branches, from a source that shows it; blocks, so call it in a thread."""

from __future__ import annotations

from collections.abc import Callable

from agcx_format import MessageSource
from agcx_format.transcript import Branches, BranchFinder
from agcx_tui.core.conversation.find_message import all_messages

__all__ = ["read_branches"]


def read_branches(
    source: MessageSource, stopped: Callable[[], bool] = lambda: False
) -> Branches | None:
    """Look at all messages of a complete source; None if `stopped`.

    Raises:
        PersistenceError: The file was closed or cannot be read.
    """
    finder = BranchFinder()
    for number, message in all_messages(source, stopped):
        finder.add(number, message)
    return None if stopped() else finder.branches()
