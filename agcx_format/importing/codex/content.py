"""Converts what a message of a Codex rollout holds: texts, pictures, and recordings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agcx_format.importing.codex.outputs import ENCRYPTED, NO_AUDIO, NO_PICTURE
from agcx_format.importing.fields import as_json
from agcx_format.model import unchecked
from agcx_format.model.items import ContentPart, InputImage, InputText, OutputText

__all__ = ["content_in"]


def content_in(content: Any, role: str, note: Callable[[str], None]) -> list[ContentPart]:
    """The content of a message; `note` gets what is not kept as it is."""
    said = OutputText if role == "assistant" else InputText
    if isinstance(content, str):
        note("message with bare text: a text part")
        return [said(content)]
    if not isinstance(content, list):
        return [] if content is None else [said(as_json(content))]
    return [_plain_part(part) or _part(part, said, note) for part in content]


def _plain_part(part: Any) -> ContentPart | None:
    """A text, as nearly all parts are; None for any other part."""
    if type(part) is dict and type(text := part.get("text")) is str:
        kind = part.get("type")
        if kind == "output_text":
            return unchecked.output_text(text)
        if kind == "input_text":
            return unchecked.input_text(text)
    return None


def _part(
    part: Any, said: Callable[[str], ContentPart], note: Callable[[str], None]
) -> ContentPart:
    match part:
        case {"type": "input_image", "image_url": str(url) | {"url": str(url)}} if url:
            return InputImage(url)
        case {"type": "input_image"} if not part.get("image_url"):
            note("input_image without a picture: a placeholder")
            return said(NO_PICTURE)
        case {"type": "input_audio"}:
            note("input_audio: a placeholder")
            return said(NO_AUDIO)
        case {"type": str(kind), "text": str(text)}:
            note(f"content part {kind}: text")
            return said(text)
        case {"type": "encrypted_content"}:
            note("content part encrypted_content: a placeholder")
            return said(ENCRYPTED)
    note("content part of an unknown kind: JSON")
    return said(as_json(part))
