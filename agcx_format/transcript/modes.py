"""The modes of a session in their order, with the messages and the time in each."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise

import msgspec

from agcx_format.model.session import OperatingMode
from agcx_format.model.timestamps import ns_of

__all__ = [
    "ModeChange", "ModeChanges", "ModePeriod", "ModeReader", "changes_between", "mode_changes",
    "modes_from", "modes_until",
]  # fmt: skip

_SECOND = 10**9

# As a conversation's `mode_history`.
ModeChanges = Sequence[tuple[OperatingMode, str]]


class ModePeriod(msgspec.Struct, frozen=True):
    """A stretch of a session in one mode.

    Fields:
        number: the first message in it, from 1; None if it has no messages.
        since: when it began.
        until: when the next one began; None for the last.
        seconds: how long it took, the last one until the last message.
        active_seconds: without breaks.
    """

    mode: OperatingMode
    number: int | None
    since: str
    until: str | None
    seconds: float
    active_seconds: float


class ModeChange(msgspec.Struct, frozen=True):
    """The moment at which a session went from one mode to another.

    Fields:
        before: the mode until then.
        after: the mode from then on.
        since: the moment.
        ns: the same in nanoseconds since 1970.
    """

    before: OperatingMode
    after: OperatingMode
    since: str
    ns: int

    def describe(self, when: str) -> str:
        """`plan → build, 14:02`, if that is `when` it was."""
        return f"{self.before.value.lower()} → {self.after.value.lower()}, {when}"


def mode_changes(history: ModeChanges) -> tuple[ModeChange, ...]:
    """Where the mode changed, the first change first."""
    return tuple(
        ModeChange(before, after, since, ns_of(since))
        for (before, _), (after, since) in pairwise(history)
        if before is not after
    )


def changes_between(
    changes: Sequence[ModeChange], previous: str | None, moment: str
) -> tuple[ModeChange, ...]:
    """The changes between a message and the `previous` one, by when both were written."""
    end = ns_of(moment)
    start = None if previous is None else ns_of(previous)
    return tuple(each for each in changes if each.ns <= end and (start is None or start < each.ns))


class ModeReader:
    """Says which mode each message was written in, and adds up the time in each.

    A history of one entry says nothing that the metadata do not: it has no periods.
    """

    def __init__(self, history: ModeChanges) -> None:
        # A program may write down a mode that was on already.
        changes = [
            each for at, each in enumerate(history) if not at or each[0] is not history[at - 1][0]
        ]
        self._history = changes if len(changes) > 1 else []
        self._starts = [ns_of(since) for _, since in self._history]
        self._numbers: list[int | None] = [None] * len(self._history)
        self._active_ns = [0] * len(self._history)

    def add(self, number: int, ns: int, active_ns: int = 0) -> None:
        """The next message, written at `ns` since 1970, `active_ns` after the one before."""
        if not self._history:
            return
        at = max(0, bisect_right(self._starts, ns) - 1)
        self._active_ns[at] += active_ns
        if self._numbers[at] is None:
            self._numbers[at] = number

    def periods(self, last_ns: int) -> Iterator[ModePeriod]:
        """All of them, if the last message was written at `last_ns`."""
        ends = [*self._starts[1:], last_ns]
        untils = [*(since for _, since in self._history[1:]), None]
        for at, (mode, since) in enumerate(self._history):
            yield ModePeriod(
                mode,
                self._numbers[at],
                since,
                untils[at],
                max(0, ends[at] - self._starts[at]) / _SECOND,
                self._active_ns[at] / _SECOND,
            )


def modes_until(history: ModeChanges, moment: str) -> list[tuple[OperatingMode, str]]:
    """The modes of a conversation that ends at `moment`: at least the first."""
    end = ns_of(moment)
    return [each for at, each in enumerate(history) if not at or ns_of(each[1]) <= end]


def modes_from(history: ModeChanges, moment: str) -> list[tuple[OperatingMode, str]]:
    """The modes of a conversation that begins at `moment`: the one it was in, and those after it."""
    start = ns_of(moment)
    before = sum(ns_of(since) <= start for _, since in history)
    if not before:
        return list(history)
    return [(history[before - 1][0], moment), *history[before:]]
