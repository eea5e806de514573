"""Timestamps as AGCX files hold them: RFC 3339 text in UTC, to the nanosecond.

Strategy: the text is the value.  A field holds a plain `str` that was checked and is in the one form that
chrono writes (`Z`, and 0, 3, 6, or 9 digits of the fraction), so nothing is lost between reading and
writing, and numbers are computed only on demand.  `datetime` would cut nanoseconds to microseconds, and has
no leap seconds and no years outside 1…9999, all of which the Rust code writes.

One regular expression recognizes the usual form in 0.3 µs, inside msgspec where possible.  Other
timestamps, such as those of unusual years, take the slower way through `_parse`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Self, TypeVar

__all__ = [
    "USUAL", "Timestamp", "all_usual", "is_usual", "newest_first", "normal", "ns_of", "to_datetime",
]  # fmt: skip

_NS = 1_000_000_000
_DAY = 86_400

# The form that Rust writes for years 0…9999.  It shortens a fraction that ends in three zeros.
_USUAL = (
    r"(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    r"|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
    r"|(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29)"
    r"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{3}(?:[0-9]{3}){0,2}(?<!000))?Z"
)
USUAL = rf"^{_USUAL}\Z"
is_usual = re.compile(USUAL).match
# These two are compiled when they are first needed, which most programs never do.
_UNUSUAL_LINE = rf"\n(?!{_USUAL}\n|\Z)"

# What chrono's `DateTime::<Utc>::from_str` accepts, which is more than RFC 3339.
_PARTS = (
    r"\s*([+-]\d{1,6}|\d{1,4})\s*-\s*(\d{1,2})\s*-\s*(\d{1,2})\s*[Tt ]"
    r"\s*(\d{1,2})\s*:\s*(\d{1,2})\s*:\s*(\d{1,2})(?:\.(\d+))?\s*"
    r"(?:([Zz]|UTC|utc)|([+-])(\d{2}):?(\d{2}))\s*"
)

# chrono's NaiveDate::MIN and MAX
_MIN_YEAR, _MAX_YEAR = -262_143, 262_142

# Fewer texts than these are looked at one by one in less time than together.
_FEW = 20

_T = TypeVar("_T")


def all_usual(texts: list[str]) -> bool:
    """Whether all are in the usual form; a single search is faster than many calls."""
    if len(texts) < _FEW:
        return all(map(is_usual, texts))
    if _are_alike(texts):
        return True
    lines = "\n".join(["", *texts, ""])
    # A text with a line break would make one line more than there are texts.
    return lines.count("\n") == len(texts) + 1 and re.search(_UNUSUAL_LINE, lines) is None


def _are_alike(texts: list[str]) -> bool:
    """Whether all are in the usual form, within one hour, and equally precise.

    Most that a program writes one after the other are. That takes a fraction of the time of a search.
    """
    first, count = texts[0], len(texts)
    together = "\n".join([*texts, ""])
    if is_usual(first) is None or not together.isascii():
        return False
    size = len(first) + 1
    shape = f"{first}\n".encode().translate(_AS_ZERO)
    tens_of_minutes, tens_of_seconds = together[14::size], together[17::size]
    return (
        together.encode().translate(_AS_ZERO) == shape * count
        and together.count(first[:_HOUR]) == count
        and not (tens_of_minutes + tens_of_seconds).strip("012345")
        # A fraction that ends in three zeros is shortened.
        and "000Z" not in together
    )


# Each digit as a zero.
_AS_ZERO = bytes.maketrans(b"123456789", b"000000000")
# The characters up to the minutes.
_HOUR = len("2025-01-01T00:")


def normal(text: str) -> str:
    """The timestamp as Rust would write it after reading it.

    Raises:
        ValueError: the text is not a timestamp.
    """
    return text if is_usual(text) else _format(*_parse(text))


def ns_of(text: str) -> int:
    """Nanoseconds since 1970-01-01T00:00:00Z; a leap second counts like the second after it.

    Raises:
        ValueError: the text is not a timestamp.
    """
    if is_usual(text):
        day, fraction = _day_of(text[:10]), text[20:-1]
        seconds = day * _DAY + int(text[11:13]) * 3600 + int(text[14:16]) * 60 + int(text[17:19])
        return seconds * _NS + (int(f"{fraction:0<9}") if fraction else 0)
    seconds, nanos = _parse(text)
    return seconds * _NS + nanos


@lru_cache(maxsize=1024)
def _day_of(date: str) -> int:
    """Days since 1970-01-01 of a date as in a usual timestamp: most of a store are of a few."""
    return _days_from_civil(int(date[:4]), int(date[5:7]), int(date[8:]))


def to_datetime(text: str) -> datetime:
    """An aware `datetime` in UTC, cut to microseconds.

    Raises:
        ValueError: the text is not a timestamp.
        OverflowError: the year is not within 1…9999.
    """
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=ns_of(text) // 1000)


class Timestamp(str):
    """A moment in UTC as its RFC 3339 text; mirrors `chrono::DateTime<Utc>`.

    Normalizes what Rust would normalize: another offset, needless digits of the fraction.  Ordered by the
    moment, which the text alone is not: `.5Z` sorts before `Z`, and years may have more than four digits.

    >>> Timestamp("2025-08-01T14:30:00+02:00")
    '2025-08-01T12:30:00Z'
    >>> Timestamp("2025-08-01T12:30:00Z") < Timestamp("2025-08-01T12:30:00.5Z")
    True
    >>> Timestamp("2025-08-01T12:30:00Z").ns
    1754051400000000000

    Raises:
        TypeError: it is not a text.
        ValueError: the text is not a timestamp.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        try:
            return str.__new__(cls, normal(text))
        except TypeError:
            reason = f"a timestamp is a text (see Timestamp.from_datetime), not {text!r:.80}"
            raise TypeError(reason) from None

    @classmethod
    def usual(cls, text: str) -> Self | None:
        """A timestamp in the usual form; None for any other text, even if it is a timestamp."""
        return str.__new__(cls, text) if is_usual(text) else None

    @property
    def ns(self) -> int:
        """Nanoseconds since 1970-01-01T00:00:00Z, as `ns_of` gives them."""
        return ns_of(self)

    # A leap second comes before the second that follows it, though both have the same `ns`.

    def __lt__(self, other: str) -> bool:
        return _parse(self) < _parse(other)

    def __le__(self, other: str) -> bool:
        return _parse(self) <= _parse(other)

    def __gt__(self, other: str) -> bool:
        return _parse(self) > _parse(other)

    def __ge__(self, other: str) -> bool:
        return _parse(self) >= _parse(other)

    @classmethod
    def from_ns(cls, ns: int) -> Self:
        """From nanoseconds since 1970-01-01T00:00:00Z; negative before.

        Raises:
            TypeError: it is not a whole number: seconds, perhaps.
        """
        if not isinstance(ns, int):
            raise TypeError(f"nanoseconds are a whole number, not {ns!r:.80}")
        return str.__new__(cls, _format(*divmod(ns, _NS)))

    @classmethod
    def from_datetime(cls, moment: datetime) -> Self:
        """From an aware `datetime`.

        Raises:
            TypeError: it is no `datetime`.
            ValueError: it has no time zone.
        """
        if not isinstance(moment, datetime):
            raise TypeError(f"expected a datetime, got {moment!r:.80}")
        if moment.tzinfo is None:
            raise ValueError("a datetime without a time zone is ambiguous")
        since = moment - datetime(1970, 1, 1, tzinfo=UTC)
        return cls.from_ns((since.days * _DAY + since.seconds) * _NS + since.microseconds * 1000)

    @classmethod
    def now(cls) -> Self:
        """The time of the system's clock."""
        return cls.from_ns(time.time_ns())

    # Last, since its name hides that of its type.
    @property
    def datetime(self) -> datetime:
        """An aware `datetime` in UTC, as `to_datetime` gives it."""
        return to_datetime(self)


