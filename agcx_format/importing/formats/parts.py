"""Texts and pictures of a message, in the forms in which agents write them.

Strategy: a content is a text, a part, or a list of both. A part of a form that is not known is kept as JSON,
so that nothing is lost.
"""

from __future__ import annotations

import json
from typing import Any

from agcx_format.importing.fields import as_json, as_text
from agcx_format.model import unchecked
from agcx_format.model.items import ContentPart, InputImage, InputText

__all__ = ["content_of", "text_in"]


def content_of(content: Any) -> list[ContentPart]:
    """The content as parts of a message; empty if there is none."""
    if content is None or content == "":
        return []
    if isinstance(content, list):
        return [part for each in content for part in _part(each)]
    return _part(content)


def text_in(content: Any) -> str:
    """The texts of a content without its pictures, a line each."""
    return "\n".join(part.text for part in content_of(content) if isinstance(part, InputText))


def _part(part: Any) -> list[ContentPart]:
    # Nearly all parts are texts.
    if type(part) is dict and part.get("type") == "text" and type(text := part.get("text")) is str:
        return [unchecked.input_text(text)]
    match part:
        case str():
            return [unchecked.input_text(part)]
        case {"type": "text" | "input_text" | "output_text", "text": str(text)}:
            return [InputText(text)]
        case {"type": "image", "data": str(data)}:
            return [_image(data, part)]
        case {"type": "image" | "document", "source": dict(source)}:
            return _from_source(source, part)
        case {"inlineData": {"data": str(data)}}:
            return [_image(data, part["inlineData"])]
        case {"fileData": {"fileUri": str(uri)}}:
            return [InputText(f"[file: {uri}]")]
        case {"type": "image_url" | "input_image", "image_url": str(url) | {"url": str(url)}}:
            return [InputImage(url)]
        case {"type": "image_url", "imageUrl": {"url": str(url)}}:
            return [InputImage(url)]
        case {"type": "video_url" | "audio_url" as kind}:
            return [_recording(kind.removesuffix("_url"), part)]
        case {"type": "image", "image": str(data)}:
            return [InputImage(data)] if ":" in data[:20] else [_image(data, part)]
        case {"text": str(text)} if part.keys() <= {"text", "type", "thought", "annotations"}:
            return [InputText(text)]
    return [InputText(as_json(part))]


def _recording(kind: str, part: dict[str, Any]) -> InputText:
    """A video or a sound: AGCX has no place for its data."""
    held = next((value for value in part.values() if isinstance(value, dict)), {})
    url = as_text(held.get("url"))
    where = url.partition(",")[0] if url.startswith("data:") else url
    return InputText(f"[{kind}: {where}]" if where else f"[{kind}]")


def _from_source(source: dict[str, Any], part: dict[str, Any]) -> list[ContentPart]:
    match source:
        case {"type": "text", "data": str(text)}:
            return [InputText(text)]
        case {"data": str(data)}:
            return [_image(data, source)]
        case {"url": str(url)}:
            return [InputImage(url)]
    return [InputText(json.dumps(part, ensure_ascii=False))]


def _image(data: str, about: dict[str, Any]) -> InputImage:
    names = ("mimeType", "media_type", "mediaType", "mime_type", "mime")
    kind = next(filter(None, (as_text(about.get(name)) for name in names)), "image/png")
    return InputImage(f"data:{kind};base64,{data}")
