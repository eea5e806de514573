"""What is exported for another agent and imported again is the same conversation."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from agcx_format.exporting import (
    ExportChoice,
    rollout_name,
    rollout_parts,
    to_transcript,
    transcript_name,
)
from agcx_format.exporting.codex import to_rollout
from agcx_format.importing.claude.transcript import read_transcript
from agcx_format.importing.codex.rollout import read_rollout
from agcx_format.importing.environment import NAMES, source_details
from agcx_format.importing.imported import Imported
from agcx_format.model.session import ConversationSnapshot, Session
from agcx_format.transcript.words import text_of
from agcx_format.variables import PARENT, SUBAGENTS
from tests.support import transcript_lines
from tests.support.rollout_lines import assistant, call, event, line, meta, output, user, write
from tests.support.stores import golden_session


def with_branches(folder: Path) -> Session:
    """A session with what lines say of others: how a call went, what was answered, what was taken back."""
    done = event(
        "exec_command_end",
        call_id="call_1",
        exit_code=3,
        duration={"secs": 2, "nanos": 0},
        stderr="no",
    )
    made = read_rollout(
        write(
            folder / "rollout.jsonl",
            meta(git={"branch": "main", "commit_hash": "c0ffee"}, originator="codex_exec"),
            line("turn_context", {"model": "gpt-5-codex", "cwd": "/src"}), user("one"),
            call("shell", {"command": ["ls"]}), output("out"), done, assistant("two"),
            call("request_user_input", {"questions": [{"id": "q", "question": "Go on?"}]}, "call_2"),
            output('{"answers": {"q": {"answers": ["Yes"]}}}', "call_2"),
            user("with a picture", {"type": "input_image"}),
            user("taken back"), event("thread_rolled_back", num_turns=1), user("three"), tokens(1200, 34),
        )
    )  # fmt: skip
    return made.metadata, made.conversation, made.state


def test_the_agents_get_the_branch_and_commit_unless_metadata_are_left_out(tmp_path):
    metadata, conversation, _ = with_branches(tmp_path)
    without = ExportChoice(metadata=False)
    told = json.loads(to_rollout(metadata, conversation).splitlines()[0])["payload"]
    assert told["git"] == {"branch": "main", "commit_hash": "c0ffee"}
    assert "c0ffee" not in to_rollout(metadata, conversation, without)
    lines = list(map(json.loads, to_transcript(metadata, conversation).splitlines()))
    assert {line["gitBranch"] for line in lines[1:]} == {"main"}
    lines = list(map(json.loads, to_transcript(metadata, conversation, without).splitlines()))
    assert {line["gitBranch"] for line in lines[1:]} == {""}


def tokens(read: int, written: int) -> dict:
    usage = {"input_tokens": read, "cached_input_tokens": 1000, "output_tokens": written}
    return event("token_count", info={"total_token_usage": usage})


def details(conversation: ConversationSnapshot) -> dict[str, str]:
    """What the import of a session said of it."""
    found = conversation.context.environment_variables
    return {k: v for k, v in found.items() if k in (*NAMES, SUBAGENTS, PARENT)}


def codex(session: Session, folder: Path) -> Imported:
    path = folder / rollout_name(session[0])
    path.write_text(to_rollout(*session[:2]))
    return read_rollout(path)


def claude(session: Session, folder: Path) -> Imported:
    path = folder / transcript_name(session[0])
    path.write_text(to_transcript(*session[:2]))
    return read_transcript(path)


each_agent = pytest.mark.parametrize("there_and_back", [codex, claude])


@each_agent
@pytest.mark.parametrize("source", ["golden", "branches"])
def test_messages_outcomes_branches_and_tags_come_back(
    there_and_back: Callable[[Session, Path], Imported], source: str, tmp_path: Path
):
    session = golden_session("every-item") if source == "golden" else with_branches(tmp_path)
    metadata, conversation, _ = session
    back = there_and_back(session, tmp_path)
    assert back.conversation.messages == conversation.messages
    assert (back.metadata.title, back.metadata.tags) == (metadata.title, metadata.tags)
    assert (back.metadata.id, back.metadata.current_mode) == (metadata.id, metadata.current_mode)
    assert (back.metadata.model, details(back.conversation)) == (
        metadata.model, details(conversation)
    )  # fmt: skip
    assert back.conversation.mode_history == conversation.mode_history
    assert back.report.not_understood == 0


@each_agent
@pytest.mark.parametrize("is_favorite", [True, False])
def test_the_star_comes_back(there_and_back, is_favorite, tmp_path):
    metadata, conversation, state = with_branches(tmp_path)
    starred = msgspec.structs.replace(metadata, is_favorite=is_favorite)
    back = there_and_back((starred, conversation, state), tmp_path)
    assert back.metadata.is_favorite == is_favorite


def test_a_line_that_is_written_again_is_known_behind_what_an_export_noted(tmp_path):
    metadata, conversation, _ = golden_session("every-item")
    line = json.dumps(transcript_lines.user("once more") | {"uuid": "z"})
    path = tmp_path / transcript_name(metadata)
    path.write_text(f"{to_transcript(metadata, conversation)}{line}\n{line}\n")
    messages = read_transcript(path).conversation.messages
    assert [text_of(m.item) for m in messages[len(conversation.messages) :]] == ["once more"]


def test_what_a_fork_repeats_of_its_origin_is_no_turn_of_it_afterwards_either(tmp_path: Path):
    header = meta(forked_from_id="0199aaaa-0000-7000-8000-000000000001")
    early = line("response_item", user("of the origin")["payload"]) | {
        "timestamp": "2020-01-01T00:00:00Z"
    }
    made = read_rollout(write(tmp_path / "fork.jsonl", header, early, user("own"), user("more")))
    session = made.metadata, made.conversation, made.state
    turns = [message.turn_index for message in made.conversation.messages]
    assert (made.metadata.turn_count, turns) == (2, [0, 0, 1])
    for there_and_back in (codex, claude):
        back = there_and_back(session, tmp_path)
        assert back.metadata.turn_count == 2
        assert back.conversation.messages == made.conversation.messages


def test_tokens_that_are_spent_after_an_export_are_added(tmp_path: Path):
    session = with_branches(tmp_path)
    metadata, conversation, _ = session
    rollout = "".join(rollout_parts(metadata, conversation.messages, conversation.context))
    path = tmp_path / rollout_name(metadata)
    path.write_text(rollout + json.dumps(tokens(100, 6)) + "\n")
    found = source_details(read_rollout(path).conversation.context.environment_variables)
    assert (found["tokens_input"], found["tokens_output"], found["commit"]) == (1300, 40, "c0ffee")


def lines(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def test_claude_code_loads_only_the_way_that_was_lived(tmp_path: Path):
    session = with_branches(tmp_path)
    found = lines(to_transcript(*session[:2]))
    parents = {line["uuid"]: line["parentUuid"] for line in found if "uuid" in line}
    said = {line["uuid"]: json.dumps(line.get("message")) for line in found if "uuid" in line}
    at, lived = next(reversed(parents)), []
    while at:
        lived.append(said[at])
        at = parents[at]
    assert "three" in lived[0]
    assert not any("taken back" in words for words in lived)
    assert any("one" in words for words in lived)


def test_codex_takes_back_the_turns_that_were_left(tmp_path: Path):
    metadata, conversation, _ = with_branches(tmp_path)
    found = lines("".join(rollout_parts(metadata, conversation.messages)))
    (event,) = (each for each in found if each["payload"].get("type") == "thread_rolled_back")
    assert event["payload"]["num_turns"] == 1
    before = found[: found.index(event)]
    assert "taken back" in json.dumps(before[-2:])


def test_without_metadata_nothing_is_noted(tmp_path: Path):
    metadata, conversation, _ = with_branches(tmp_path)
    choice = ExportChoice(metadata=False)
    rollout = "".join(rollout_parts(metadata, conversation.messages, None, choice))
    assert '"tags"' not in rollout
    assert "AGCX_" not in rollout
    assert '"tags"' not in to_transcript(metadata, conversation, choice)
