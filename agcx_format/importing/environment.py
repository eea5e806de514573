"""What a source says about a session beside its conversation: tokens, cost, commit, program.

AGCX has no fields for these. They are kept in the environment of the conversation's context, which other
programs keep and show, as text:

    AGCX_AGENT          the agent, by its tag
    AGCX_TOKENS_INPUT   tokens that the model read, with those from a cache
    AGCX_TOKENS_CACHED  of these, the ones from a cache
    AGCX_TOKENS_OUTPUT  tokens that the model wrote
    AGCX_COST_USD       dollars, where the program recorded them
    AGCX_COMMIT         the commit that the session began on
    AGCX_BRANCH         the git branch
    AGCX_CLI_VERSION    the version of the program that wrote the session
    AGCX_ORIGINATOR     how that program was used: a terminal, an editor, a library
    AGCX_SESSION        the agent's own id of the session, where it is not the id here
    AGCX_PARENT         of a subagent: the id of the session that started it
    AGCX_PARENT_CALL    and the id of the tool call there, where it is known
    AGCX_ROLE           and what kind of agent it is
    AGCX_SUBAGENTS      the subagents that were started: their ids by those of the calls, as JSON

Two are for the next import: AGCX_IMPORTER is the version of the importer, AGCX_SOURCE_CHANGED when the file
last changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agcx_format.subagents import SUBAGENTS

__all__ = [
    "AGENT", "BRANCH", "CLI_VERSION", "COMMIT", "COST_USD", "NAMES", "ORIGINATOR", "OURS", "OWN_ID",
    "PARENT", "PARENT_CALL", "ROLE", "SOURCE_CHANGED", "SUBAGENTS", "TOKENS_CACHED", "TOKENS_INPUT",
    "TOKENS_OUTPUT", "VERSION", "WRITTEN_BY", "count_of", "source_details", "spent_since",
]  # fmt: skip

OURS = "AGCX_"
AGENT = "AGCX_AGENT"
TOKENS_INPUT = "AGCX_TOKENS_INPUT"
TOKENS_CACHED = "AGCX_TOKENS_CACHED"
TOKENS_OUTPUT = "AGCX_TOKENS_OUTPUT"
COST_USD = "AGCX_COST_USD"
COMMIT = "AGCX_COMMIT"
BRANCH = "AGCX_BRANCH"
CLI_VERSION = "AGCX_CLI_VERSION"
ORIGINATOR = "AGCX_ORIGINATOR"
OWN_ID = "AGCX_SESSION"
PARENT = "AGCX_PARENT"
PARENT_CALL = "AGCX_PARENT_CALL"
ROLE = "AGCX_ROLE"

# In the order in which they are shown.
NAMES = (
    AGENT, TOKENS_INPUT, TOKENS_CACHED, TOKENS_OUTPUT, COST_USD, COMMIT, BRANCH, CLI_VERSION,
    ORIGINATOR,
)  # fmt: skip

_COUNTS = (TOKENS_INPUT, TOKENS_CACHED, TOKENS_OUTPUT)

WRITTEN_BY = "AGCX_IMPORTER"
SOURCE_CHANGED = "AGCX_SOURCE_CHANGED"
# Raised when the same file would become another session: an import then reads it again.
VERSION = "5"


def count_of(value: Any) -> int:
    """A number of tokens; 0 if it is none."""
    return value if type(value) is int and 0 <= value < 2**63 else 0


def spent_since(before: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """What was known before a conversation went on, with the tokens and cost of what followed."""
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
