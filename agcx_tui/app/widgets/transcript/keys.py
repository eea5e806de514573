"""The keys of a transcript, besides those that move any roll.

| Key(s) | Description |
| :- | :- |
| ]; [ | The next, the previous message |
| }; { | The next, the previous turn of the user |
| b | The message that this one branches from |
| enter | Open the message: a call, a thought, earlier forms, the lines left out |
| t; T | Open or fold all tool calls, all thoughts |
"""

from __future__ import annotations

from textual.binding import Binding

from agcx_tui.app.widgets.roll.keys import COPY, hidden_key

__all__ = ["KEYS"]

KEYS = [
    hidden_key("right_square_bracket", "message(1)", "next message", "next", "]"),
    hidden_key("left_square_bracket", "message(-1)", "previous message", "previous", "["),
    hidden_key("right_curly_bracket", "turn(1)", "next turn", "next-turn", "}"),
    hidden_key("left_curly_bracket", "turn(-1)", "previous turn", "previous-turn", "{"),
    hidden_key("b", "parent", "where it branches from", "parent"),
    Binding("enter", "toggle", "open", key_display="enter", id="transcript.toggle"),
    Binding("t", "fold_tools", "tools", id="transcript.tools"),
    COPY,
    hidden_key("T", "fold_thoughts", "thoughts", "thoughts"),
]
