"""The pages of the search that explain its language, with examples."""

from __future__ import annotations

from textual.content import Content

from agcx_tui.core.words.help_pages import HelpSection

__all__ = ["query_card", "welcome"]

_ROWS = (
    ("lease expired", "both words, in any order"),
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


def welcome(earlier: bool) -> Content:
    """The page while nothing is typed; `earlier` if there are searches to bring back."""
    title = Content.styled("Search inside all conversations", "bold $foreground")
    rows = [Content.assemble((f"{left:<28} ", "$primary"), right) for left, right in _ROWS]
    last = [Content(""), Content.assemble(("↑", "bold $primary"), " recalls the last search")]
    return Content("\n").join([title, Content(""), *rows, *(last if earlier else [])])
