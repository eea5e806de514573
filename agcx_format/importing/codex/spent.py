"""The tokens of a Codex session, from the counts that the program wrote now and then.

Strategy: a count is of all since the program was started, so the last one says it all, unless the session was
resumed: then some versions begin again at zero. A count that is less than the one before it is the first of
another run, whose tokens are added to those of the runs before.
"""

from __future__ import annotations

from typing import Any

from agcx_format.importing.codex.usual import TokenCount
from agcx_format.importing.environment import count_of
from agcx_format.variables import TOKENS_CACHED, TOKENS_INPUT, TOKENS_OUTPUT

__all__ = ["Spent"]

_TOKENS = {
    TOKENS_INPUT: "input_tokens", TOKENS_CACHED: "cached_input_tokens", TOKENS_OUTPUT: "output_tokens",
}  # fmt: skip
_Counts = tuple[int, int, int]


class Spent:
    """What a session took until now.

    With `resumes`, earlier runs count; the file of a fork begins with counts of another session.

    Fields:
        in_context: the tokens of the context at the last count.
    """

    def __init__(self, *, resumes: bool = True) -> None:
        self.in_context = 0
        self._resumes = resumes
        # Of the runs before, and of this one.
        self._before: _Counts = (0, 0, 0)
        self._run: _Counts | None = None

    def usual(self, count: TokenCount) -> None:
        """Use a count whose fields are all of the usual types."""
        if (info := count.info) is None:
            return
        if (total := info.total_token_usage) is not None:
            self._count((total.input_tokens, total.cached_input_tokens, total.output_tokens))
        if (last := info.last_token_usage) is not None and last.total_tokens is not None:
            self.in_context = last.total_tokens

    def fields(self, info: Any) -> None:
        """The same for any other."""
        if not isinstance(info, dict):
            return
        if isinstance(total := info.get("total_token_usage"), dict):
            read, cached, wrote = (total.get(name) for name in _TOKENS.values())
            self._count((read, cached, wrote))
        last = info.get("last_token_usage")
        if isinstance(last, dict) and isinstance(tokens := last.get("total_tokens"), int):
            self.in_context = tokens

    def _count(self, given: tuple[Any, Any, Any]) -> None:
        read, cached, wrote = map(count_of, given)
        if self._resumes and self._run is not None and read < self._run[0]:
            self._before = _sum(self._before, self._run)
        self._run = read, cached, wrote

    def totals(self) -> dict[str, str]:
        """What goes into the environment."""
        if self._run is None:
            return {}
        return dict(zip(_TOKENS, map(str, _sum(self._before, self._run)), strict=True))


def _sum(a: _Counts, b: _Counts) -> _Counts:
    return a[0] + b[0], a[1] + b[1], a[2] + b[2]
