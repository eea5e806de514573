"""Ages, times, sizes, and counts as text for a screen.

Strategy: pure functions of a number and, where it matters, of `now`, so that tests control the clock.  Times
are microseconds since 1970 in UTC (nanoseconds would end in 2262, and files contain later years), shown
in the local time zone of the process.  Rows do not use `naturaltime` of humanize, whose import would delay
the first of them by 32 ms.
"""

from __future__ import annotations

import datetime
import os
import time
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from agcx_format.counting import counted, size

if TYPE_CHECKING:
    from agcx_format.errors import PersistenceError

__all__ = [
    "AGE_WIDTH", "HOUR", "MINUTE", "SECOND", "age", "age_in_words", "capitalized", "cost", "counted",
    "day_of", "day_words", "days_of_many",
    "elapsed", "exact", "known_model", "local", "number", "ratio", "short_damage", "short_path",
    "short_reason", "shortened", "size", "time_of_day", "unusual_mode",
]  # fmt: skip

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

# The width of the widest age, `59 min ago`.
AGE_WIDTH = 10


def age(moment: int, now: int) -> str:
    """`now`, `5 min ago`, `2 h ago`, `yesterday`, `24 Nov`, `14 Oct 25`; never wider than AGE_WIDTH."""
    elapsed = now - moment
    if 0 <= elapsed < HOUR:
        return f"{elapsed // MINUTE} min ago" if elapsed >= MINUTE else "now"
    then, today = local(moment), local(now)
    if then is None or today is None:
        return _year_of(moment)
    days = _day_number(today) - _day_number(then)
    # At one in the morning, two hours ago does not feel like yesterday.
    if elapsed >= 0 and (days == 0 or elapsed < 6 * HOUR):
        return f"{elapsed // HOUR} h ago"
    if days == 1:
        return "yesterday"
    if then.tm_year == today.tm_year:
        return f"{then.tm_mday} {_MONTHS[then.tm_mon - 1]}"
    month = _MONTHS[then.tm_mon - 1]
    if 1970 <= then.tm_year < 2070:
        return f"{then.tm_mday} {month} {then.tm_year % 100:02}"
    # Two digits would suggest another year.
    return f"{month} {then.tm_year}"[:AGE_WIDTH]


def age_in_words(moment: int, now: int) -> str:
    """An age within a sentence: `just now` where a column has `now`."""
    words = age(moment, now)
    return "just now" if words == "now" else words


def time_of_day(moment: int) -> str:
    """The local time in a list of one day, such as `14:02`."""
    then = local(moment)
    return _year_of(moment) if then is None else f"{then.tm_hour:02}:{then.tm_min:02}"


def day_of(moment: int) -> str:
    """The local day in a form that sorts, such as `2025-10-14`; empty beyond the calendar."""
    then = local(moment)
    return "" if then is None else f"{then.tm_year:04}-{then.tm_mon:02}-{then.tm_mday:02}"


