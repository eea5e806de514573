"""The line that represents a picture in a conversation."""

from __future__ import annotations

from agcx_format import InputImage
from agcx_tui.app.blocks.block import Part
from agcx_tui.app.blocks.lines import indent, wrap
from agcx_tui.app.blocks.look import Look
from agcx_tui.app.blocks.pieces import PICTURE, in_piece
from agcx_tui.core.conversation.image_facts import image_facts

__all__ = ["picture_part"]


def picture_part(picture: InputImage, look: Look, by: int, number: int) -> Part:
    """Its type and size, moved right by `by` cells; `number` distinguishes it from others in the message."""
    key, url = f"{PICTURE}{number}", picture.image_url
    facts = wrap(f"▣ {image_facts(url)}", look.width - by, look.palette.muted)
    return Part.of(indent(in_piece(facts, key), by), pieces={key: url})
