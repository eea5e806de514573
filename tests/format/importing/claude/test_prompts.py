"""What a person typed while Claude Code worked is said once, wherever it is written."""

from __future__ import annotations

import pytest

from agcx_format.model.items import InputImage, InputText
from tests.support.transcript_lines import assistant, attached, queued, roles, text, texts, user


def test_a_prompt_that_stands_only_in_the_queue_is_kept_where_it_was_typed(read):
    imported = read(
        user("start"),
        queued("enqueue", "also rename the walrus"),
        assistant(text("working")),
        queued("remove"),
        attached("and check the quagga"),
        assistant(text("done")),
    )
    assert texts(imported) == [
        "start",
        "also rename the walrus",
        "working",
        "and check the quagga",
        "done",
    ]
    assert (imported.metadata.turn_count, roles(imported)[1]) == (3, "user")


PICTURE = {
    "type": "image",
    "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"},
}


@pytest.mark.parametrize("line", [queued, attached], ids=["queue", "attachment"])
@pytest.mark.parametrize("words", [[text("like this?")], []], ids=["with words", "alone"])
@pytest.mark.parametrize("is_sent", [False, True])
def test_pictures_of_a_prompt_that_waits_are_kept_once(read, line, words, is_sent):
    prompt = [*words, PICTURE]
    waits = queued("enqueue", prompt) if line is queued else attached(prompt)
    imported = read(user("start"), waits, *([user(prompt)] if is_sent else []))
    assert imported.report.messages == 2
    parts = imported.conversation.messages[1].item.content
    assert [type(part) for part in parts] == [InputText] * len(words) + [InputImage]
    assert imported.metadata.turn_count == 2


@pytest.mark.parametrize(
    "copy", [user("go on"), attached("go on"), attached([text("go on")], None)]
)
def test_a_prompt_that_was_handed_over_is_there_once(read, copy):
    imported = read(
        user("start"), queued("enqueue", "go on"), assistant(text("x")), queued("dequeue"), copy
    )
    assert sorted(texts(imported)) == ["go on", "start", "x"]
    assert imported.metadata.turn_count == 2
    assert sum(imported.report.duplicates.values()) == 1


@pytest.mark.parametrize(
    "later",
    [
        [queued("enqueue", "go on"), queued("remove")],
        [attached("go on")],
        [queued("enqueue", "go on"), attached("go on"), queued("remove", "go on")],
        [queued("enqueue", "go on"), queued("dequeue"), user("go on")],
    ],
    ids=["queue", "attachment", "both", "sent"],
)
def test_a_prompt_is_no_copy_of_the_same_words_before_it_or_after_it_was_delivered(read, later):
    imported = read(user("go on"), assistant(text("x")), *later, assistant(text("y")))
    assert texts(imported) == ["go on", "x", "go on", "y"]
    delivered = queued("enqueue", "go on"), attached("go on")
    assert texts(read(user("start"), *delivered, assistant(text("x")), user("go on"))) == [
        "start", "go on", "x", "go on"
    ]  # fmt: skip


def test_prompts_that_left_the_queue_together_are_the_message_that_joins_them(read):
    waiting = queued("enqueue", "first this"), queued("enqueue", "then that")
    leave = queued("dequeue"), queued("dequeue")
    sent = user("first this\nthen that")
    assert texts(read(user("root"), *waiting, *leave, sent)) == ["root", "first this\nthen that"]
    # One of them was lost, another thing was said.
    assert texts(read(user("root"), *waiting, *leave, user("then that")))[1:] == [
        "first this", "then that"
    ]  # fmt: skip


def test_an_attachment_that_a_resumed_session_repeats_is_said_once(read):
    again = attached("also this") | {"uuid": "1"}
    assert texts(read(user("start"), again, assistant(text("x")), again)) == [
        "start", "also this", "x"
    ]  # fmt: skip


def test_a_command_that_waited_is_the_one_that_was_run(read):
    run = "<command-message>review</command-message>\n<command-name>/review</command-name>\n"
    run += "<command-args>the zebra</command-args>"
    imported = read(user("start"), queued("enqueue", "/review the zebra"), user(run))
    assert texts(imported) == ["start", run]
    assert imported.metadata.turn_count == 2


@pytest.mark.parametrize(
    ("more", "role"),
    [
        ({"commandMode": "prompt"}, "user"),
        ({"commandMode": "prompt", "isMeta": True}, "developer"),
        ({"commandMode": "task-notification"}, "developer"),
    ],
)
def test_a_queued_command_can_say_in_other_ways_that_nobody_typed_it(read, more, role):
    line = attached("go on", None)
    line["attachment"] |= more
    imported = read(user("start"), line)
    assert (texts(imported)[1], roles(imported)[1]) == ("go on", role)


@pytest.mark.parametrize("kind", ["peer", "task-notification"])
def test_what_another_agent_queued_is_not_the_persons(read, kind):
    imported = read(user("start"), attached("a task has ended", kind))
    assert (texts(imported)[1], roles(imported)[1]) == ("a task has ended", "developer")
    assert imported.metadata.turn_count == 1
    notice = "<task-notification>x</task-notification>"
    assert read(user("start"), queued("enqueue", notice)).report.messages == 1


@pytest.mark.parametrize(
    "taken_back",
    [
        [queued("popAll", "first this"), queued("popAll", "then that")],
        [queued("popAll", "first this\nthen that")],
        [queued("popAll")],
    ],
    ids=["each", "together", "without words"],
)
def test_prompts_that_were_taken_back_and_sent_together_are_said_once(read, taken_back):
    waiting = queued("enqueue", "first this"), queued("enqueue", "then that")
    sent = user("first this\nthen that, please")
    assert texts(read(user("root"), *waiting, *taken_back, sent)) == [
        "root",
        "first this\nthen that, please",
    ]
    # What was never sent is still what a person said.
    imported = read(user("root"), *waiting, *taken_back, user("other"))
    assert texts(imported) == ["root", "first this", "then that", "other"]
