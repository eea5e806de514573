"""The command that resumes a session, in the agent that it is from, and what stands in its way."""

from __future__ import annotations

import os
import subprocess

import pytest
from msgspec.structs import replace

from agcx_format.importing import AGENTS
from agcx_format.variables import OWN_ID
from agcx_tui.core.conversation.resume import obstacle, resume_of
from tests.support.stores import golden_session


def found(tags, directory="/src/a b", **environment):
    metadata, conversation, _ = golden_session("full")
    context = replace(
        conversation.context, working_directory=directory, environment_variables=environment
    )
    return resume_of(replace(metadata, tags=tags), context), str(metadata.id)


@pytest.mark.parametrize("agent", AGENTS)
def test_each_agent_that_is_imported_has_its_command(agent):
    resume, id = found([agent, "main"])
    assert not resume.problem
    assert resume.words[-1] == id
    assert resume.words[0] != "agcodex"
    assert resume.typed == f"cd '/src/a b' && {' '.join(resume.words)}"


def test_the_agents_own_id_is_taken_where_it_is_another_one():
    resume, _ = found(["opencode"], **{OWN_ID: "ses_1aB"})
    assert resume.words == ("opencode", "--session", "ses_1aB")


@pytest.mark.parametrize("id", ["--model=x", "a b", "$(x)", "-", "a\nb"])
def test_an_id_that_is_no_id_is_refused(id):
    assert "is not valid" in found(["codex"], **{OWN_ID: id})[0].problem


@pytest.mark.parametrize(
    ("tags", "why"),
    [
        (["ui"], "AGCodex has no command"),
        (["codex", "subagent-of:0199aaaa-1111-7222-8333-444455556666"], "subagent"),
    ],
)
def test_what_cannot_be_resumed_says_so(tags, why):
    assert why in found(tags)[0].problem


def test_an_id_that_was_derived_is_not_one_of_the_agents():
    metadata, conversation, _ = golden_session("full")
    derived = "6ba7b810-9dad-51d1-80b4-00c04fd430c8"
    metadata = replace(metadata, tags=["kimi"], id=type(metadata.id)(derived))
    assert "import it again" in resume_of(metadata, conversation.context).problem


@pytest.mark.parametrize("name", ["a\x03 b", "a\x1b[201~\n' b", "a\nb", "a\u202eb", "a\udcffb"])
def test_a_command_to_paste_holds_nothing_that_a_terminal_obeys(tmp_path, name):
    (tmp_path / name).mkdir()
    resume, id = found(["codex"], str(tmp_path / name))
    assert resume.typed.isprintable()
    shell = ["bash", "-c", f'codex() {{ pwd; echo "$@"; }}; {resume.typed}']
    said = subprocess.run(shell, capture_output=True, check=True).stdout
    assert os.fsdecode(said) == f"{tmp_path}/{name}\nresume {id}\n"


def test_what_stands_in_the_way_is_said(tmp_path):
    here = found(["codex"], str(tmp_path))[0]
    assert obstacle(here, {"PATH": str(tmp_path)}).startswith("codex is not installed")
    program = tmp_path / "codex"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    assert obstacle(here, {"PATH": str(tmp_path)}) == ""
    # The directory of the session is no place to take a program from.
    assert "not on the PATH" in obstacle(here, {"PATH": ".:"})
    gone = found(["codex"], str(tmp_path / "gone"))[0]
    assert obstacle(gone, {"PATH": str(tmp_path)}) == f"Its directory is gone: {tmp_path}/gone"
    assert "does not record" in obstacle(found(["codex"], "src")[0], {"PATH": str(tmp_path)})
