"""A session changed as values: what is left keeps its place, and nothing else is touched."""

from __future__ import annotations

import itertools
from uuid import UUID

import msgpack
import pytest
from msgspec.structs import replace

from agcx_format.model.items import (
    FunctionCall,
    FunctionCallOutput,
    InputText,
    Message,
    MessageSnapshot,
    OutputText,
    UnknownItem,
)
from agcx_format.model.new import new_message, new_session
from agcx_format.model.session import OperatingMode, Session
from agcx_format.model.timestamps import Timestamp
from agcx_format.session import edits

EARLY, LATE = Timestamp("2025-01-01T00:00:00Z"), Timestamp("2025-02-01T00:00:00Z")


def said(number: int, turn: int = 0, *, by: str = "user", parent: int | None = None):
    text = OutputText(f"m{number}") if by == "assistant" else InputText(f"m{number}")
    item = Message(None, by, [text])
    above = None if parent is None else UUID(int=parent)
    return new_message(item, turn_index=turn, id=UUID(int=number), parent=above)


def session_of(messages: list[MessageSnapshot], **fields) -> Session:
    return new_session(messages=messages, created_at=EARLY, **fields)


def ids(session: Session) -> list[int]:
    return [each.metadata.message_id.int for each in session.conversation.messages]


FOUR = [said(number, turn=number) for number in range(1, 5)]


@pytest.mark.parametrize("numbers", [[-1], [4], [0, 4]])
def test_messages_that_are_not_there_are_an_error(numbers: list[int]):
    with pytest.raises(IndexError, match="0 to 3"):
        edits.without_messages(session_of(FOUR), numbers)


@pytest.mark.parametrize("number", [-1, 4])
def test_the_text_of_a_message_that_is_not_there_is_an_error(number: int):
    with pytest.raises(IndexError, match="0 to 3"):
        edits.with_text(session_of(FOUR), number, "m4", "x", keep_history=True)


@pytest.mark.parametrize("cursor", range(6))
def test_the_cursor_stays_at_its_message_or_goes_to_the_next_that_is_left(cursor: int):
    whole = session_of(FOUR)
    whole = whole._replace(state=replace(whole.state, cursor_position=cursor))
    for gone in itertools.chain.from_iterable(
        itertools.combinations(range(4), count) for count in range(1, 5)
    ):
        left = edits.without_messages(whole, gone)
        after = [number for number in range(4) if number not in gone]
        expected = next(
            (place for place, number in enumerate(after) if number >= cursor), len(after) - 1
        )
        assert left.state.cursor_position == max(0, expected), gone


def test_what_the_window_shows_stays_as_far_as_it_is_left():
    whole = session_of(FOUR)
    state = replace(whole.state, selected_message=UUID(int=2), expanded_messages=[UUID(int=3)])
    left = edits.without_messages(whole._replace(state=state), [0])
    assert left.state == replace(state, cursor_position=0)


def test_a_message_below_a_loop_of_deleted_ones_has_no_parent():
    loop = [said(1, parent=2), said(2, parent=1), said(3, parent=2)]
    left = edits.without_messages(session_of(loop), [0, 1])
    assert ids(left) == [3]
    assert left.conversation.messages[0].metadata.parent_message_id is None


@pytest.mark.parametrize("call_id", ["", "call_1"])
def test_other_calls_of_the_same_id_or_of_none_stay(call_id: str):
    items = [
        item
        for number in "12"
        for item in (
            FunctionCall(None, "run", number, call_id),
            FunctionCallOutput(call_id, f"done {number}"),
        )
    ]
    whole = session_of([new_message(item) for item in items])
    for number, pair in ((0, {0, 1}), (1, {0, 1}), (2, {2, 3}), (3, {2, 3})):
        gone = pair if call_id else {number}
        left = edits.without_messages(whole, [number]).conversation.messages
        assert [message.item for message in left] == [
            item for at, item in enumerate(items) if at not in gone
        ]


def test_turns_that_nobody_counted_stay_uncounted():
    whole = session_of(FOUR)
    uncounted = whole._replace(metadata=replace(whole.metadata, turn_count=0))
    assert edits.without_messages(uncounted, [0]).metadata.turn_count == 0
    assert edits.without_messages(whole, [0]).metadata.turn_count == 3


def test_who_said_it_is_no_text_to_replace():
    spoken = new_message(Message(None, "user", [InputText("a user asks")]))
    whole = session_of([spoken, FOUR[0]])
    item = (
        edits.with_text(whole, 0, "user", "person", keep_history=True).conversation.messages[0].item
    )
    assert item == Message(None, "user", [InputText("a person asks")])
    for number, text in [(1, "user"), (0, "")]:
        with pytest.raises(ValueError, match=f"message {number + 1} does not hold"):
            edits.with_text(whole, number, text, "person", keep_history=True)


