"""A session in the other layout, in place: what both can hold stays, and undo restores the old file."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import UUID

import pytest
from msgspec.structs import replace

from agcx_format import (
    LayoutCannotHold,
    OperatingMode,
    StaleSession,
    Store,
    open_store,
    read_session,
    write_session,
)
from agcx_format.codec import messagepack
from agcx_format.layout import checkpoint, index
from agcx_format.store import paths
from agcx_format.store.acts import encoder
from tests.format.store.test_incoming import A, filled, problems
from tests.support.everything import SESSION, everything
from tests.support.golden_files import V1, V2, GoldenSession
from tests.support.stores import contents, golden_session

B = UUID(int=6 << 96)
LAYOUTS = pytest.mark.parametrize("layouts", [(1, 2), (2, 1)], ids=["1 to 2", "2 to 1"])


def entries(store: Store) -> list:
    return list(store.scan())


def index_layout(store: Store) -> int:
    return index.decode((store.path / paths.INDEX).read_bytes())[1]


@LAYOUTS
def test_a_store_is_converted_with_all_that_belongs_to_it(tmp_path: Path, layouts):
    store = filled(tmp_path / "store", layouts[0])
    store.rebuild_index()
    before, session = contents(store.path), store.load_session(A)
    checkpoints = [store.load_checkpoint(A, each.id) for each in session[0].checkpoints]
    lost = store.losses(entries(store)[0], layouts[1])
    act = store.convert(entries(store), layouts[1])
    assert (act.kind, act.count) == ("convert", 1)
    (entry,) = entries(store)
    assert entry.layout == layouts[1]
    after = store.load_session(A)
    assert after[1].messages == session[1].messages
    assert (after[1].context, after[2]) == (session[1].context, session[2])
    assert after[0].checkpoints == session[0].checkpoints
    assert bool(lost) == (after[1].mode_history != session[1].mode_history)
    for each in checkpoints:
        found = store.load_checkpoint(A, each.metadata.id)
        assert (found.conversation, found.state) == (each.conversation, each.state)
        (path,) = (store.path / "checkpoints").iterdir()
        assert checkpoint.layout_of(path.read_bytes()).version == layouts[1]
    assert (index_layout(store), store.load_index().sessions.keys()) == (layouts[1], {A})
    assert problems(store) == []
    store.undo()
    assert contents(store.path) == before
    assert index_layout(store) == layouts[0]


@LAYOUTS
def test_there_and_back_again_the_bytes_are_the_same(tmp_path: Path, layouts):
    """As far as both can hold it: the mode changes here but once."""
    store = Store(tmp_path, layout=layouts[0])
    metadata, conversation, state = everything()
    history = [(metadata.current_mode, metadata.created_at)]
    conversation = replace(conversation, mode_history=history)
    store.save_session(SESSION, replace(metadata, checkpoints=[]), conversation, state)
    path = Path(entries(store)[0].path)
    before = path.read_bytes()
    for layout in reversed(layouts):
        assert store.losses(entries(store)[0], layout) == []
        store.convert(entries(store), layout)
    assert store.load_session(SESSION)[1] == conversation
    if layouts[0] == 1:
        assert path.read_bytes() == before


def golden_twins() -> list[tuple[GoldenSession, GoldenSession]]:
    """The sessions that the Rust code wrote in both layouts."""
    twins = {each.name: each for each in V2 if each.rust_load == "ok"}
    return [(each, twins[each.name]) for each in V1 if each.name in twins]


def test_what_is_converted_is_what_the_rust_code_writes_in_that_layout(tmp_path: Path):
    """Apart from what one layout cannot hold, and numbers that are measured."""
    pairs = golden_twins()
    assert len(pairs) > 20
    for source, target in [*pairs, *(pair[::-1] for pair in pairs)]:
        root = tmp_path / str(source.layout) / source.name
        (root / "sessions").mkdir(parents=True)
        path = root / ("sessions" if source.layout == 2 else "") / f"{source.id}.agcx"
        path.write_bytes(source.data)
        store = open_store(root)
        store.convert(store.scan(), target.layout)
        (entry,) = store.scan()
        found, wanted = read_session(entry.path), read_session(target.path)
        fields = {"message_count", "file_size", "compression_ratio"}
        measured = {name: getattr(found[0], name) for name in fields}
        wanted_metadata = replace(wanted[0], **measured, id=found[0].id)
        history = replace(wanted[1], mode_history=found[1].mode_history, id=found[1].id)
        for one, other in zip(found, (wanted_metadata, history, wanted[2]), strict=True):
            # Encoded, since a number may be none.
            assert messagepack.encode(one) == messagepack.encode(other), source.name


def test_while_sessions_of_both_layouts_are_there_the_index_stays_what_it_is(tmp_path: Path):
    store = filled(tmp_path, 2)
    session = golden_session("full")
    session = replace(session[0], id=B), replace(session[1], id=B), session[2]
    store.save_session(B, *session)
    one, other = sorted(entries(store), key=lambda entry: str(entry.id))
    store.convert([one], 1)
    assert index_layout(store) == 2
    store.convert([other], 1)
    assert index_layout(store) == 1
    assert store.load_index().sessions.keys() == {A, B}


def test_what_a_checkpoint_of_layout_1_cannot_hold_is_said_before(tmp_path: Path):
    store = Store(tmp_path, layout=2)
    metadata, conversation, state = everything()
    store.save_session(SESSION, replace(metadata, checkpoints=[]), conversation, state)
    with store.editing(SESSION) as editor:
        editor.checkpoint("odd")
    before = contents(tmp_path)
    (entry,) = store.scan()
    for ask in (lambda: store.losses(entry, 1), lambda: store.convert([entry], 1)):
        with pytest.raises(LayoutCannotHold, match="unknown kind"):
            ask()
    assert contents(tmp_path) == before
    assert store.acts() == []


def test_a_damaged_checkpoint_stays_as_it_is(tmp_path: Path):
    store = filled(tmp_path, 1)
    (path,) = (tmp_path / "checkpoints").iterdir()
    path.write_bytes(b"damaged")
    (entry,) = store.scan()
    assert "is damaged, and stays so" in " ".join(store.losses(entry, 2))
    store.convert([entry], 2)
    assert path.read_bytes() == b"damaged"


def test_a_session_that_is_in_both_layouts_is_not_converted(tmp_path: Path):
    store = filled(tmp_path, 1)
    (entry,) = store.scan()
    (tmp_path / "sessions").mkdir()
    write_session(tmp_path / "sessions" / f"{A}.agcx", *store.load_session(A), layout=2)
    for ask in (lambda: store.losses(entry, 2), lambda: store.convert([entry], 2)):
        with pytest.raises(StaleSession, match="already"):
            ask()


def test_a_session_that_changed_meanwhile_is_not_converted(tmp_path: Path):
    store = filled(tmp_path, 1)
    (entry,) = store.scan()
    with store.editing(A) as editor:
        editor.switch_mode(OperatingMode.REVIEW)
    with pytest.raises(StaleSession):
        store.convert([entry], 2)


def test_what_has_the_layout_already_makes_no_act(tmp_path: Path):
    store = filled(tmp_path, 1)
    assert store.convert(store.scan(), 1).id == ""
    assert store.acts() == []
    with pytest.raises(ValueError, match="3"):
        store.convert(store.scan(), 3)


def test_more_than_memory_should_hold_is_held_on_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(encoder.limits, "KEPT_FOR_ACT", 0)
    store = filled(tmp_path, 1)
    session = store.load_session(A)
    store.convert(store.scan(), 2)
    assert store.load_session(A)[1].messages == session[1].messages
    assert problems(store) == []


def test_a_link_is_replaced_and_what_it_leads_to_stays(tmp_path: Path):
    store = filled(tmp_path / "store", 1)
    path, real = Path(entries(store)[0].path), tmp_path / "real.agcx"
    os.rename(path, real)
    path.symlink_to(real)
    data = real.read_bytes()
    store.convert(entries(store), 2)
    assert [entry.layout for entry in store.scan()] == [2]
    assert real.read_bytes() == data
    store.undo()
    assert path.is_symlink()


def test_a_copy_into_a_new_store_of_layout_2_gets_the_index_of_layout_2(tmp_path: Path):
    from agcx_format.store import find_incoming

    filled(tmp_path / "from", 1)
    target = Store(tmp_path / "to", layout=2)
    target.copy_in(find_incoming(tmp_path / "from"))
    assert index_layout(target) == 2
    assert open_store(target.path).load_index().sessions.keys() == {A}
