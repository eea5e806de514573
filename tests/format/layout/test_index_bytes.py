"""An index that is changed within its bytes says the same as one that is decoded, changed and encoded."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from agcx_format.errors import IndexCorrupted
from agcx_format.layout import index, index_bytes
from agcx_format.model.session import SessionIndex, SessionMetadata
from agcx_format.model.timestamps import Timestamp
from agcx_format.store.index_file import read_index
from tests.support.golden_files import GOLDEN
from tests.support.stores import golden_session

LAYOUTS = [1, 2]
TEMPLATE = golden_session("empty")[0]
GOLDEN_INDEXES = ["index-v1-0", "index-v1-1", "index-v1-30", "manager-store", "v2"]


def uuid(number: int) -> UUID:
    return UUID(int=number * 0x1_0001_0001_0001_0001)


def metadata(number: int, accessed: int, tags: list[str], favorite: bool, size: int):
    moment = Timestamp.from_ns(accessed * 1_000_000_007)
    return replace(
        TEMPLATE,
        id=uuid(number),
        title=f"Session {number} " * (1 + number % 40),
        last_accessed=moment,
        tags=tags,
        is_favorite=favorite,
        file_size=size,
    )


sessions = st.builds(
    metadata,
    st.integers(0, 60),
    st.integers(0, 10**10),
    st.lists(st.sampled_from(["ui", "bug", "naïve", "x" * 300]), max_size=3),
    st.booleans(),
    st.integers(0, 2**40),
)


def said(value: SessionIndex) -> tuple:
    """All but orders that mean nothing; sessions of one moment may be recent in either order."""
    accessed = [value.sessions[each].last_accessed for each in value.recent_sessions]
    tags = {tag: sorted(ids) for tag, ids in value.tag_index.items()}
    return (
        value.sessions,
        accessed,
        sorted(value.favorite_sessions),
        tags,
        value.total_size_bytes,
    )


@pytest.mark.parametrize("layout", LAYOUTS)
@given(st.lists(sessions, max_size=40), st.lists(st.tuples(sessions, st.booleans()), max_size=5))
def test_it_says_what_a_decoded_one_would(layout, there, wanted):
    present = index.build({each.id: each for each in there}.values())
    changes: Mapping[UUID, SessionMetadata | None] = {
        each.id: None if gone else each for each, gone in wanted
    }
    new = index_bytes.edited(index.encode(present, layout), changes)
    assert new is not None
    data = new.data
    # Told where the entries end, it finds the same.
    again = index_bytes.edited(data, {}, new.end)
    assert again is not None
    assert (again.end, said(index.decode(again.data)[0])) == (new.end, said(index.decode(data)[0]))
    found, found_layout = index.decode(data)
    assert said(found) == said(index.changed(present, changes))
    # Without a session the first bytes do not tell the layouts apart; each reads the other's.
    assert found_layout == layout
    assert index.encode(found, layout) == data


@pytest.mark.parametrize("name", GOLDEN_INDEXES)
def test_an_index_of_rust_is_changed_in_its_bytes(name: str):
    data = (GOLDEN / name / "sessions.idx").read_bytes()
    present, _layout = read_index(GOLDEN / name / "sessions.idx")
    assert index_bytes.session_ids(data) == {each.bytes for each in present.sessions}
    known = [each for each in present.sessions.values() if each.file_size < 2**50]
    if present.total_size_bytes == 2**64 - 1 or not known:
        return
    starred = replace(known[0], is_favorite=not known[0].is_favorite, tags=["new", *known[0].tags])
    new = index_bytes.edited(data, {starred.id: starred})
    assert new is not None
    found = index.decode(new.data)[0]
    assert found.sessions == {**present.sessions, starred.id: starred}
    assert (starred.id in found.favorite_sessions) == starred.is_favorite
    assert found.tag_index["new"] == [starred.id]
    assert found.recent_sessions == present.recent_sessions


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_entry_that_stands_in_a_title_is_not_taken_for_one(layout: int):
    """Ids that are text can be written into a title, key and all."""
    victim = replace(metadata(1, 5, [], False, 10), id=UUID(bytes=b"0123456789abcdef"))
    forged = "\x100123456789abcdef" * 4
    hostile = replace(metadata(2, 9, [], False, 20), title=forged)
    present = index.build([hostile, victim])
    changes = {victim.id: replace(victim, is_favorite=True)}
    new = index_bytes.edited(index.encode(present, layout), changes)
    assert new is None or said(index.decode(new.data)[0]) == said(index.changed(present, changes))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_is_damaged_is_left_to_the_decoder(layout: int):
    present = index.build([metadata(number, number, ["ui"], True, 9) for number in range(30)])
    data = index.encode(present, layout)
    changes = {uuid(3): metadata(3, 3, [], False, 9)}
    for cut in range(len(data)):
        assert index_bytes.edited(data[:cut], changes) is None
    assert index_bytes.edited(data + b"\0", changes) is None
    for at in range(0, len(data), 7):
        damaged = data[:at] + bytes([data[at] ^ 0x41]) + data[at + 1 :]
        new = index_bytes.edited(damaged, changes)
        if new is None:
            continue
        # Entries that do not change are copied, whatever is in them.
        try:
            expected = index.changed(index.decode(damaged)[0], changes)
        except IndexCorrupted:
            continue
        assert index.decode(new.data)[0].sessions == expected.sessions


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_session_that_rust_lists_twice_is_listed_once_when_it_changes(layout: int):
    one, other = metadata(1, 1, ["ui"], True, 5), metadata(2, 2, ["ui"], True, 5)
    twice = replace(
        index.build([one, other]),
        favorite_sessions=[one.id, other.id, one.id],
        tag_index={"ui": [one.id, other.id, one.id]},
    )
    new = index_bytes.edited(index.encode(twice, layout), {one.id: replace(one, title="New")})
    assert new is not None
    found = index.decode(new.data)[0]
    assert found.favorite_sessions == [other.id, one.id]
    assert found.tag_index == {"ui": [other.id, one.id]}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_next_one_takes_the_place_of_a_recent_session_that_goes(layout: int):
    every = [metadata(number, number * 10**6, [], False, 1) for number in range(1, 31)]
    data = index.encode(index.build(every), layout)
    new = index_bytes.edited(data, {every[-1].id: None})
    assert new is not None
    newest = [each.id for each in reversed(every[-21:-1])]
    assert index.decode(new.data)[0].recent_sessions == newest
