"""A plan of Codex is a call that was accepted or rejected, as that of any agent."""

from __future__ import annotations

import pytest

from agcx_format.exporting import to_markdown
from agcx_format.importing.codex.rollout import read_rollout
from agcx_format.importing.draft import Imported
from agcx_format.model.items import FunctionCall, FunctionCallOutput
from agcx_format.transcript.outline import Outline
from agcx_format.transcript.reader import TranscriptReader
from agcx_format.transcript.words import text_of
from tests.support.rollout_lines import assistant, event, line, meta, user, write

PLAN = "<proposed_plan>\n# Rename it\n\n1. do\n</proposed_plan>"
DONE = [assistant("done")]


@pytest.fixture
def read(tmp_path):
    def read_lines(*lines: dict | str) -> Imported:
        return read_rollout(write(tmp_path / "rollout.jsonl", *lines))

    return read_lines


def turn(mode: str) -> dict:
    return line("turn_context", {"cwd": "/src", "collaboration_mode": {"mode": mode}})


@pytest.mark.parametrize(
    ("after", "outcome"),
    [
        ([turn("default"), user("Implement the plan.")], "ok"),
        ([event("task_started", collaboration_mode_kind="plan"), user("Shorter")], "rejected"),
        # Nothing says what became of it.
        ([turn("default"), user("Do the first half")], None),
        ([user("Go on")], None),
        ([], None),
    ],
)
def test_a_plan_is_shown_with_the_persons_answer(read, after, outcome):
    imported = read(meta(), turn("plan"), user("plan it"), assistant(PLAN), *after)
    _, proposed, *rest = (message.item for message in imported.conversation.messages)
    assert isinstance(proposed, FunctionCall)
    outputs = [item for item in rest if isinstance(item, FunctionCallOutput)]
    assert len(outputs) == (outcome is not None)
    reader, outline = TranscriptReader(0), Outline()
    calls = []
    for number, message in enumerate(imported.conversation.messages):
        calls.append(reader.read(number + 1, message).call)
        outline.add(number, message)
    assert calls[1].meaning.text == "# Rename it\n\n1. do"
    assert 1 in outline.said
    if outcome:
        assert calls[2].outcome.word == outcome
    assert "1. do" in to_markdown(imported.metadata, imported.conversation)


def test_what_is_said_around_a_plan_is_said_once_and_ids_do_not_change(read):
    answer = assistant(f"Here it is.\n{PLAN}\nAgreed?")
    said = event("agent_message", message="Here it is.\nAgreed?")
    completed = event("item_completed", item={"type": "Plan", "id": "p", "text": "1. do"})
    lines = meta(), user("plan it"), answer, said, completed
    yes = user("Implement the plan.")
    imported = read(*lines, turn("default"), yes)
    texts = [text_of(message.item) for message in imported.conversation.messages]
    assert [texts[1], texts[3], texts[5]] == ["Here it is.", "Agreed?", "Implement the plan."]
    assert len(texts) == 6
    other = read(*lines[:2], assistant("Yes"), said, completed, turn("default"), yes)
    ids = [message.metadata.message_id for message in imported.conversation.messages]
    assert ids[-1] == other.conversation.messages[-1].metadata.message_id


@pytest.mark.parametrize("text", ["a <proposed_plan> is", "<proposed_plan>\n</proposed_plan>"])
def test_a_mark_without_a_plan_is_text(read, text):
    (said,) = read(
        meta(), assistant(text), event("agent_message", message=text)
    ).conversation.messages
    assert text_of(said.item) == text
