"""Import the conversations of other agents: Codex, Claude Code, and those in `registry`.

`look` says what each agent keeps on this machine, and `look_at` what is at a path.  `import_sessions`
imports files and directories, and `ImportRun` what was found, each as one act that can be undone.
`read_rollout` (Codex) and `read_transcript` (Claude Code) read one file without a store.

Inside, `agent` is the interface and `registry` the table of agents.  `codex`, `claude`, and `formats` read
files into a `draft`; `prepare` compares what became of it with the store (see `growth`), and `run` adds all
of it in one act.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agcx_format._exports import names_in, on_demand

if TYPE_CHECKING:
    from agcx_format.importing.agent import Agent as Agent
    from agcx_format.importing.agent import Head as Head
    from agcx_format.importing.agent import Source as Source
    from agcx_format.importing.agent_tags import AGENTS as AGENTS
    from agcx_format.importing.agent_tags import OWN_AGENT as OWN_AGENT
    from agcx_format.importing.agent_tags import agent_of as agent_of
    from agcx_format.importing.claude.transcript import read_transcript as read_transcript
    from agcx_format.importing.codex.rollout import read_rollout as read_rollout
    from agcx_format.importing.draft import ImportDraft as ImportDraft
    from agcx_format.importing.environment import source_details as source_details
    from agcx_format.importing.finding import default_places as default_places
    from agcx_format.importing.found import FoundAgent as FoundAgent
    from agcx_format.importing.found import FoundSource as FoundSource
    from agcx_format.importing.found import SourceState as SourceState
    from agcx_format.importing.found import look as look
    from agcx_format.importing.found import look_at as look_at
    from agcx_format.importing.imported import Imported as Imported
    from agcx_format.importing.imported import Parent as Parent
    from agcx_format.importing.prepare import OTHER_CONVERSATION as OTHER_CONVERSATION
    from agcx_format.importing.registry import BrokenPlugin as BrokenPlugin
    from agcx_format.importing.registry import agent_named as agent_named
    from agcx_format.importing.registry import agent_of_file as agent_of_file
    from agcx_format.importing.registry import agents as agents
    from agcx_format.importing.registry import broken_plugins as broken_plugins
    from agcx_format.importing.report import ImportReport as ImportReport
    from agcx_format.importing.report import ImportTotals as ImportTotals
    from agcx_format.importing.report import LineOutcome as LineOutcome
    from agcx_format.importing.results import ImportOutcome as ImportOutcome
    from agcx_format.importing.results import ImportResult as ImportResult
    from agcx_format.importing.run import DELETED as DELETED
    from agcx_format.importing.run import ImportOptions as ImportOptions
    from agcx_format.importing.run import ImportRun as ImportRun
    from agcx_format.importing.run import ImportSummary as ImportSummary
    from agcx_format.importing.run import LeftOut as LeftOut
    from agcx_format.importing.run import import_sessions as import_sessions
    from agcx_format.importing.workers import Workers as Workers

_HOMES = {
    "agent": "Agent Head Source",
    "agent_tags": "AGENTS OWN_AGENT agent_of",
    "claude.transcript": "read_transcript",
    "codex.rollout": "read_rollout",
    "draft": "ImportDraft",
    "environment": "source_details",
    "finding": "default_places",
    "imported": "Imported Parent",
    "found": "FoundAgent FoundSource SourceState look look_at",
    "prepare": "OTHER_CONVERSATION",
    "registry": "BrokenPlugin agent_named agent_of_file agents broken_plugins",
    "report": "ImportReport ImportTotals LineOutcome",
    "results": "ImportOutcome ImportResult",
    "run": "DELETED ImportOptions ImportRun ImportSummary LeftOut import_sessions",
    "workers": "Workers",
}

__all__ = names_in(_HOMES)

if not TYPE_CHECKING:
    __getattr__, __dir__ = on_demand(__name__, _HOMES)
