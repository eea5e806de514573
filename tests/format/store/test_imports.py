"""Sessions that an import takes in: one act with its records, which an undo takes back."""

from __future__ import annotations

import os
import time
from pathlib import Path
from uuid import UUID

import pytest
from msgspec.structs import replace

from agcx_format import SessionStorage, SessionStore, Store, new_session, open_store
from agcx_format.disk.durable import Signature
from agcx_format.layout import by_version
from agcx_format.model.session import Session
from agcx_format.store.import_records import ImportRecord, RecordState
from agcx_format.store.imports import Arrival
from agcx_format.store.staging import Staging, write_staged
from tests.support.stores import contents

A, B = (UUID(int=n << 96) for n in (1, 2))


@pytest.fixture(params=[SessionStorage, SessionStore], ids=["layout 1", "layout 2"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    made: Store = request.param(tmp_path / "store")
    made.save_session(B, *session(B, "as it was"))
    made.rebuild_index()
    return made


def session(session_id: UUID, title: str) -> Session:
    made = new_session(title=title)
    return (
        replace(made.metadata, id=session_id),
        replace(made.conversation, id=session_id),
        made.state,
    )


def record(session_id: UUID, changed_ns: int = 1) -> ImportRecord:
    return ImportRecord(os.fsencode(f"/from/{session_id}"), 1, changed_ns, session_id.bytes, "1")


def arrival(store: Store, staging: Staging, session_id: UUID, title: str) -> Arrival:
    codec = by_version(store.layout)
    given, *rest = session(session_id, title)
    indexed, parts = codec.encode_measured(given, *rest, level=1)
    staged = write_staged(f"{staging.path}/{session_id}", parts)
    there = next((entry for entry in store.scan() if entry.id == session_id), None)
    return Arrival(
        staged,
        codec.version,
        codec.as_stored(given, indexed),
        indexed,
        there and there.path,
        there and there.signature,
        record(session_id),
        "codex",
    )


def taken(store: Store, *titles: tuple[UUID, str], as_saved: bool = False):
    with Staging(store.path) as staging:
        arrivals = [arrival(store, staging, *each) for each in titles]
        return store.imports.take(arrivals, {}, as_saved=as_saved)


def titles(store: Store) -> dict[UUID, str]:
    indexed = {each.id: each.title for each in store.load_index().sessions.values()}
    scanned = {entry.id: entry.title for entry in open_store(store.path).scan()}
    assert indexed == scanned
    return scanned


def test_many_sessions_are_one_act_and_leave_nothing_behind(store: Store):
    done = taken(store, (A, "new"), (B, "grown"))
    assert titles(store) == {A: "new", B: "grown"}
    (act,) = done.acts
    assert (act.kind, act.titles) == ("import", ["new", "grown"])
    assert store.log()[0].id == act.id
    assert not list(store.path.glob("trash/staging-*"))
    assert store.imports.records("codex").session_ids() == {A, B}


def test_an_undo_puts_back_what_grew_and_marks_the_records(store: Store):
    before = contents(store.path)
    taken(store, (A, "new"), (B, "grown"))
    store.undo()
    assert titles(store) == {B: "as it was"}
    left = {name: data for name, data in contents(store.path).items() if "imports" not in name}
    assert left == before
    records = store.imports.records("codex")
    for each in (A, B):
        found = records.get(record(each).source)
        assert found is not None
        assert (found.state, found.changed_ns) == (RecordState.WITHDRAWN, 0)


def test_what_another_program_saved_meanwhile_is_left_out_and_the_rest_is_taken(store: Store):
    with Staging(store.path) as staging:
        arrivals = [arrival(store, staging, A, "new"), arrival(store, staging, B, "grown")]
        open_store(store.path).save_session(B, *session(B, "saved meanwhile"))
        done = store.imports.take(arrivals, {})
    assert titles(store) == {A: "new", B: "saved meanwhile"}
    assert [each.metadata.id for each in done.left_out] == [B]
    assert store.imports.records("codex").session_ids() == {A}


def test_what_is_taken_as_saved_is_in_no_history_and_keeps_no_version(store: Store):
    done = taken(store, (A, "new"), (B, "grown"), as_saved=True)
    assert titles(store) == {A: "new", B: "grown"}
    # What it changed can still be told.
    assert sum(step.path.endswith(".agcx") for step in done.acts[0].steps) == 2
    assert (store.log(), store.imports.records("codex").session_ids()) == ([], {A, B})
    assert [path.name for path in store.path.glob("trash/*") if "reserve" not in path.name] == []


@pytest.mark.parametrize("as_saved", [False, True])
def test_what_was_imported_a_moment_ago_is_at_work_only_once_a_program_saved_it(
    store: Store, as_saved: bool
):
    taken(store, (A, "new"), as_saved=as_saved)
    now = time.time_ns()

    def at_work() -> set[UUID | None]:
        entries = [entry for entry in store.scan() if entry.id == A]
        return {entry.id for entry in Store(store.path).at_work(entries, now)}

    assert at_work() == set()
    open_store(store.path).save_session(A, *session(A, "by a program"))
    assert at_work() == {A}


def test_when_a_session_was_written_stays_known_while_its_source_brings_nothing_new(store: Store):
    taken(store, (A, "new"))
    (written,) = store.imports.records("codex").written()
    store.imports.take([], {"codex": [record(A, changed_ns=2)]})
    records = store.imports.records("codex")
    assert records.get(record(A).source).changed_ns == 2
    assert list(records.written()) == [written]
    store.imports.take([], {"codex": [replace(record(A), session=B.bytes)]})
    assert list(store.imports.records("codex").written()) == []


def test_records_alone_need_no_act(store: Store):
    done = store.imports.take([], {"codex": [record(A)]})
    assert (done.acts, store.log()) == ((), [])
    assert store.imports.records("codex").session_ids() == {A}


def test_damaged_records_count_as_missing(store: Store):
    taken(store, (A, "new"))
    path = store.path / "imports" / "codex.idx"
    path.write_bytes(path.read_bytes()[:-1])
    assert len(store.imports.records("codex")) == 0


def test_records_are_not_read_through_a_link(store: Store, tmp_path: Path):
    taken(store, (A, "new"))
    elsewhere = tmp_path / "elsewhere"
    (store.path / "imports").rename(elsewhere)
    (store.path / "imports").symlink_to(elsewhere)
    assert len(store.imports.records("codex")) == 0


def test_what_a_killed_import_left_is_removed_and_what_is_in_use_stays(store: Store):
    killed = store.path / "trash" / "staging-0123456789ab"
    killed.mkdir(parents=True)
    (killed / "x").write_bytes(b"half")
    with Staging(store.path) as staging:
        open_store(store.path).save_session(A, *session(A, "new"))
        assert not killed.exists()
        assert Path(staging.path).is_dir()


def test_a_staged_file_keeps_the_mode_of_the_one_it_replaces(store: Store):
    path = next(Path(entry.path) for entry in store.scan())
    path.chmod(0o640)
    taken(store, (B, "grown"))
    assert path.stat().st_mode & 0o777 == 0o640
    assert Signature.at(path) is not None
