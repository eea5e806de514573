"""The styles that blocks are drawn with, computed once from the theme.

Strategy: blocks are pure functions and know no widget, so they get what they need of the theme as a frozen
set of Rich styles.  What has a color also differs by a word, a glyph, or an attribute, so that
nothing depends on color alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from rich.style import Style

__all__ = ["Palette"]

_BOLD = Style(bold=True)
_DIM = Style(dim=True)
_FAINT = Style(italic=True, dim=True)
_LINE = Style(underline=True)


@dataclass(frozen=True, slots=True)
class Palette:
    """Styles by role; `code_ground` is the background of a block of code.

    The defaults use no color, for tests and for terminals without colors.
    """

    text: Style = field(default_factory=Style)
    output: Style = _DIM
    muted: Style = _DIM
    user: Style = _BOLD
    assistant: Style = _BOLD
    system: Style = _BOLD
    tool: Style = _BOLD
    reasoning: Style = _FAINT
    ok: Style = field(default_factory=Style)
    failed: Style = _BOLD
    error: Style = _BOLD
    heading: Style = _BOLD
    link: Style = _LINE
    code: Style = field(default_factory=Style)
    code_ground: Style = field(default_factory=Style)
    keyword: Style = field(default_factory=Style)
    string: Style = field(default_factory=Style)
    number: Style = field(default_factory=Style)
    name: Style = field(default_factory=Style)
    added: Style = field(default_factory=Style)
    removed: Style = field(default_factory=Style)
    hunk: Style = _DIM

    @classmethod
    def names(cls) -> list[str]:
        """The roles in order."""
        return [each.name for each in fields(cls)]
