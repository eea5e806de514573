"""Branches are named by their first words, and a branch point says in how many ways it goes on."""

from __future__ import annotations

from uuid import UUID

import pytest
from msgspec.structs import replace

from agcx_format import ListSource, SessionFile, read_session, write_session
from agcx_format.errors import PersistenceError
from agcx_format.transcript import ChosenWays
from agcx_tui.core.conversation.branches import messages_left_out, read_branches
from tests.support.browsing import until
from tests.support.messages import TranscriptApp, assistant, golden, screen_text, user

FIRST, SECOND = UUID(int=101), UUID(int=102)


def branched():
    """A question, an answer from which two branches go on, and one that a mark is missing for."""
    return [
        user("How?", message_id=UUID(int=1)),
        assistant("So.", message_id=UUID(int=2), branch_point=True, parent_message_id=UUID(int=1)),
        user("Thanks", message_id=UUID(int=3), parent_message_id=UUID(int=2)),
        user("Try another way", message_id=UUID(int=4), branch_id=FIRST,
             parent_message_id=UUID(int=2)),
        assistant("Done", message_id=UUID(int=5), branch_id=FIRST, parent_message_id=UUID(int=4)),
        user("Or a third", message_id=UUID(int=6), branch_id=SECOND,
             parent_message_id=UUID(int=1)),
    ]  # fmt: skip


def names(branches):
    return {branch: branches.name(branch) for branch in branches.found}


def test_branches_have_the_first_words_of_their_first_message():
    found = read_branches(ListSource(branched()))
    assert names(found) == {FIRST: "Try another way", SECOND: "Or a third"}


def test_a_branch_point_counts_the_ways_on_and_every_parent_has_its_number():
    found = read_branches(ListSource(branched()))
    assert [way.start for way in found.ways[UUID(int=2)]] == [3, 4]
    assert found.numbers == {UUID(int=2): 2, UUID(int=1): 1}


def test_a_message_without_a_parent_goes_on_from_the_one_before_it():
    messages = branched()
    messages[2] = user("Thanks", message_id=UUID(int=3))
    ways = read_branches(ListSource(messages)).ways
    assert [way.start for way in ways[UUID(int=2)]] == [3, 4]


def test_what_is_stopped_says_nothing():
    assert read_branches(ListSource(branched()), lambda: True) is None


def test_a_conversation_whose_text_is_not_at_hand_is_read_again(tmp_path):
    metadata, conversation, state = read_session(golden("large"))
    messages = [assistant("word " * 5000, message_id=UUID(int=1000 + n)) for n in range(800)]
    messages[400:400] = branched()
    path = tmp_path / "branched.agcx"
    write_session(path, metadata, replace(conversation, messages=messages), state)
    with SessionFile(path) as file:
        while file.read_more():
            pass
        assert names(read_branches(file)) == {FIRST: "Try another way", SECOND: "Or a third"}


@pytest.mark.parametrize("index", [1, 3, 4, 5])
async def test_a_conversation_names_its_branches_by_words_and_never_by_numbers_of_machines(index):
    app = TranscriptApp(ListSource(branched()))
    async with app.run_test(size=(100, 40)) as pilot:
        said = {
            1: "2 branches (← →)",
            3: "branch “Try another way” · continues from message 2 (b)",
            4: "branch “Try another way”",
            5: "branch “Or a third” · continues from message 1 (b)",
        }
        await until(pilot, lambda: app.transcript.blocks.branches)
        app.transcript.seek(index)
        await until(pilot, lambda: said[index] in "\n".join(screen_text(app.transcript)))
        assert "00000000" not in "\n".join(screen_text(app.transcript))


async def test_the_path_to_the_last_message_is_read_and_the_other_branches_are_a_line_each():
    app = TranscriptApp(ListSource(branched()[:5]))
    async with app.run_test(size=(100, 40)) as pilot:
        shown = lambda: "\n".join(screen_text(app.transcript))  # noqa: E731
        await until(pilot, lambda: "⎇ “Thanks”: enter shows it" in shown())
        assert "Done" in shown()
        app.transcript.focus()
        # On the line of a branch, Enter and the arrows show that branch.
        await pilot.press("right_square_bracket", "right_square_bracket", "enter")
        assert app.transcript.current == 2
        assert "⎇ “Try another way”, 2 messages" in shown()
        assert "Done" not in shown()
        # At the branch point, the arrows go round: one, the next one, all.
        await pilot.press("left_square_bracket", "right")
        assert "⎇ “Thanks”" in shown()
        assert "Done" in shown()
        await pilot.press("right")
        assert "⎇" not in shown()
        await pilot.press("left", "left")
        assert "Done" not in shown()


