"""What a source says about a session beside its conversation, as `variables` names it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import Meta

from agcx_format.variables import (
    AGENT,
    BRANCH,
    CLI_VERSION,
    COMMIT,
    COST_USD,
    ORIGINATOR,
    OURS,
    TOKENS_CACHED,
    TOKENS_INPUT,
    TOKENS_OUTPUT,
)

__all__ = ["NAMES", "VERSION", "Count", "count_of", "source_details", "spent_since"]

# In the order in which they are shown.
NAMES = (
    AGENT, TOKENS_INPUT, TOKENS_CACHED, TOKENS_OUTPUT, COST_USD, COMMIT, BRANCH, CLI_VERSION,
    ORIGINATOR,
)  # fmt: skip

_COUNTS = (TOKENS_INPUT, TOKENS_CACHED, TOKENS_OUTPUT)

# Raised when the same file would become another session: an import then reads it again.
VERSION = "14"

# What `count_of` gives back unchanged.
Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]


def count_of(value: Any) -> int:
    """A number of tokens; 0 if it is not a number."""
    return value if type(value) is int and 0 <= value < 2**63 else 0


def spent_since(before: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """What was known before a conversation continued, with the tokens and cost of what followed."""
    known, more = source_details(before), source_details(own)
    found = dict(before)
    for name in (*_COUNTS, COST_USD):
        key = name.removeprefix(OURS).lower()
        spent = more[key]
        if isinstance(spent, int | float) and spent:
            earlier = known[key]
            total = spent + (earlier if isinstance(earlier, int | float) else 0)
            found[name] = f"{total:.6g}" if name == COST_USD else str(total)
    return found


def source_details(environment: Mapping[str, str]) -> dict[str, int | float | str | None]:
    """What the source said about a session, by the names above in lower case without `agcx_`.

    Tokens are whole numbers, the cost is a number, the rest text; None where nothing was said, or where a
    number is none.
    """
    found: dict[str, int | float | str | None] = {}
    for name in NAMES:
        text = environment.get(name)
        value: int | float | str | None = text
        if text is not None and name in _COUNTS:
            value = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None
        elif text is not None and name == COST_USD:
            value = _cost(text)
        found[name.removeprefix(OURS).lower()] = value
    return found


def _cost(text: str) -> float | None:
    try:
        cost = float(text)
    except ValueError:
        return None
    return cost if 0 <= cost < float("inf") else None
