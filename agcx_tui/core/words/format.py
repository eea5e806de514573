"""How ages, moments, sizes and counts read on a screen.

Strategy: pure functions of a number and, where it matters, of `now`, so that tests and pictures
hold the clock.  Moments are microseconds since 1970 in UTC (nanoseconds would end in 2262, and
files hold stranger years), shown in the local time zone of the process.  `naturaltime` of
humanize is not used for rows: importing it would delay the first of them by 32 ms.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from agcx_format.counting import counted as counted

if TYPE_CHECKING:
    from agcx_format.errors import PersistenceError

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

# The widest an age gets: `59 min ago`.
AGE_WIDTH = 10


def age(moment: int, now: int) -> str:
    """`now`, `5 min ago`, `2 h ago`, `Yest.`, `24 Nov`, `Nov 2024`; never wider than AGE_WIDTH."""
    elapsed = now - moment
    if 0 <= elapsed < HOUR:
        return f"{elapsed // MINUTE} min ago" if elapsed >= MINUTE else "now"
    then, today = local(moment), local(now)
    if then is None or today is None:
        return _year_of(moment)
    days = _day_number(today) - _day_number(then)
    # What was said two hours ago was not said yesterday, even when it is one in the morning.
    if elapsed >= 0 and (days == 0 or elapsed < 6 * HOUR):
        return f"{elapsed // HOUR} h ago"
    if days == 1:
        return "Yest."
    if then.tm_year == today.tm_year:
        return f"{then.tm_mday} {_MONTHS[then.tm_mon - 1]}"
    return f"{_MONTHS[then.tm_mon - 1]} {then.tm_year}"[:AGE_WIDTH]


def exact(moment: int) -> str:
    """`25 Aug 2026, 14:02:11 CEST (+02:00)`: the local time and its zone."""
    then = local(moment)
    if then is None:
        return _year_of(moment)
    date = f"{then.tm_mday} {_MONTHS[then.tm_mon - 1]} {then.tm_year}"
    clock = f"{then.tm_hour:02}:{then.tm_min:02}:{then.tm_sec:02}"
    minutes = then.tm_gmtoff // 60
    offset = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    zone = then.tm_zone
    # A zone without a name of its own is called by its offset: say that once.
    if zone == "UTC":
        return f"{date}, {clock} UTC"
    return f"{date}, {clock} " + (f"{zone} ({offset})" if zone[:1].isalpha() else f"({offset})")


def local(moment: int) -> time.struct_time | None:
    """The moment in the local time zone; None where the platform's calendar ends."""
    try:
        return time.localtime(moment // SECOND)
    except (OverflowError, OSError, ValueError):
        return None


def elapsed(span: int) -> str:
    """A span in words, `3 months`; for dialogs, not for rows."""
    from datetime import timedelta

    from humanize import naturaldelta

    try:
        return naturaldelta(timedelta(microseconds=span))
    except OverflowError:
        return "ages"


def size(count: int) -> str:
    """Bytes in decimal units with two or three digits: `0 B`, `38 kB`, `1.2 MB`."""
    if count < 1000:
        return f"{count} B"
    amount = float(count)
    for unit in ("kB", "MB", "GB", "TB", "PB", "EB"):
        amount /= 1000
        # 999.5 would be rounded up to four digits.
        if amount < 999.5 or unit == "EB":
            break
    return f"{amount:.1f} {unit}" if amount < 9.95 else f"{amount:.0f} {unit}"


def ratio(share: float | None) -> str:
    """A share of the original in at most six characters: `0.4 %`, `31 %`; `–` where it is not known."""
    if share is None:
        return "–"
    percent = 100 * share
    if percent >= 999.5:
        return ">999 %"
    return f"{percent:.1f} %" if percent < 9.95 else f"{percent:.0f} %"


def number(count: int) -> str:
    """A count in at most six characters: `99,999`, then `120 k`, `1.2 M`."""
    return f"{count:,}" if count < 100_000 else size(count).removesuffix("B")


def short_reason(error: PersistenceError | None) -> str:
    """Why a file cannot be read, in a few words for a row: `cut off in metadata`."""
    from agcx_format import errors

    if error is None:
        return "cannot be read"
    where = f" in {error.section}" if error.section else ""
    if isinstance(error, errors.InvalidMagic):
        return "not an AGCX file"
    if isinstance(error, errors.UnsupportedVersion):
        return f"format version {error.found}, not known"
    damage = (
        errors.CorruptData,
        errors.BincodeDecodeError,
        errors.MessagePackDecodeError,
        errors.CompressionError,
    )
    if not isinstance(error, damage) or not where:
        return error.reason
    cut = any(word in error.reason for word in ("left", "ends", "too few"))
    return f"{'cut off' if cut else 'damaged'}{where}"


def short_path(path: str) -> str:
    """`~` for the home directory, as a person would write it."""
    home = os.path.expanduser("~")
    return "~" + path[len(home) :] if path == home or path.startswith(home + "/") else path


def shortened(text: str, length: int) -> str:
    """At most so many characters, the last of which says that there are more."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _day_number(day: time.struct_time) -> int:
    """Days on a common scale, so that a difference is right over New Year."""
    years = day.tm_year - 1
    return years * 365 + years // 4 - years // 100 + years // 400 + day.tm_yday


def _year_of(moment: int) -> str:
    return f"year {1970 + moment // (31_556_952 * SECOND)}"[:AGE_WIDTH]
