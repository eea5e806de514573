"""Ages, sizes, and shares as a person types them: `90d`, `2024-11`, `10MB`, `20%`.

Strategy: parsed by the filter language (`core/sessions/query.py`), so that they mean the same everywhere.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agcx_tui.core.sessions.query import parse

if TYPE_CHECKING:
    from agcx_format import Timestamp
    from agcx_format.space import Amount

__all__ = ["BadValue", "amount_of", "bytes_of", "moment_before"]

_UNITS = "B, kB, MB, GB, TB"
_PERCENT = r"(\d{1,3}(?:\.\d{1,6})?)\s*%"


class BadValue(ValueError):
    """The value cannot be understood; the message says what is expected."""


def moment_before(text: str | None, now: int) -> Timestamp | None:
    """The time that is `90d` before `now` (microseconds since 1970), or a date; None for no text.

    Raises:
        BadValue: It is neither an age nor a date.
    """
    from agcx_format import Timestamp

    value = _value("before", text, now)
    return None if value is None else Timestamp.from_ns(value * 1000)


def bytes_of(text: str | None) -> int | None:
    """The number of bytes of a size such as `10MB`; None for no text.

    Raises:
        BadValue: It is not a size, or has no unit: `30` hardly means 30 bytes.
    """
    found = _value("larger", text, 0)
    if text and found is not None and text.strip()[-1].isdigit():
        raise BadValue(f"{text.strip()} needs a unit, as in {text.strip()}MB; units are {_UNITS}")
    return found


def amount_of(text: str | None) -> Amount | None:
    """The number of bytes of `10MB`, or the share that `20%` is of all; None for no text.

    Raises:
        BadValue: It is neither.
    """
    from agcx_format.space import Share

    typed = (text or "").strip()
    if not (percent := re.fullmatch(_PERCENT, typed)):
        try:
            return bytes_of(text)
        except BadValue as error:
            raise BadValue(f"{error}; or a share such as 20%") from None
    if float(percent[1]) > 100:
        raise BadValue(f"{typed} is more than all")
    return Share(float(percent[1]))


def _value(key: str, text: str | None, now: int) -> int | None:
    if text is None or not text.strip():
        return None
    query = parse(f'{key}:"{text.strip()}"', now)
    if query.errors or len(query.terms) != 1:
        reason = query.errors[0].partition(": ")[2] if query.errors else text
        raise BadValue(f"{text.strip()!r} is not {reason}")
    value = query.terms[0].value
    assert isinstance(value, int)
    return value
