"""The keys that move a roll; those of a transcript are in `transcript_keys`.

| Key(s) | Description |
| :- | :- |
| down, j; up, k | A line down, up |
| ctrl+d; ctrl+u | Half a page down, up |
| pagedown; pageup | A page down, up |
| home, g; end, G | The beginning, the end |
| y | Copy the selection, or what is current |
"""

from __future__ import annotations

from textual.binding import Binding

__all__ = ["COPY", "MOVING", "hidden_key"]


def hidden_key(
    keys: str, action: str, description: str, name: str, shown: str | None = None
) -> Binding:
    """A key that is not in the footer; `shown` is how help writes it."""
    return Binding(
        keys, action, description, key_display=shown, show=False, id=f"transcript.{name}"
    )


MOVING = [
    hidden_key("down,j", "scroll_down", "a line down", "down"),
    hidden_key("up,k", "scroll_up", "a line up", "up"),
    hidden_key("ctrl+d", "half(1)", "half a page down", "half-down"),
    hidden_key("ctrl+u", "half(-1)", "half a page up", "half-up"),
    hidden_key("pagedown,ctrl+f", "page_down", "a page down", "page-down"),
    hidden_key("pageup,ctrl+b", "page_up", "a page up", "page-up"),
    hidden_key("home,g", "scroll_home", "to the beginning", "home"),
    hidden_key("end,G", "scroll_end", "to the end", "end"),
]

# In the footer, after what the roll itself does.
COPY = Binding("y", "copy", "copy", id="transcript.copy")
