"""The styles that a conversation is drawn with, by role, as the current theme has them.

Strategy: blocks are drawn with Rich styles and know nothing about themes, so the roles of a `Palette` are
named here, each with a style of `Content`.  They are not component classes: Textual computes all of those
again whenever a widget is mounted, gets the focus, or its screen is shown, which for thirty of them took a
sixth of the time to open a conversation.  A style in words is parsed once for a theme.
"""

from __future__ import annotations

from collections.abc import Mapping

from rich.style import Style
from textual.style import Style as ThemedStyle

from agcx_tui.app.blocks.palette import Palette

__all__ = ["ROLES", "palette", "role_style"]

# The background of the text of every role.
_GROUND = "on $background"

ROLES: Mapping[str, str] = {
    "text": "$foreground",
    "output": "$foreground 72%",
    "muted": "$foreground 67%",
    "user": "bold $text-accent",
    "assistant": "bold $text-primary",
    "system": "bold $text-secondary",
    "tool": "bold $foreground 80%",
    "reasoning": "italic $foreground 70%",
    "ok": "$text-success",
    "failed": "bold $text-error",
    "error": "bold $text-error",
    "heading": "bold $text-primary",
    "link": "underline $text-accent",
    "code": "$text-warning",
    "code_ground": "$foreground on $foreground 5%",
    "keyword": "$text-primary",
    "string": "$text-success",
    "number": "$text-warning",
    "name": "$text-accent",
    "added": "$text-success",
    "removed": "$text-error",
    "hunk": "italic $text-accent",
    # Not of a palette: drawn beside or over the lines of blocks.
    "rail": "$accent 70%",
    "current": "bold $accent",
    "match": "underline $foreground on $warning 30%",
    "match_at": "bold underline $background on $warning",
}
"""Styles in words, of `Content`; a background lies on that of the conversation."""


def role_style(role: str) -> Style:
    """The style of one of `ROLES` with its background, in the active app's theme.

    Raises:
        KeyError: There is no such role.
    """
    return (ThemedStyle.parse(_GROUND) + ThemedStyle.parse(ROLES[role])).rich_style


def palette() -> Palette:
    """The styles of blocks; only blocks of code have a background of their own."""
    return Palette(**{name: _of_block(name) for name in Palette.names()})


def _of_block(role: str) -> Style:
    style = role_style(role)
    if role == "code_ground":
        return Style(bgcolor=style.bgcolor)
    return style.without_color + Style(color=style.color)
