"""The pages of the search: its language, with examples, and why there are no results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from agcx_format.transcript import safe_line
from agcx_tui.core.words.help_pages import HelpSection

if TYPE_CHECKING:
    from agcx_tui.app.screens.search.live_results import LiveResults

__all__ = ["instead_of_results", "query_card"]

_ROWS = (
    ("lease expired", "both words; lines with both come first"),
    ('"lease expired"', "one after the other"),
    ("Lease", "a capital letter: case matters"),
    ("lease -retry", "- excludes"),
    ("/time.?out/", "a regular expression (RE2)"),
    ("role:user", "or assistant, tool, reasoning, …"),
    ("in:you", "or assistant, reasoning, tool, title"),
    ("tool:shell path:queue.py", "calls of a tool, or about a file"),
    ("is:error", "calls that failed"),
    ("project:site branch:main", "in these sessions, as in the filter"),
    ("agent:codex tag:ui after:7d", "or in these"),
)


def query_card() -> HelpSection:
    """What can be typed, with examples."""
    return HelpSection("The search", _ROWS)


def instead_of_results(live: LiveResults, *, has_earlier: bool) -> Content | None:
    """The page in place of the results, if there is one; `has_earlier` searches can be recalled."""
    if not live.line:
        return _welcome(has_earlier)
    return Content.styled(safe_line(live.error), "$error") if live.error else None


def _welcome(has_earlier: bool) -> Content:
    title = Content.styled("Search inside all conversations", "bold $foreground")
    rows = [Content.assemble((f"{left:<28} ", "$primary"), right) for left, right in _ROWS]
    last = [Content(""), Content.assemble(("↑", "bold $primary"), " recalls the last search")]
    return Content("\n").join([title, Content(""), *rows, *(last if has_earlier else [])])
