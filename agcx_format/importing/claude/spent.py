"""What the answers in a Claude Code transcript took: tokens, and what they cost."""

from __future__ import annotations

from agcx_format.importing.claude.spoken import Usage
from agcx_format.variables import COST_USD, TOKENS_CACHED, TOKENS_INPUT, TOKENS_OUTPUT

__all__ = ["Spent"]

_LARGEST_COST = 1e12
_Counts = tuple[int, int, int]
_NOTHING: _Counts = (0, 0, 0)
# The lines of an answer are not further apart than so many answers.
_RECENT = 4096


class Spent:
    """The tokens of the answers; an answer on several lines has the same count on each."""

    def __init__(self) -> None:
        # What the model read, how much of it from a cache, and what it wrote.
        self._sums: _Counts | None = None
        # The counts of the answers that more lines may follow of.
        self._recent: dict[str, _Counts] = {}
        self._cost = 0.0

    def add(self, answer: str, usage: Usage | None, cost: float | None) -> None:
        if usage is not None:
            cached = usage.cache_read_input_tokens or 0
            read = cached + (usage.input_tokens or 0) + (usage.cache_creation_input_tokens or 0)
            self._add(answer, (read, cached, usage.output_tokens))
        if cost is not None and 0 <= cost < _LARGEST_COST:
            self._cost += cost

    def _add(self, answer: str, counts: _Counts) -> None:
        """Count an answer; one that was counted before has other counts now."""
        recent, old = self._recent, _NOTHING
        if answer:
            old = recent.pop(answer, _NOTHING)
            recent[answer] = counts
            if len(recent) > _RECENT:
                del recent[next(iter(recent))]
        sums = self._sums or _NOTHING
        read, cached, wrote = counts
        self._sums = sums[0] + read - old[0], sums[1] + cached - old[1], sums[2] + wrote - old[2]

    def totals(self) -> dict[str, str]:
        """What goes into the environment."""
        names = (TOKENS_INPUT, TOKENS_CACHED, TOKENS_OUTPUT)
        totals = dict(zip(names, map(str, self._sums), strict=True)) if self._sums else {}
        return totals | ({COST_USD: f"{self._cost:.6g}"} if self._cost else {})
