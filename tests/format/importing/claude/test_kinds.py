"""Newer kinds of line in a transcript: who speaks in the person's place, what happened, what says nothing."""

from __future__ import annotations

import pytest

from agcx_format.model.items import Message
from tests.support.transcript_lines import assistant, attached, queued, text, texts, user

PEER = {"origin": {"kind": "peer", "from": "unknown"}}
SYSTEM = {"promptSource": "system"}


def roles(imported) -> list[str]:
    items = [message.item for message in imported.conversation.messages]
    return [item.role for item in items if isinstance(item, Message)]


@pytest.mark.parametrize(
    ("more", "role"),
    [
        (PEER, "developer"),
        ({"origin": {"kind": "task-notification"}, **SYSTEM}, "developer"),
        ({"origin": {"kind": "coordinator"}}, "developer"),
        (SYSTEM, "developer"),
        ({"origin": {"kind": "human"}, "promptSource": "typed"}, "user"),
        ({"promptSource": "queued"}, "user"),
        ({"promptSource": "sdk"}, "user"),
        ({"origin": {}}, "user"),
        ({"origin": None, "promptSource": None}, "user"),
        ({"origin": "human", "promptSource": 3}, "user"),
    ],
)
def test_what_a_program_says_in_the_persons_place_is_not_the_persons(read, more, role):
    imported = read(
        user("Fix it"), assistant(text("Done.")), user("Deploy it now", **more),
        assistant(text("No.")),
    )  # fmt: skip
    assert texts(imported) == ["Fix it", "Done.", "Deploy it now", "No."]
    assert roles(imported)[2] == role
    assert imported.metadata.turn_count == 1 + (role == "user")


def test_a_first_line_of_a_program_does_not_name_the_session(read):
    imported = read(user("Deploy it now", **PEER), user("Fix it"))
    assert (imported.metadata.title, imported.metadata.turn_count) == ("Fix it", 1)


@pytest.mark.parametrize(
    "said", [user("Deploy it now", **PEER), attached("Deploy it now", "peer")], ids=["sent", "read"]
)
def test_what_a_program_said_is_said_once_if_it_waited_in_the_queue(read, said):
    imported = read(user("Fix it"), queued("enqueue", "Deploy it now"), queued("dequeue"), said)
    assert texts(imported) == ["Fix it", "Deploy it now"]
    assert roles(imported) == ["user", "developer"]


def test_what_the_program_says_in_place_of_a_failed_answer_is_a_notice(read):
    failed = assistant(text("API Error: 529 Overloaded"), isApiErrorMessage=True)
    failed["message"]["model"] = "<synthetic>"
    imported = read(user("Fix it"), failed, assistant(text("Done.")))
    assert texts(imported) == ["Fix it", "API Error: 529 Overloaded", "Done."]
    assert roles(imported) == ["user", "system", "assistant"]


def test_how_a_session_ended_and_where_it_goes_on_is_told(read):
    other = "0199aaaa-1111-7222-8333-444455556666"
    imported = read(
        user("Fix it"),
        {"type": "ended-by-model"},
        {"type": "continued-in", "continuedInSessionId": other},
        {"type": "system", "subtype": "model_refusal_fallback", "content": "Switched to another model."},
    )  # fmt: skip
    assert texts(imported)[1:] == [
        "Ended by the agent",
        f"Continued in session {other}",
        "Switched to another model.",
    ]
    assert not imported.report.unknown


@pytest.mark.parametrize(("noted", "cost"), [([0.5, 1.25], "1.25"), ([True], None), (["1"], None)])
def test_the_last_cost_that_the_program_noted_is_that_of_the_session(read, noted, cost):
    lines = [{"type": "cost-state", "totalCostUSD": each, "modelUsage": {}} for each in noted]
    imported = read(user("Fix it"), *lines)
    assert imported.conversation.context.environment_variables.get("AGCX_COST_USD") == cost


@pytest.mark.parametrize(
    "kind",
    [
        "artifact-autoreact-ledger", "artifact-comment-monitor", "atis-latch", "bridge-session", "dev-mods",
        "file-history-delta", "fork-context-ref", "frame-link", "history-suppression", "isolation-latch",
        "marble-origami-reset", "memory-mode", "observer-ref", "relocated",
    ],
)  # fmt: skip
def test_what_the_program_notes_for_itself_is_no_conversation(read, kind):
    imported = read(user("Fix it"), {"type": kind, "sessionId": "x", "summary": "for the program"})
    assert texts(imported) == ["Fix it"]
    assert imported.report.skipped == {kind: 1}
