"""bincode does not say how many fields a reasoning item has: both readings are tried, message by message.

Checkpoints of layout 1 are bincode and hold such items, also in the history of an edited message.
"""

from __future__ import annotations

import itertools
from uuid import UUID

import pytest
from msgspec.structs import replace

from agcx_format.codec import bincode
from agcx_format.errors import BincodeDecodeError
from agcx_format.layout import checkpoint
from agcx_format.model.items import (
    MessageSnapshot,
    Reasoning,
    ReasoningText,
    ReasoningWithoutContent,
    SummaryText,
)
from agcx_format.model.session import Checkpoint, CheckpointMetadata
from tests.support.stores import golden_session

FIRST: MessageSnapshot = golden_session("full")[1].messages[0]

# Each of the forms that Rust writes, with every combination of what may be absent.
LONG = [
    Reasoning("r", summary, content, sealed)
    for summary in ([], [SummaryText("s")])
    for content in (None, [ReasoningText("t")])
    for sealed in (None, "", "sealed text of some length")
]
SHORT = [
    ReasoningWithoutContent("r", summary, sealed)
    for summary in ([], [SummaryText("s")])
    for sealed in (None, "", "sealed text of some length")
]


def with_items(*items) -> MessageSnapshot:
    """The first is the item of now, the others are earlier ones."""
    now, *earlier = items
    history = [(FIRST.timestamp, item) for item in earlier]
    metadata = replace(FIRST.metadata, edited=bool(history), edit_history=history)
    return replace(FIRST, item=now, metadata=metadata)


@pytest.mark.parametrize("item", LONG + SHORT, ids=repr)
def test_either_form_is_read_as_what_was_written(item):
    message = with_items(item)
    data = bincode.encode(message)
    assert bincode.decode(MessageSnapshot, data) == message
    # And what follows is not taken for a part of it.
    assert bincode.decode_prefix(MessageSnapshot, data + bytes(40)) == (message, len(data))


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_any_mixture_of_both_forms_in_one_message(count: int):
    for items in itertools.product([LONG[5], SHORT[0], SHORT[-1]], repeat=count):
        message = with_items(*items)
        assert bincode.decode(MessageSnapshot, bincode.encode(message)) == message


def test_messages_after_each_other_do_not_share_what_was_found_out():
    _metadata, conversation, state = golden_session("full")
    items = [SHORT[0], LONG[0], SHORT[-1], LONG[-1], SHORT[3]]
    messages = [with_items(item) for item in items]
    note = CheckpointMetadata(UUID(int=7), "before", FIRST.timestamp, 5, None)
    value = Checkpoint(note, replace(conversation, messages=messages), state)
    data = b"".join(checkpoint.encode(value, 1))
    assert checkpoint.decode(data, note) == value


def test_damage_behind_such_an_item_is_told_where_it_is():
    """Not where one of the readings that were tried gave up first."""
    message = with_items(SHORT[-1], SHORT[0])
    data = bincode.encode(message)
    # The flag behind the history is neither false nor true.
    flag = len(bincode.encode(message)) - len(_after_history(message))
    assert data[flag] in (0, 1)
    damaged = data[:flag] + b"\x07" + data[flag + 1 :]
    with pytest.raises(BincodeDecodeError) as caught:
        bincode.decode(MessageSnapshot, damaged)
    assert caught.value.offset == flag


def _after_history(message: MessageSnapshot) -> bytes:
    """What is written behind the history: the fields after it, as bincode has no names."""
    with_none = replace(message.metadata, edited=False, edit_history=[])
    # A bool, and the count of the history, come first.
    return bincode.encode(with_none)[2:]


def test_every_cut_is_an_error_within_the_data():
    data = bincode.encode(with_items(SHORT[-1], LONG[-1], SHORT[0]))
    for end in range(len(data)):
        with pytest.raises(BincodeDecodeError) as caught:
            bincode.decode(MessageSnapshot, data[:end])
        assert 0 <= caught.value.offset <= end


def test_a_message_with_very_many_such_items_ends_in_an_error_and_soon():
    """Two readings for each of them: all combinations of sixty would take for ever."""
    message = with_items(*[SHORT[0]] * 60)
    data = bincode.encode(message)
    with pytest.raises(BincodeDecodeError):
        bincode.decode(MessageSnapshot, data[:-1])
