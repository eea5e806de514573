"""Decodes the JSON in a text, such as the arguments of a call, and writes values for people.

Both are bounded: whoever wrote a file could have put anything there, and arguments of a call are read
whenever it is drawn.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec

__all__ = ["decoded_json", "indented_json", "without_surrogates"]

# Larger text is not taken apart: that would take noticeable time on every redraw, and 25 times its size.
_LARGEST = 16 * 1024 * 1024
# Indented JSON may have so many characters, and so many times those of the compact form. Of deeply nested
# values, each line would be thousands of spaces.
_INDENTED, _TIMES = 64 * 1024, 8


def decoded_json(text: str) -> Any:
    """The value. Unpaired surrogates in it are U+FFFD.

    Raises:
        ValueError: it is not JSON, is nested too deeply, or is too large to be taken apart.
    """
    if len(text) > _LARGEST:
        raise ValueError(f"JSON of more than {_LARGEST:,} characters")
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        pass
    # Half a surrogate pair and NaN are errors for msgspec alone, which takes a fifth of the time.
    try:
        return without_surrogates(json.loads(text))
    except RecursionError:
        raise ValueError("JSON that is nested too deeply") from None


def indented_json(value: Any, default: Callable[[Any], Any] | None = None) -> str:
    """The value as indented JSON, or on one line if the indentation would take up most of it.

    `default` makes a JSON value of any other.
    """
    compact = json.dumps(value, ensure_ascii=False, default=default)
    left = _INDENTED + _TIMES * len(compact)
    parts = []
    for part in json.JSONEncoder(indent=2, ensure_ascii=False, default=default).iterencode(value):
        left -= len(part)
        if left < 0:
            return compact
        parts.append(part)
    return "".join(parts)


def without_surrogates(value: Any) -> Any:
    """The value with each unpaired surrogate replaced by U+FFFD: JSON can hold one, a file cannot.

    Lists and dicts are searched to any depth.

    Raises:
        RecursionError: the value is nested too deeply.
    """
    if isinstance(value, str):
        if value.isascii():
            return value
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [without_surrogates(each) for each in value]
    if isinstance(value, dict):
        return {without_surrogates(k): without_surrogates(v) for k, v in value.items()}
    return value
