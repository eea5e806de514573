"""The turns of a conversation, and which messages are what was said or what failed."""

from __future__ import annotations

from agcx_format.transcript import Outline
from tests.support.messages import assistant, call, output, thought, user

FAILED = '{"output":"x","metadata":{"exit_code":2,"duration_seconds":0.4}}'


def read(*messages) -> Outline:
    outline = Outline()
    for index, message in enumerate(messages):
        outline.add(index, message)
    return outline


def test_a_turn_counts_its_calls_its_failures_and_its_time():
    outline = read(
        thought("before"),
        user("First\nwords", second=10),
        call("{}", "a", second=11),
        call("{}", "b", second=12),
        output(FAILED, "a", second=13),
        output("fine", "b", second=14),
        user("Then", second=20),
        assistant("Done", second=80),
    )
    first, then = outline.turns
    assert (first.start, first.words, first.calls, first.failed) == (1, "First words", 2, 1)
    assert (first.seconds, then.start, then.calls, then.seconds) == (4.0, 6, 0, 60.0)
    assert outline.said == [1, 6, 7]
    assert outline.failed == [2, 4]
    assert outline.count == 8


def test_questions_and_plans_were_said():
    asked = call('{"question":"Why?","choices":["a"]}', name="ask_user")
    assert read(user("Go"), asked, output("User selected: a"), call("{}")).said == [0, 1]


def test_failed_calls_are_in_order_however_their_outputs_come():
    calls = [call("{}", "a"), call("{}", "b"), output(FAILED, "b"), output(FAILED, "a")]
    assert read(*calls).failed == [0, 1, 2, 3]