def newest_first(items: Iterable[_T], key: Callable[[_T], str]) -> list[_T]:
    """Sort by a timestamp, newest first; items with the same time keep their order.

    Without the `Z`, the texts of years 0…9999 sort like the moments, so they need not be parsed; if the
    list has any other year, all are compared as numbers.
    """
    items = list(items)
    if all(key(item)[0] not in "+-" for item in items):
        return sorted(items, key=lambda item: key(item)[:-1], reverse=True)
    return sorted(items, key=lambda item: ns_of(key(item)), reverse=True)


def _parse(text: str) -> tuple[int, int]:
    """Seconds since 1970, and nanoseconds, which are 1e9 or more in a leap second, as in chrono."""
    match = re.fullmatch(_PARTS, text, re.ASCII)
    if match is None:
        raise ValueError(f"not a timestamp: {text[:64]!r}")
    year, month, day, hour, minute, second = map(int, match.group(1, 2, 3, 4, 5, 6))
    fraction, zulu, sign, off_hours, off_minutes = match.group(7, 8, 9, 10, 11)
    offset = 0
    if not zulu:
        if int(off_hours) > 23 or int(off_minutes) > 59:
            raise ValueError(f"no such offset: {text!r}")
        offset = (int(off_hours) * 60 + int(off_minutes)) * (-60 if sign == "-" else 60)
    if (
        not _MIN_YEAR <= year <= _MAX_YEAR
        or not 1 <= month <= 12
        or not 1 <= day <= _days_in_month(year, month)
        or hour > 23
        or minute > 59
        or second > 60
    ):
        raise ValueError(f"no such moment: {text!r}")
    nanos = int(f"{fraction[:9]:0<9}") if fraction else 0
    if second == 60:
        second, nanos = 59, nanos + _NS
    return (
        _days_from_civil(year, month, day) * _DAY + hour * 3600 + minute * 60 + second - offset,
        nanos,
    )


def _format(seconds: int, nanos: int) -> str:
    """The text that chrono's serializer writes for this moment."""
    days, of_day = divmod(seconds, _DAY)
    year, month, day = _civil_from_days(days)
    hour, rest = divmod(of_day, 3600)
    minute, second = divmod(rest, 60)
    if nanos >= _NS:
        second, nanos = second + 1, nanos - _NS
    if nanos == 0:
        fraction = ""
    elif nanos % 1_000_000 == 0:
        fraction = f".{nanos // 1_000_000:03}"
    elif nanos % 1_000 == 0:
        fraction = f".{nanos // 1_000:06}"
    else:
        fraction = f".{nanos:09}"
    shown_year = f"{year:04}" if 0 <= year <= 9999 else f"{year:+05}"
    return f"{shown_year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z"


def _days_in_month(year: int, month: int) -> int:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


# Days since 1970 for any year of the proleptic Gregorian calendar.  Years begin in March here, so that
# a leap day is the last day of its year; 400 years have 146,097 days.


def _days_from_civil(year: int, month: int, day: int) -> int:
    year -= month <= 2
    era, of_era = divmod(year, 400)
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


def _civil_from_days(days: int) -> tuple[int, int, int]:
    era, of_era = divmod(days + 719_468, 146_097)
    year = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    shifted = (5 * of_year + 2) // 153
    month = shifted + 3 if shifted < 10 else shifted - 9
    return year + era * 400 + (month <= 2), month, of_year - (153 * shifted + 2) // 5 + 1
