"""Blocks about a conversation rather than from it: it is being read, is damaged, or has another way on."""

from __future__ import annotations

from agcx_format import MessageSnapshot
from agcx_format.counting import counted
from agcx_format.errors import PersistenceError
from agcx_format.transcript import genuine_user_text, safe_line, safe_text, short_title, text_of
from agcx_tui.app.blocks.block import Block
from agcx_tui.app.blocks.lines import EMPTY, indent, line, shorten, wrap
from agcx_tui.app.blocks.look import Look

__all__ = ["note_block", "other_way_block", "undecodable_block"]

_BODY = 2
# Cells of a way's first words, however little room there is.
_LEAST = 20


def note_block(title: str, detail: str, look: Look, *, failed: bool = False) -> Block:
    """A block about the conversation rather than from it: it is being read, or damaged here."""
    palette = look.palette
    style = palette.error if failed else palette.muted
    strips = [EMPTY, line(("! " if failed else "  ", style), (title, style))]
    if detail:
        strips += indent(wrap(safe_text(detail), look.width - _BODY, palette.text), _BODY)
    return Block.of([*strips, EMPTY], head=1, label=True)


def undecodable_block(error: PersistenceError, index: int, look: Look) -> Block:
    """In place of a message that cannot be decoded, with the reason."""
    return note_block(f"Message {index + 1:,} cannot be read", str(error), look, failed=True)


def other_way_block(message: MessageSnapshot, messages: int, look: Look) -> Block:
    """One line for a way on that is not the chosen one; it begins with this message.

    `messages` is how many it has, 0 if that is not known.
    """
    words = genuine_user_text(message.item) or text_of(message.item)
    count = f", {counted(messages, 'message')}" if messages else ""
    muted = look.palette.muted
    key = "" if look.compact else ": enter shows it"
    room = max(_LEAST, look.width - len(f"⎇ “”{count}{key}"))
    name = shorten(safe_line(short_title(words, room)), room) or "(no words)"
    return Block.of([EMPTY, line(("⎇ ", muted), (f"“{name}”{count}{key}", muted))], head=1)
