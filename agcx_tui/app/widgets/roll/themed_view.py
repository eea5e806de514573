"""The styles of a transcript: component classes, the default style sheet, and the palette from both.

Strategy: blocks are drawn with Rich styles and know nothing about themes, so every role of a `Palette` is
a component class here, which a theme or a style sheet can change.
"""

from __future__ import annotations

from typing import ClassVar

from rich.style import Style
from textual.scroll_view import ScrollView

from agcx_tui.app.blocks.palette import Palette

__all__ = ["ThemedView"]


class ThemedView(ScrollView):
    """A scroll view with the component classes of a transcript."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *(f"transcript--{name.replace('_', '-')}" for name in Palette.names()),
        "transcript--rail",
        "transcript--current",
        "transcript--match",
        "transcript--match-at",
    }

    DEFAULT_CSS = """
    ThemedView {
        background: $background;
        color: $foreground;
        overflow-x: hidden;
        overflow-y: scroll;
        scrollbar-size-vertical: 1;
        scrollbar-background: $background;
        scrollbar-background-hover: $background;
        scrollbar-background-active: $background;
        scrollbar-color: $foreground 20%;

        & > .transcript--text { color: $foreground; }
        & > .transcript--output { color: $foreground 72%; }
        & > .transcript--muted { color: $foreground 67%; }
        & > .transcript--user { color: $text-accent; text-style: bold; }
        & > .transcript--assistant { color: $text-primary; text-style: bold; }
        & > .transcript--system { color: $text-secondary; text-style: bold; }
        & > .transcript--tool { color: $foreground 80%; text-style: bold; }
        & > .transcript--reasoning { color: $foreground 70%; text-style: italic; }
        & > .transcript--ok { color: $text-success; }
        & > .transcript--failed { color: $text-error; text-style: bold; }
        & > .transcript--error { color: $text-error; text-style: bold; }
        & > .transcript--heading { color: $text-primary; text-style: bold; }
        & > .transcript--link { color: $text-accent; text-style: underline; }
        & > .transcript--code { color: $text-warning; }
        & > .transcript--code-ground { background: $foreground 5%; }
        & > .transcript--keyword { color: $text-primary; }
        & > .transcript--string { color: $text-success; }
        & > .transcript--number { color: $text-warning; }
        & > .transcript--name { color: $text-accent; }
        & > .transcript--added { color: $text-success; }
        & > .transcript--removed { color: $text-error; }
        & > .transcript--hunk { color: $text-accent; text-style: italic; }
        & > .transcript--rail { color: $accent 70%; }
        & > .transcript--current { color: $accent; text-style: bold; }
        & > .transcript--match { background: $warning 30%; text-style: underline; }
        & > .transcript--match-at {
            background: $warning; color: $background; text-style: bold underline;
        }
    }
    """

    def palette(self) -> Palette:
        """The current styles; a background is kept only where it differs from the widget's own."""
        ground = self.rich_style.bgcolor

        def role(name: str) -> Style:
            style = self.get_component_rich_style(_class_of(name))
            if name == "code_ground":
                return Style(bgcolor=style.bgcolor)
            if style.bgcolor == ground:
                style = style.without_color + Style(color=style.color)
            return style

        return Palette(**{name: role(name) for name in Palette.names()})


def _class_of(role: str) -> str:
    return f"transcript--{role.replace('_', '-')}"
