"""The times of a conversation: read in every form that programs write, and estimated where missing."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from agcx_format.model.timestamps import Timestamp, all_usual, is_usual, ns_of

__all__ = ["estimated", "moment_of", "moments_of"]

# A number this large or larger counts in the unit; the units cannot be confused between 1973 and 5138.
_UNITS = ((1e17, 1), (1e14, 1_000), (1e11, 1_000_000), (0, 1_000_000_000))
_LATEST = 1e20
_is_number = re.compile(r"\d{1,20}(?:\.\d{1,9})?", re.ASCII).fullmatch
_is_plain = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d{1,9})?", re.ASCII).fullmatch


def moments_of(times: list[Any]) -> Sequence[str | None]:
    """As `moment_of`, for the times of several lines."""
    if {*map(type, times)} == {str} and all_usual(times):
        return times
    return [moment_of(each) for each in times]


def moment_of(time: Any) -> Timestamp | None:
    """A time of the source: text, or seconds, milli-, micro-, or nanoseconds since 1970 as a number or in
    text; None if invalid.
    """
    if type(time) is str and is_usual(time):
        return _as_timestamp(time)
    try:
        if isinstance(time, str):
            if not _is_number(time):
                # A database writes neither the T nor the zone, which is UTC.
                return Timestamp(f"{time.replace(' ', 'T', 1)}Z" if _is_plain(time) else time)
            time = float(time) if "." in time else int(time)
        if isinstance(time, bool) or not isinstance(time, int | float):
            return None
        if not math.isfinite(time) or not 0 < time < _LATEST:
            return None
        factor = next(factor for least, factor in _UNITS if time >= least)
        return Timestamp.from_ns(round(time * factor))
    except (ValueError, OverflowError):
        return None


# Without the check, for text in the usual form.
_as_timestamp: Callable[[str], Timestamp] = partial(str.__new__, Timestamp)


def estimated(times: Iterable[str | None], start: str) -> Iterator[str]:
    """The times, each missing one spread evenly between its neighbors.

    Before the first time is `start`; after the last one no time passes.
    """
    before, missing = start, 0
    for time in times:
        if time is None:
            missing += 1
            continue
        if missing:
            yield from _between(before, time, missing)
            missing = 0
        yield time
        before = time
    yield from itertools.repeat(before, missing)


def _between(before: str, after: str, count: int) -> Iterator[str]:
    first, last = ns_of(before), ns_of(after)
    if last <= first:
        return itertools.repeat(before, count)
    step = (last - first) / (count + 1)
    return (Timestamp.from_ns(first + round(step * n)) for n in range(1, count + 1))
