"""The times of a conversation: read in every form that programs write, and estimated where there is none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

from agcx_format.model.timestamps import Timestamp, is_usual, ns_of

__all__ = ["estimated", "moment_of"]

# A number this large or larger counts in the unit; the units cannot be confused between 1973 and 5138.
_UNITS = ((1e17, 1), (1e14, 1_000), (1e11, 1_000_000), (0, 1_000_000_000))
_LATEST = 1e20


def moment_of(time: Any) -> Timestamp | None:
    """A time of the source: text, or seconds, milli-, micro-, or nanoseconds since 1970; None if invalid."""
    try:
        if isinstance(time, str):
            return _as_timestamp(time) if is_usual(time) else Timestamp(time)
        if isinstance(time, bool) or not isinstance(time, int | float):
            return None
        if not math.isfinite(time) or not 0 < time < _LATEST:
            return None
        factor = next(factor for least, factor in _UNITS if time >= least)
        return Timestamp.from_ns(round(time * factor))
    except (ValueError, OverflowError):
        return None


# Without the check, for text in the usual form.
_as_timestamp = partial(str.__new__, Timestamp)


def estimated(times: Sequence[str | None], start: str) -> list[str]:
    """The times, each missing one spread evenly between its neighbors.

    Before the first time is `start`; after the last one no time passes.
    """
    found: list[str] = [time for time in times if time is not None]
    if len(found) == len(times):
        return found
    found = []
    for index, time in enumerate(times):
        if len(found) > index:
            continue
        if time is not None:
            found.append(time)
            continue
        after = next((i for i in range(index, len(times)) if times[i] is not None), len(times))
        found += _between(found[-1] if found else start, times[after : after + 1], after - index)
    return found


def _between(before: str, after: Sequence[str | None], count: int) -> list[str]:
    first = ns_of(before)
    last = ns_of(after[0]) if after and after[0] is not None else first
    if last <= first:
        return [before] * count
    step = (last - first) / (count + 1)
    return [Timestamp.from_ns(first + round(step * n)) for n in range(1, count + 1)]
