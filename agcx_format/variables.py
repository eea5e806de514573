"""The variables by which a session says what its source said of it: tokens, cost, commit, program.

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

__all__ = [
    "AGENT", "BRANCH", "CLI_VERSION", "COMMIT", "COST_USD", "ORIGINATOR", "OURS", "OWN_ID", "PARENT",
    "PARENT_CALL", "ROLE", "SOURCE_CHANGED", "SUBAGENTS", "TOKENS_CACHED", "TOKENS_INPUT",
    "TOKENS_OUTPUT", "WRITTEN_BY",
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
SUBAGENTS = "AGCX_SUBAGENTS"

# For the next import.
WRITTEN_BY = "AGCX_IMPORTER"
SOURCE_CHANGED = "AGCX_SOURCE_CHANGED"
