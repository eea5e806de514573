"""Ours against a floor, so that the comparison holds when the machine's speed drifts.

Strategy: the two take turns, and which goes first changes from pair to pair.  Each pair gives
one ratio, and the median of these is the result: what slows the machine for a second slows both
sides of a pair.  The numbers of each side alone are kept too, as medians.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

# Runs once and gives what it measured, in seconds or bytes.
Probe = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Samples:
    """What one side measured, in the order of the runs."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def p95(self) -> float:
        """The value that 95 of 100 do not exceed."""
        ordered = sorted(self.values)
        return ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]


@dataclass(frozen=True, slots=True)
class Outcome:
    """`unit` is "s" or "B"; `ratios` is ours / floor of each pair; `note` tells the real sizes."""

    unit: str
    ours: Samples
    floor: Samples
    ratios: tuple[float, ...]
    note: str = ""

    @property
    def ratio(self) -> float:
        return statistics.median(self.ratios)


def against(ours: Probe, floor: Probe, *, pairs: int, unit: str = "s", note: str = "") -> Outcome:
    """Run both once unmeasured, then in `pairs` pairs."""
    ours()
    floor()
    found: tuple[list[float], list[float]] = ([], [])
    for number in range(pairs):
        for side in (0, 1) if number % 2 == 0 else (1, 0):
            found[side].append((ours, floor)[side]())
    return outcome(*found, unit=unit, note=note)


def outcome(
    ours: Sequence[float], floor: Sequence[float], *, unit: str = "s", note: str = ""
) -> Outcome:
    """From the values of pairs that ran side by side."""
    ratios = tuple(mine / its for mine, its in zip(ours, floor, strict=True))
    return Outcome(unit, Samples(tuple(ours)), Samples(tuple(floor)), ratios, note)


def rated(found: Outcome, size: int) -> Outcome:
    """With the rate of ours in its note, where each run went through `size` bytes."""
    rate = f"{size / 1e6:,.1f} MB, {size / 1e6 / found.ours.median:,.1f} MB/s"
    return replace(found, note=f"{found.note}, {rate}" if found.note else rate)


def clock(action: Callable[[], Any], then: Callable[[], Any] = lambda: None) -> Probe:
    """The seconds that `action` takes; `then` sets things back and is not counted.

    Nor is the freeing of what the action gives.
    """

    def probe() -> float:
        gc.collect()
        start = time.perf_counter()
        result = action()
        took = time.perf_counter() - start
        del result
        then()
        return took

    return probe
