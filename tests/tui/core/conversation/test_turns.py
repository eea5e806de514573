"""The turn of a message is the one that its writer gave it, or is counted from what the person said."""

from __future__ import annotations

from agcx_format.session.source import PENDING, ListSource
from agcx_tui.core.conversation.turns import TurnNumbers
from tests.support.messages import assistant, call, output, user

MESSAGES = [
    message.replace(turn_index=number)
    for number, message in enumerate(
        [
            assistant("hello"), user("one"), call("{}"), output("x"), assistant("y"),
            user("<environment_context>z</environment_context>"), user("two"), assistant("z"),
        ]
    )
]  # fmt: skip


def numbers(source, counted: bool, order) -> dict[int, int | None]:
    turns = TurnNumbers(source, counted)
    return {index: turns.number(index, MESSAGES[index]) for index in order}


def test_the_writer_is_believed_if_it_counted():
    assert numbers(ListSource(MESSAGES), True, [6, 1]) == {6: 7, 1: 2}


def test_otherwise_each_message_of_the_person_begins_one_in_whatever_order_they_are_drawn():
    expected = {0: None, 1: 1, 4: 1, 5: 1, 6: 2, 7: 2}
    assert numbers(ListSource(MESSAGES), False, [7, 1, 0, 6, 5, 4]) == expected


def test_a_turn_after_a_message_that_is_not_in_memory_is_not_known():
    class Partly(ListSource):
        def get(self, index):
            return PENDING if index == 4 else super().get(index)

    assert numbers(Partly(MESSAGES), False, [6, 3]) == {6: None, 3: 1}
