"""Reads fields of untrusted JSON: a value of the wrong type counts as absent."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from json.encoder import encode_basestring
from typing import Any

import msgspec

__all__ = ["as_json", "as_text", "optional_text", "texts_in"]


# What the encoder calls for text, after it has looked at the type. For longer text the one of msgspec takes
# half the time, and writes the same.
_quoted: Callable[[str], str] = encode_basestring
_quoted_bytes = msgspec.json.Encoder().encode
_encode = json.JSONEncoder(ensure_ascii=False).encode


def as_text(value: Any) -> str:
    """The string, or an empty one."""
    return value if isinstance(value, str) else ""


def optional_text(value: Any) -> str | None:
    """The string, or None."""
    return value if isinstance(value, str) else None


def texts_in(parts: Any) -> Iterator[str]:
    """The texts in a list of parts, which may be texts themselves."""
    for part in parts if isinstance(parts, list) else []:
        match part:
            case {"text": str(text)} | str(text):
                yield text


def as_json(value: Any) -> str:
    """JSON on one line, with characters beyond ASCII unescaped."""
    if not isinstance(value, dict):
        return _encode(value)
    # Most arguments of tools are only text, which is encoded at once.
    fields = []
    try:
        for name, text in value.items():
            if type(text) is not str:
                return _encode(value)
            fields.append(f"{_quoted(name)}: {_quoted_bytes(text).decode()}")
    except UnicodeEncodeError:
        # Half a pair of surrogates.
        return _encode(value)
    return f"{{{', '.join(fields)}}}"
