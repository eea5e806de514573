"""Newer rollouts say of each part who wrote it, and have more types of lines."""

from __future__ import annotations

import pytest

from agcx_format.importing.imported import Imported
from agcx_format.transcript.words import text_of
from tests.support.rollout_lines import assistant, event, line, meta, user

KINDS = "internal_chat_message_metadata_passthrough"


def said(imported: Imported) -> list[tuple[str, str]]:
    return [(m.item.role, text_of(m.item)) for m in imported.conversation.messages]


def test_what_shows_by_its_words_who_said_it_stays_as_it_is(read):
    words = "<turn_aborted>The user interrupted.</turn_aborted>"
    aborted = event("turn_aborted", reason="interrupted")
    imported = read(meta(), user("Go"), of_kinds(words, "turn.aborted"), aborted)
    assert said(imported)[1:] == [("user", words)]


def of_kinds(text: str, *kinds: str, **more: object) -> dict:
    """What is said in the person's place; a line with `more` is not a usual one."""
    made = user(text)
    return {**made, "payload": {**made["payload"], KINDS: {"content_item_kinds": kinds}}, **more}


# Whether its line is parsed into typed values, as most are, or into dicts.
each_way = pytest.mark.parametrize("more", [{}, {"metadata": {"client_authored": True}}])


@each_way
@pytest.mark.parametrize(
    ("kinds", "role"),
    [
        (["goal.internal_context"], "developer"),
        (["agents_md.instructions", "skills.skill"], "developer"),
        (["user.text"], "user"),
        (["goal.internal_context", "user.image"], "user"),
        (["unknown"], "user"),
        ([], "user"),
    ],
)
def test_what_no_person_wrote_is_neither_theirs_nor_the_title(read, kinds, role, more):
    before = [assistant("…")] * 60
    imported = read(meta(), *before, of_kinds("Always use tabs.", *kinds, **more), user("Fix it"))
    assert said(imported)[-2:] == [(role, "Always use tabs."), ("user", "Fix it")]
    is_theirs = role == "user"
    assert imported.metadata.title == ("Always use tabs." if is_theirs else "Fix it")
    assert imported.metadata.turn_count == 1 + is_theirs


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("before", [[], [assistant("…")] * 60], ids=["first", "usual"])
def test_what_a_program_said_in_the_persons_place_is_not_said_twice(read, before, order):
    lines = of_kinds("Go on.", "goal.internal_context"), event("user_message", message="Go on.")
    imported = read(meta(), *before, user("Go"), assistant("…"), *lines[::order])
    assert said(imported)[-2:] == [("assistant", "…"), ("developer", "Go on.")]
    assert imported.metadata.turn_count == 1


@pytest.mark.parametrize("before", [[], [assistant("…")] * 60], ids=["first", "usual"])
def test_lines_about_the_program_are_not_said(read, before):
    silent = [
        line("token_usage_record", {"response_id": "r", "usage": {"input_tokens": 9}}),
        line("retained_context", {"answers": ["yes"]}),
        line("security_risk_score", {"scores": {"risk": 0.1}, "action": "allow"}),
    ]
    imported = read(meta(), *before, user("Go"), *silent, assistant("Done."))
    assert said(imported)[-2:] == [("user", "Go"), ("assistant", "Done.")]
    assert imported.report.not_understood == 0
    assert imported.report.skipped["token_usage_record"] == 1


def test_an_answer_whose_event_came_before_it_is_not_said_twice(read):
    count = line("token_usage_record", {"usage": {"input_tokens": 9}})
    start = [meta(), *[assistant("…")] * 60, user("Go")]
    imported = read(*start, event("agent_message", message="Done."), count, assistant("Done."))
    assert said(imported)[-2:] == [("user", "Go"), ("assistant", "Done.")]


@pytest.mark.parametrize("order", [1, -1])
def test_a_message_between_agents_is_said_once(read, order):
    ends = {"id": "m1", "author": "/root/worker", "recipient": "/root"}
    letter = line("inter_agent_communication", {**ends, "content": "Done.", "trigger_turn": False})
    content = [{"type": "input_text", "text": "Done."}]
    item = line("response_item", {"type": "agent_message", **ends, "content": content})
    secret = line("inter_agent_communication", {"author": "a", "encrypted_content": "x"})
    imported = read(meta(), user("Go"), *[letter, item][::order], secret, secret)
    assert said(imported)[1:] == [
        ("assistant", "[/root/worker → /root]\nDone."),
        # Without ids these are two.
        *[("assistant", "[a → ?]\n[encrypted content]")] * 2,
    ]
    assert imported.report.not_understood == 0


def test_what_was_said_aloud_is_said(read):
    spoken = {"type": "transcript_segment", "realtime_session_id": "s"}
    lines = [
        line("realtime_item", {**spoken, "role": role, "text": text})
        for role, text in (("user", "Look at this"), ("assistant", "I see."))
    ]
    assert said(read(meta(), *lines)) == [("user", "Look at this"), ("assistant", "I see.")]


def test_a_recording_is_named_rather_than_written_out(read):
    sound = {"type": "input_audio", "audio_url": "data:audio/wav;base64,AAAA"}
    assert said(read(meta(), user("Listen", sound))) == [
        ("user", "Listen\n[audio: it cannot be shown]")
    ]