def days_of_many() -> Callable[[int], str]:
    """`day_of` for thousands of moments: the system is asked twice for each day, not for each moment."""

    @cache
    def local_days(day: int) -> tuple[int, str, str] | None:
        """The local midnight in a day, with the local days before and after; None if the clocks change."""
        start = day * DAY
        first, last = local(start), local(start + DAY - SECOND)
        if first is None or last is None or first.tm_gmtoff != last.tm_gmtoff:
            return None
        midnight = start + -first.tm_gmtoff * SECOND % DAY
        return midnight, day_of(start), day_of(start + DAY - SECOND)

    def day(moment: int) -> str:
        known = local_days(moment // DAY)
        if known is None:
            return day_of(moment)
        midnight, before, after = known
        return before if moment < midnight else after

    return day


def day_words(day: str, now: int) -> str:
    """A day of `day_of` in words: `today`, `yesterday`, `Monday 24 Nov`, `14 Oct 25`."""
    today = day_of(now)
    if not (day and today):
        return "another time"
    try:
        then = datetime.date.fromisoformat(day)
        days = (datetime.date.fromisoformat(today) - then).days
    except ValueError:
        # A year that Python's calendar does not have.
        return day
    if days in (0, 1):
        return ("today", "yesterday")[days]
    date = f"{then.day} {_MONTHS[then.month - 1]}"
    if 0 < days < 7:
        return f"{_DAYS[then.weekday()]} {date}"
    return date if day[:4] == today[:4] else f"{date} {then.year % 100:02}"


def capitalized(words: str) -> str:
    """With a capital letter first, and the rest unchanged."""
    return words[:1].upper() + words[1:]


def known_model(model: str) -> str:
    """The model; nothing where the writer did not know it."""
    return "" if model == "unknown" else model


def unusual_mode(mode: str) -> str:
    """The mode in small letters; nothing for Build, in which nearly every session is."""
    return "" if mode == "Build" else mode.lower()


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
    # A zone without a name is called by its offset; show that once.
    if zone == "UTC":
        return f"{date}, {clock} UTC"
    return f"{date}, {clock} " + (f"{zone} ({offset})" if zone[:1].isalpha() else f"({offset})")


def local(moment: int) -> time.struct_time | None:
    """The time in the local time zone; None beyond the end of the platform's calendar."""
    try:
        return time.localtime(moment // SECOND)
    except (OverflowError, OSError, ValueError):
        return None


def elapsed(span: int) -> str:
    """A duration in words, such as `3 months`; too slow for rows."""
    from datetime import timedelta

    from humanize import naturaldelta

    try:
        return naturaldelta(timedelta(microseconds=span))
    except OverflowError:
        return "ages"


def ratio(share: float | None) -> str:
    """A share of the original in at most six characters: `0.4 %`, `31 %`; `–` if unknown."""
    if share is None:
        return "–"
    percent = 100 * share
    if percent >= 999.5:
        return ">999 %"
    return f"{percent:.1f} %" if percent < 9.95 else f"{percent:.0f} %"


def number(count: int) -> str:
    """A count in at most six characters: `99,999`, then `120 k`, `1.2 M`."""
    return f"{count:,}" if count < 100_000 else size(count).removesuffix("B")


def cost(dollars: float) -> str:
    """Dollars in at most seven characters: `$0.42`, `$120`; empty if unknown."""
    if not dollars:
        return ""
    return f"${dollars:.2f}" if dollars < 999.995 else f"${number(round(dollars))}"


def short_damage(error: PersistenceError | None) -> str:
    """What is wrong with a file in a word or two where that is enough: `cut off`, `damaged`."""
    return short_reason(error).partition(" in ")[0]


def short_reason(error: PersistenceError | None) -> str:
    """Why a file cannot be read, in a few words, such as `cut off in metadata`."""
    from agcx_format import errors

    if error is None:
        return "cannot be read"
    where = f" in {error.section}" if error.section else ""
    if isinstance(error, errors.InvalidMagic):
        return "not an AGCX file"
    if isinstance(error, errors.UnsupportedVersion):
        return f"unknown format version {error.found}"
    damage = (
        errors.CorruptData,
        errors.BincodeDecodeError,
        errors.MessagePackDecodeError,
        errors.CompressionError,
    )
    if not isinstance(error, damage) or not where:
        return error.reason
    return f"{'cut off' if error.truncated else 'damaged'}{where}"


def short_path(path: str) -> str:
    """The path with `~` for the home directory."""
    home = os.path.expanduser("~")
    return "~" + path[len(home) :] if path == home or path.startswith(home + "/") else path


def shortened(text: str, length: int) -> str:
    """At most `length` characters, the last of which is `…` if the text was cut."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _day_number(day: time.struct_time) -> int:
    """The number of a day, to count days across years."""
    years = day.tm_year - 1
    return years * 365 + years // 4 - years // 100 + years // 400 + day.tm_yday


def _year_of(moment: int) -> str:
    return f"year {1970 + moment // (31_556_952 * SECOND)}"[:AGE_WIDTH]
