"""The command that resumes a session, in the agent that it is from."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from agcx_format.importing import AGENTS
from agcx_tui.core.words.resume_command import resume_command
from tests.support.stores import golden_session


@pytest.mark.parametrize("agent", AGENTS)
def test_each_agent_has_its_command_or_none(agent):
    session = replace(golden_session("full")[0], tags=[agent, "main"])
    command = resume_command(session)
    if agent in ("opencode", "kimi"):
        assert command == ""
    else:
        assert command.endswith(f" {session.id}")
        assert not command.startswith("agcodex")
