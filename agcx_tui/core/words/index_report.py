"""The search index as a section of the storage report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agcx_format.counting import counted
from agcx_format.transcript import safe_line
from agcx_tui.core.search.index_keeper import IndexPhase, IndexState
from agcx_tui.core.words.format import size
from agcx_tui.core.words.storage_report import Line, Section

if TYPE_CHECKING:
    from agcx_format.search import BookState

__all__ = ["INDEX", "index_section"]

INDEX = "index"
"""The group of its line."""


def index_section(state: IndexState, book: BookState | None) -> Section | None:
    """How much is in the index, and what is done with it; None while that is unknown.

    Where there is to be none, that and why, and what takes space of one that there was.
    """
    if state.phase is IndexPhase.OFF:
        if not state.problem:
            return None
        left = 0 if book is None else book.size
        line = Line(INDEX, "", f"off: {state.problem}", left, "not used" if left else "")
        return Section("Search index", (line,), most=left)
    if book is None:
        return None
    label = f"{book.sessions:,} of {counted(book.total, 'session')}"
    # A note has no room for these in a narrow terminal.
    if state.phase is IndexPhase.FAILED:
        label = f"not built: {safe_line(state.problem)}"
    elif state.phase is IndexPhase.ELSEWHERE:
        label += ", built by another program"
    line = Line(INDEX, "", label, book.size, _note(state, book))
    return Section("Search index", (line,), most=book.cap)


def _note(state: IndexState, book: BookState) -> str:
    left = book.total - book.sessions - book.left_out
    match state.phase:
        case IndexPhase.BUILDING if left > 0:
            return "being built"
        case IndexPhase.DELETED:
            return "deleted"
    if left > 0:
        return f"{left:,} not in it yet"
    if book.left_out:
        fit = "does not fit" if book.left_out == 1 else "do not fit"
        return f"{book.left_out:,} {fit} {size(book.cap)}"
    # That it has all sessions is said before; more words have no room in a narrow terminal.
    return f"at most {size(book.cap)}"
