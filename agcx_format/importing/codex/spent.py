"""The tokens of a Codex session, from the counts that the program wrote now and then.

Strategy: a count is of all since the program was started, so the last one says it all, unless the session was
resumed: then some versions begin again at zero. A count that is less than the one before it, or no more than
its last answer took, is the first of another run, whose tokens are added to those of the runs before. The
file of a fork begins with the counts of its origin, which are not its own.
"""

from __future__ import annotations

from typing import Any

from agcx_format.importing.codex.usual import TokenCount, Tokens
from agcx_format.importing.draft import ImportDraft
from agcx_format.importing.environment import count_of
from agcx_format.variables import TOKENS_CACHED, TOKENS_INPUT, TOKENS_OUTPUT

__all__ = ["Spent"]

_NAMES = (TOKENS_INPUT, TOKENS_CACHED, TOKENS_OUTPUT)
_FIELDS = ("input_tokens", "cached_input_tokens", "output_tokens")
_Counts = tuple[int, int, int]
_NOTHING: _Counts = (0, 0, 0)


class Spent:
    """What a session took until now; that of a fork is noted with the number of messages at each count.

    Fields:
        in_context: the tokens of the context at the last count.
    """

    def __init__(self, draft: ImportDraft, *, is_fork: bool = False) -> None:
        self.in_context = 0
        self._draft, self._is_fork = draft, is_fork
        # Of the runs before, and of this one.
        self._before: _Counts = _NOTHING
        self._run: _Counts | None = None
        self._noted: list[tuple[int, _Counts]] = []

    def usual(self, count: TokenCount) -> None:
        """Use a count whose fields are all of the usual types."""
        if (info := count.info) is None:
            return
        total, last = info.total_token_usage, info.last_token_usage
        if total is not None:
            self._count(_counts(total), None if last is None else _counts(last))
        if last is not None and last.total_tokens is not None:
            self.in_context = last.total_tokens

    def fields(self, info: Any) -> None:
        """The same for any other."""
        if not isinstance(info, dict):
            return
        total, last = info.get("total_token_usage"), info.get("last_token_usage")
        if isinstance(total, dict):
            self._count(_counts_in(total), _counts_in(last) if isinstance(last, dict) else None)
        if isinstance(last, dict) and isinstance(tokens := last.get("total_tokens"), int):
            self.in_context = tokens

    def _count(self, total: _Counts, last: _Counts | None) -> None:
        run = self._run
        if run is not None and (total[0] < run[0] or run != total == last):
            self._before = _sum(self._before, run)
        self._run = total
        if self._is_fork:
            if not self._noted and last is not None:
                # What was counted before the first answer here.
                self._noted.append((-1, _without(total, last)))
            self._noted.append((len(self._draft.entries), _sum(self._before, total)))

    def totals(self, own_from: int = 0) -> dict[str, str]:
        """What goes into the environment; in a fork, of the messages from this position on."""
        if self._run is None:
            return {}
        spent = _sum(self._before, self._run)
        inherited = [counts for position, counts in self._noted if position <= own_from]
        if inherited:
            spent = _without(spent, inherited[-1])
        return dict(zip(_NAMES, map(str, spent), strict=True))


def _counts(tokens: Tokens) -> _Counts:
    return tokens.input_tokens, tokens.cached_input_tokens, tokens.output_tokens


def _counts_in(tokens: dict[str, Any]) -> _Counts:
    read, cached, wrote = (count_of(tokens.get(name)) for name in _FIELDS)
    return read, cached, wrote


def _sum(a: _Counts, b: _Counts) -> _Counts:
    return a[0] + b[0], a[1] + b[1], a[2] + b[2]


def _without(a: _Counts, b: _Counts) -> _Counts:
    return max(0, a[0] - b[0]), max(0, a[1] - b[1]), max(0, a[2] - b[2])
