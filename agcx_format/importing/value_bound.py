"""Refuses JSON of so many values that they would not fit in memory: an empty object is three bytes of text,
and takes fifty times as much when it is read.

Strategy: each value of a list or an object follows a comma or an opening bracket. Counting these bytes takes
much less time than parsing; only text that has very many, such as a large file in one string, is gone through
to count those outside strings.
"""

from __future__ import annotations

import re
from itertools import islice

from agcx_format import limits

__all__ = ["TOO_MANY_VALUES", "has_too_many_values"]

# What is wrong with such a text.
TOO_MANY_VALUES = f"more than {limits.JSON_VALUES:,} JSON values, too many for memory"

# Up to the next sign outside strings, or the end: so it never fails, and is never tried at each byte. After a
# backslash comes any byte.
_next_sign = re.compile(
    rb'(?>(?:[^",\[{]++|"(?>(?:[^"\\]++|\\.)*+)(?:"|\\?\Z))*+)(?:([,\[{])|\Z)', re.DOTALL
).finditer


def has_too_many_values(text: bytes | str) -> bool:
    """Whether JSON has more values than are read at once."""
    if len(text) <= limits.JSON_VALUES:
        return False
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if sum(map(data.count, (b",", b"[", b"{"))) <= limits.JSON_VALUES:
        return False
    signs = (found for found in _next_sign(data) if found[1])
    return next(islice(signs, limits.JSON_VALUES, None), None) is not None