def test_what_pairs_a_call_with_its_output_is_no_text_of_it():
    items = [
        FunctionCall("call_a", "shell", '{"command": ["call", "me"]}', "call_1"),
        FunctionCallOutput("call_1", "the call failed"),
    ]
    whole = session_of([new_message(item) for item in items])
    for number in range(2):
        whole = edits.with_text(whole, number, "call", "ring", keep_history=False)
    assert [each.item for each in whole.conversation.messages] == [
        FunctionCall("call_a", "shell", '{"command": ["ring", "me"]}', "call_1"),
        FunctionCallOutput("call_1", "the ring failed"),
    ]
    with pytest.raises(ValueError, match="does not hold"):
        edits.with_text(whole, 1, "call_1", "x", keep_history=True)


@pytest.mark.parametrize(
    "fields", [["web_call", "id", {"q": "call me"}], {"type": "web_call", "q": "call me"}]
)
def test_an_item_of_an_unknown_kind_stays_of_that_kind(fields):
    item = UnknownItem(msgpack.packb(fields))
    whole = session_of([new_message(item)])
    changed = edits.with_text(whole, 0, "call", "ring", keep_history=False)
    after = changed.conversation.messages[0].item
    assert after.tag == "web_call"
    assert b"ring me" in after.raw


def test_the_history_of_the_chosen_messages_goes_and_that_of_others_stays():
    whole = session_of(FOUR)
    for number in (1, 2):
        whole = edits.with_text(whole, number, "m", "n", keep_history=True)
    purged = edits.without_history(whole, [2, 3]).conversation.messages
    before = whole.conversation.messages
    assert purged[:2] == before[:2]
    assert (purged[2].metadata.edit_history, purged[2].metadata.edited) == ([], True)
    assert purged[3] == before[3]


@pytest.mark.parametrize(
    ("first", "second", "turns"),
    [
        # An agent's answer goes on with the turn that the first ends in; a question begins one.
        ([said(1, 0)], [said(2, 0, by="assistant"), said(3, 1)], [0, 0, 1]),
        ([said(1, 0)], [said(2, 0), said(3, 1)], [0, 1, 2]),
        ([said(1, 1)], [said(2, 0, by="assistant")], [1, 2]),
        ([said(1, 0)], [said(2, 1)], [0, 1]),
        # The last turn is the highest, wherever it stands.
        ([said(1, 3), said(2, 0)], [said(3, 0)], [3, 0, 4]),
        ([], [said(1, 0)], [0]),
        ([said(1, 0)], [], [0]),
    ],
)
def test_turns_of_a_joined_session_are_counted_on(first, second, turns):
    joined = edits.joined(session_of(first), session_of(second))
    assert [each.turn_index for each in joined.conversation.messages] == turns
    assert joined.metadata.message_count == len(turns)


def test_the_branch_of_a_copy_is_another_branch_and_that_of_the_other_half_is_not():
    branch = UUID(int=9)
    whole = [said(1), said(2, parent=1), said(3, parent=1), said(4)]
    for number in (1, 3):
        notes = replace(whole[number].metadata, branch_id=branch)
        whole[number] = replace(whole[number], metadata=notes)

    def branches(first: list[MessageSnapshot], second: list[MessageSnapshot]) -> list[UUID | None]:
        joined = edits.joined(session_of(first), session_of(second))
        return [each.metadata.branch_id for each in joined.conversation.messages]

    assert branches(whole[:2], whole[2:]) == [None, branch, None, branch]
    *original, _, one, _, other = branches(whole, whole)
    assert original == [None, branch, None, branch]
    assert one == other not in (None, branch)


def test_a_joined_session_is_as_old_as_the_older_and_a_favorite_if_either_is():
    older = new_session(messages=FOUR, created_at=EARLY, is_favorite=True)
    newer = new_session(messages=[said(5, 9)], created_at=LATE, mode=OperatingMode.PLAN)
    for first, second in ((older, newer), (newer, older)):
        joined = edits.joined(first, second)
        assert joined.metadata.created_at == EARLY
        assert joined.metadata.is_favorite
        assert joined.metadata.current_mode == second.metadata.current_mode
        assert joined.conversation.mode_history == [
            (OperatingMode.BUILD, EARLY),
            (OperatingMode.PLAN, LATE),
        ]
    assert not edits.joined(newer, newer).metadata.is_favorite
