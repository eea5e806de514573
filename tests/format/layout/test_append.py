"""A session that messages were added to, or that was never whole in memory, is the same to the byte."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

import pytest
from msgspec.structs import replace

from agcx_format import (
    InputText,
    Message,
    MessageSnapshot,
    OperatingMode,
    PersistenceError,
    Timestamp,
    new_message,
    new_session,
)
from agcx_format.codec.messagepack import encode_messages
from agcx_format.layout import by_version, v1
from agcx_format.layout.base import Addition, Kept
from agcx_format.layout.v2 import LAYOUT as LAYOUT2
from tests.format.layout.test_third_layout import Layout3
from tests.support.stores import golden_session

PLAN = [(OperatingMode.PLAN, Timestamp("2026-01-02T03:04:05Z"))]


def messages(count: int, size: int, seed: int) -> list[MessageSnapshot]:
    """Text that cannot be compressed, so that frames differ."""
    random = Random(seed)
    texts = [random.randbytes(size // 2).hex() for _ in range(count)]
    return [
        new_message(Message(None, "user", [InputText(text)]), timestamp="2026-01-01T00:00:00Z")
        for text in texts
    ]


def joined(old: bytes, parts) -> bytes:
    return b"".join(old[p.start : p.end] if isinstance(p, Kept) else p for p in parts)


def hold(pieces: Iterable[bytes]) -> tuple[int, list[bytes]]:
    held = list(pieces)
    return sum(map(len, held)), held


# Around each size of the array's header, and below and above the size from which there are frames.
@pytest.mark.parametrize(
    ("there", "size", "more"),
    [(0, 10, 1), (3, 100, 0), (14, 100, 2), (65_534, 2, 3), (15, 500_000, 4), (17, 500_000, 1),
     (17, 600_000, 10), (300, 40_000, 100)],
)  # fmt: skip
@pytest.mark.parametrize("layout", [1, 2])
def test_appending_gives_what_writing_the_whole_gives(
    layout: int, there: int, size: int, more: int
):
    kind = by_version(layout)
    metadata, conversation, state = new_session(title="a", messages=messages(there, size, 1))
    added = messages(more, size, 2)
    old = b"".join(kind.encode_measured(metadata, conversation, state, 3)[1])
    new = kind.appended(old, Addition(added, PLAN), lambda each: replace(each, title="b"), 3)
    whole = replace(
        conversation,
        messages=[*conversation.messages, *added],
        mode_history=[*conversation.mode_history, *PLAN],
    )
    named = replace(metadata, title="b")
    indexed, parts = kind.encode_measured(named, whole, state, 3)
    assert joined(old, new.parts) == b"".join(parts)
    assert new.indexed == indexed
    held = kind.encode_held(named, whole, state, 3, hold)
    assert (held.indexed, b"".join(held.parts)) == (indexed, b"".join(parts))
    assert held.size == sum(map(len, parts))
    assert new.metadata == kind.as_stored(named, indexed)


def test_frames_between_the_first_and_the_last_are_taken_over():
    there = messages(40, 500_000, 1)
    old = b"".join(v1.LAYOUT.encode_measured(*new_session(messages=there), 3)[1])
    new = v1.LAYOUT.appended(old, Addition(messages(1, 100, 2)), lambda each: each, 3)
    taken = sum(part.end - part.start for part in new.parts if isinstance(part, Kept))
    assert taken > 0.8 * len(old)


def test_messages_in_a_shape_of_another_time_stay_as_they_are():
    """Saving the whole would write them in today's shape; adding to them touches none."""
    metadata, conversation, state = golden_session("full")
    raw = encode_messages(conversation.messages)
    old = b"".join(v1.LAYOUT.assemble(metadata, raw, b"\x95\xa0\x80\x90\xc0\xc0", None, state, 3))
    new = v1.LAYOUT.appended(old, Addition(messages(1, 10, 2)), lambda each: each, 3)
    found = v1.LAYOUT.decode(joined(old, new.parts))[1].messages
    assert found[:-1] == conversation.messages


def test_a_layout_without_a_way_of_its_own_can_do_it_too():
    session = new_session(messages=messages(3, 10, 1))
    kind = Layout3()
    old = b"".join(kind.encode_measured(*session, 3)[1])
    new = kind.appended(old, Addition(messages(2, 10, 2)), lambda each: each, 3)
    assert len(kind.decode(joined(old, new.parts))[1].messages) == 5


@pytest.mark.parametrize("kind", [v1.LAYOUT, LAYOUT2], ids=["layout 1", "layout 2"])
def test_nothing_is_added_to_a_damaged_file(kind):
    old = b"".join(kind.encode_measured(*new_session(messages=messages(3, 1000, 1)), 3)[1])
    for size in range(0, len(old) - 1, 97):
        with pytest.raises(PersistenceError):
            kind.appended(old[:size], Addition(messages(1, 10, 2)), lambda each: each, 3)
