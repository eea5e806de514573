"""The keys of a transcript.

| Key(s) | Description |
| :- | :- |
| down, j; up, k | A line down, up |
| ctrl+d; ctrl+u | Half a page down, up |
| pagedown; pageup | A page down, up |
| home, g; end, G | The first, the last message |
| ]; [ | The next, the previous message |
| }; { | The next, the previous turn of the user |
| enter | Open the message: a call, a thought, earlier forms, the lines left out |
| t; T | Open or fold all tool calls, all thoughts |
| y | Copy the selection, or the message |
"""

from __future__ import annotations

from textual.binding import Binding

__all__ = ["KEYS"]


def _key(keys: str, action: str, description: str, name: str, shown: str | None = None) -> Binding:
    """A key that is not in the footer; `shown` is how help writes it."""
    return Binding(
        keys, action, description, key_display=shown, show=False, id=f"transcript.{name}"
    )


KEYS = [
    _key("down,j", "scroll_down", "a line down", "down"),
    _key("up,k", "scroll_up", "a line up", "up"),
    _key("ctrl+d", "half(1)", "half a page down", "half-down"),
    _key("ctrl+u", "half(-1)", "half a page up", "half-up"),
    _key("pagedown,ctrl+f", "page_down", "a page down", "page-down"),
    _key("pageup,ctrl+b", "page_up", "a page up", "page-up"),
    _key("home,g", "scroll_home", "the first message", "home"),
    _key("end,G", "scroll_end", "the last message", "end"),
    _key("right_square_bracket", "message(1)", "next message", "next", "]"),
    _key("left_square_bracket", "message(-1)", "previous message", "previous", "["),
    _key("right_curly_bracket", "turn(1)", "next turn", "next-turn", "}"),
    _key("left_curly_bracket", "turn(-1)", "previous turn", "previous-turn", "{"),
    Binding("enter", "toggle", "open", key_display="enter", id="transcript.toggle"),
    Binding("t", "fold_tools", "tools", id="transcript.tools"),
    _key("T", "fold_thoughts", "thoughts", "thoughts"),
    Binding("y", "copy", "copy", id="transcript.copy"),
]