async def test_what_is_gone_to_is_shown_although_another_branch_was_chosen():
    app = TranscriptApp(ListSource(branched()))
    async with app.run_test(size=(100, 40)) as pilot:
        shown = lambda: "\n".join(screen_text(app.transcript))  # noqa: E731
        await until(pilot, lambda: "⎇ “So.”" in shown())
        assert "Or a third" in shown()
        app.transcript.seek(4)
        assert app.transcript.current == 4
        assert "Done" in shown()
        assert "⎇ “Thanks”" in shown()
        assert "⎇ “Or a third”, 1 message" in shown()


async def test_the_next_turn_is_one_that_is_shown():
    app = TranscriptApp(ListSource(branched()[:5]))
    async with app.run_test(size=(100, 40)) as pilot:
        await until(pilot, lambda: app.transcript.blocks.branches)
        app.transcript.focus()
        await pilot.press("right_curly_bracket")
        assert app.transcript.current == 3


def test_what_is_left_out_of_a_path_is_ranges_of_numbers():
    found = read_branches(ListSource(branched()))
    numbers = lambda ways: [n for each in ways.left_out() for n in each]  # noqa: E731
    assert numbers(ChosenWays(found)) == [2, 3, 4, 5]
    assert numbers(ChosenWays(found, everything=True)) == []
    ways = ChosenWays(found)
    ways.reveal(4)
    assert numbers(ways) == [3, 6]


async def test_where_a_conversation_does_not_branch_nothing_changes():
    app = TranscriptApp(ListSource(branched()[:1]))
    async with app.run_test(size=(100, 40)) as pilot:
        app.transcript.focus()
        await pilot.press("right")
        assert "How?" in "\n".join(screen_text(app.transcript))


async def test_parent_ids_that_skip_messages_cause_no_read_of_the_whole_conversation():
    messages = [user(f"m{n}", message_id=UUID(int=n + 1), parent_message_id=UUID(int=max(1, n - 1)))
                for n in range(6)]  # fmt: skip
    app = TranscriptApp(ListSource(messages))
    async with app.run_test(size=(100, 40)) as pilot:
        await until(pilot, lambda: "continues from" in "\n".join(screen_text(app.transcript)))
        await pilot.pause()
        assert not [each for each in app.workers if each.group == "branches"]
        assert app.transcript.blocks.branches is None


def numbers_on(path):
    left_out = messages_left_out(branched(), path)
    return [n for n in range(1, 7) if not any(n in each for each in left_out)]


@pytest.mark.parametrize(
    ("path", "numbers"),
    [("all", [1, 2, 3, 4, 5, 6]), ("newest", [1, 6]), ("try AN", [1, 2, 4, 5]), ("3", [1, 2, 3])],
)
def test_a_person_names_a_path_by_first_words_or_by_a_number(path, numbers):
    assert numbers_on(path) == numbers


def test_what_names_no_branch_is_answered_with_those_that_there_are():
    with pytest.raises(PersistenceError, match="no branch 'else': .*4 “Try another way”"):
        messages_left_out(branched(), "else")
    with pytest.raises(PersistenceError, match="has no branches"):
        messages_left_out(branched()[:1], "else")


def test_a_path_through_deeply_nested_branches_has_no_message_of_others():
    depth = 20
    ids = [UUID(int=number) for number in range(2 * depth + 2)]
    branches = [None, *(UUID(int=100 + number) for number in range(depth))]
    # Each branch continues from a message of the one before; then each goes on, from the innermost out.
    inward = [
        user(f"in {number}", message_id=ids[number + 1], branch_id=branches[number],
             branch_point=True, parent_message_id=ids[number] if number else None)
        for number in range(depth + 1)
    ]  # fmt: skip
    outward = [
        user(f"on {number}", message_id=ids[2 * depth + 1 - number], branch_id=branches[number],
             parent_message_id=ids[number + 1])
        for number in reversed(range(depth))
    ]  # fmt: skip
    left_out = messages_left_out([*inward, *outward], str(depth + 1))
    assert [number for each in left_out for number in each] == [*range(depth + 2, 2 * depth + 2)]
