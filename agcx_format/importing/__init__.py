"""Import the conversations of other agents: Codex rollouts and Claude Code transcripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agcx_format._exports import names_in, on_demand

if TYPE_CHECKING:
    from agcx_format.importing.agents import AGENTS as AGENTS
    from agcx_format.importing.agents import OWN_AGENT as OWN_AGENT
    from agcx_format.importing.agents import agent_of as agent_of
    from agcx_format.importing.claude import (
        default_places as default_places,
    )
    from agcx_format.importing.claude import (
        find_transcripts as find_transcripts,
    )
    from agcx_format.importing.claude import (
        read_transcript as read_transcript,
    )
    from agcx_format.importing.codex import (
        find_rollouts as find_rollouts,
    )
    from agcx_format.importing.codex import (
        read_rollout as read_rollout,
    )
    from agcx_format.importing.draft import Imported as Imported
    from agcx_format.importing.environment import source_details as source_details
    from agcx_format.importing.report import ImportReport as ImportReport
    from agcx_format.importing.report import ImportTotals as ImportTotals
    from agcx_format.importing.report import LineOutcome as LineOutcome
    from agcx_format.importing.run import (
        ImportOutcome as ImportOutcome,
    )
    from agcx_format.importing.run import (
        ImportResult as ImportResult,
    )
    from agcx_format.importing.run import (
        import_sessions as import_sessions,
    )

_HOMES = {
    "agents": "AGENTS OWN_AGENT agent_of",
    "claude": "default_places find_transcripts read_transcript",
    "codex": "find_rollouts read_rollout",
    "draft": "Imported",
    "environment": "source_details",
    "report": "ImportReport ImportTotals LineOutcome",
    "run": "ImportOutcome ImportResult import_sessions",
}

__all__ = names_in(_HOMES)

if not TYPE_CHECKING:
    __getattr__, __dir__ = on_demand(__name__, _HOMES)
