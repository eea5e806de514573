"""The styles of the session list, and of its rows."""

from __future__ import annotations

from textual.widget import Widget

from agcx_tui.app.widgets.list.session_row import RowLook

__all__ = ["CSS", "LOOKS", "look_of"]

_PARTS = tuple(name for name in RowLook.__struct_fields__ if name != "plain")
LOOKS = tuple(f"session-list--{part}" for part in _PARTS)

CSS = """
    SessionList {
        height: 1fr;
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        background: $background;
        color: $foreground;
        & > .session-list--cursor {
            background: $block-cursor-blurred-background;
            color: $block-cursor-blurred-foreground;
            text-style: $block-cursor-blurred-text-style;
        }
        &:focus > .session-list--cursor {
            background: $block-cursor-background;
            color: $block-cursor-foreground;
            text-style: $block-cursor-text-style;
        }
        &:focus:nocolor > .session-list--cursor { text-style: reverse; }
        & > .session-list--dim { color: $text-muted; }
        & > .session-list--star { color: $accent; }
        & > .session-list--mark { color: $primary; text-style: bold; }
        & > .session-list--tag { color: $secondary; }
        & > .session-list--project { color: $text-secondary; }
        & > .session-list--heading { color: $primary; text-style: bold; }
        & > .session-list--match { color: $accent; text-style: bold underline; }
        & > .session-list--broken { color: $error; }
    }
    """


def look_of(widget: Widget) -> RowLook:
    """The styles of rows, as the theme of the list has them now."""
    styles = {
        # A match is added to the style of the text that it is in.
        part: widget.get_component_rich_style(f"session-list--{part}", partial=part == "match")
        for part in _PARTS
    }
    return RowLook(plain=widget.rich_style, **styles)
