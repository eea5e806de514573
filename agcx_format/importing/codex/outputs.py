"""What a tool of Codex gave back: a text, or parts of several kinds."""

from __future__ import annotations

from typing import Any

from agcx_format.importing.fields import as_json

__all__ = ["ENCRYPTED", "NO_AUDIO", "NO_PICTURE", "PLACEHOLDERS", "output_text"]

NO_PICTURE = "[image: not in the file]"
NO_AUDIO = "[audio: it cannot be shown]"
ENCRYPTED = "[encrypted content]"
# What stands in place of a part that has no text.
PLACEHOLDERS = frozenset({NO_PICTURE, NO_AUDIO, ENCRYPTED})


def output_text(output: Any) -> tuple[str, list[str]]:
    """The text of a tool's output, and the URLs of the pictures in it."""
    if isinstance(output, str):
        return output, []
    if output is None:
        return "", []
    if isinstance(output, dict):
        inner = output.get("content", output)
        output = [inner] if isinstance(inner, dict) else inner
    if isinstance(output, str):
        return output, []
    if not isinstance(output, list):
        return as_json(output), []
    images, texts = [], []
    for part in output:
        match part:
            case {"type": "input_image", "image_url": str(url) | {"url": str(url)}} if url:
                images.append(url)
                texts.append("[image: in the next message]")
            case {"text": str(text)}:
                texts.append(text)
            case str():
                texts.append(part)
            case _:
                texts.append(as_json(part))
    return "\n".join(texts), images
