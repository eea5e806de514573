"""Sessions of another store, of a file, and of an export come in whole, with checkpoints and index."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
from msgspec.structs import replace

from agcx_format import (
    ConversionError,
    FunctionCallOutput,
    OperatingMode,
    PersistenceError,
    StaleSession,
    Store,
    open_store,
)
from agcx_format.doctor import verify_store
from agcx_format.doctor.report import Severity
from agcx_format.exporting.json_document import session_json
from agcx_format.store import Incoming, find_incoming, is_same
from tests.support.stores import contents, golden_session

A = UUID(int=5 << 96)


def filled(root: Path, layout: int) -> Store:
    store = Store(root, layout=layout)
    metadata, conversation, state = golden_session("full")
    session = replace(metadata, id=A, checkpoints=[]), replace(conversation, id=A), state
    store.save_session(A, *session)
    with store.editing(A) as editor:
        editor.switch_mode(OperatingMode.PLAN)
        editor.checkpoint("before")
        editor.add(FunctionCallOutput("c", "done"))
    return store


def found(path: Path) -> list[Incoming]:
    each = list(find_incoming(path))
    assert all(isinstance(one, Incoming) for one in each)
    return each


def problems(store: Store) -> list[str]:
    reports = verify_store(store)
    return [
        f"{r.path}: {f}" for r in reports for f in r.findings if f.severity is not Severity.INFO
    ]


@pytest.mark.parametrize("layout", [1, 2])
def test_a_store_is_copied_byte_for_byte_into_an_empty_one(tmp_path: Path, layout: int):
    source, target = filled(tmp_path / "from", layout), open_store(tmp_path / "to")
    act = target.copy_in(found(source.path))
    assert (act.kind, act.count) == ("copy", 1)
    before, after = contents(source.path), contents(target.path)
    same = {name for name in before if name.endswith((".agcx", ".ckpt", ".meta"))}
    assert {name: before[name] for name in same} == {name: after[name] for name in same}
    assert target.load_index().sessions.keys() == ({A} if layout == 2 else set())
    assert problems(target) == []
    target.undo()
    assert not list(target.scan())
    assert target.list_sessions() == []


@pytest.mark.parametrize("layouts", [(1, 2), (2, 1)], ids=str)
def test_a_session_takes_the_layout_of_the_store_that_it_comes_to(tmp_path: Path, layouts):
    source = filled(tmp_path / "from", layouts[0])
    target = Store(tmp_path / "to", layout=layouts[1])
    (incoming,) = found(source.path)
    assert bool(incoming.losses(layouts[1])) == (layouts[1] == 1)
    target.copy_in([incoming])
    one, other = source.load_session(A), target.load_session(A)
    assert one[1].messages == other[1].messages
    assert (one[1].context, one[2]) == (other[1].context, other[2])
    assert one[0].checkpoints == other[0].checkpoints
    (checkpoint,) = target.list_checkpoints(A)
    kept = [store.load_checkpoint(A, checkpoint.id) for store in (source, target)]
    assert kept[0].conversation.messages == kept[1].conversation.messages
    assert is_same(target, incoming)
    assert problems(target) == []


def test_a_file_alone_and_an_export_come_in_as_well(tmp_path: Path):
    source = filled(tmp_path / "from", 1)
    session = source.load_session(A)
    export = tmp_path / "export.json"
    export.write_bytes(session_json(*session))
    for path in (export, tmp_path / "from" / f"{A}.agcx"):
        target = open_store(tmp_path / f"to-{path.suffix}")
        target.copy_in(found(path))
        assert target.load_session(A)[1] == session[1]
        assert target.load_session(A)[0].title == session[0].title


def test_nothing_that_is_there_is_replaced(tmp_path: Path):
    source, target = filled(tmp_path / "from", 1), open_store(tmp_path / "to")
    target.copy_in(found(source.path))
    before = contents(target.path)
    with pytest.raises(StaleSession, match="already"):
        target.copy_in(found(source.path))
    assert contents(target.path) == before


def test_a_session_that_changes_meanwhile_does_not_come_in(tmp_path: Path):
    source, target = filled(tmp_path / "from", 1), open_store(tmp_path / "to")
    incoming = found(source.path)
    source.update_metadata(A, title="Changed")
    with pytest.raises(StaleSession):
        target.copy_in(incoming)
    assert not list(target.scan())


def test_what_is_no_session_is_said(tmp_path: Path):
    (tmp_path / "notes.json").write_text('{"a": 1}')
    with pytest.raises(ConversionError, match="not a session as JSON"):
        list(find_incoming(tmp_path / "notes.json"))
    with pytest.raises(PersistenceError):
        list(find_incoming(tmp_path / "nothing"))
    source = filled(tmp_path / "from", 1)
    path = source.path / f"{A}.agcx"
    path.write_bytes(path.read_bytes()[:9])
    (error,) = find_incoming(source.path)
    assert isinstance(error, PersistenceError)
    store = filled(tmp_path / "whole", 1)
    store.back_up(tmp_path / "backup.tar")
    with pytest.raises(ConversionError, match="agcx backup restore"):
        list(find_incoming(tmp_path / "backup.tar"))
    (kept,) = (store.path / "checkpoints").iterdir()
    with pytest.raises(ConversionError, match="a checkpoint"):
        list(find_incoming(kept))
