"""Importing twice adds only what is new, and never takes away what a person did."""

from __future__ import annotations

import os
from uuid import UUID

import msgspec
import pytest

from agcx_format import SessionStore, open_store
from agcx_format.importing.codex.rollout import Codex
from agcx_format.importing.results import ImportOutcome
from agcx_format.importing.run import ImportOptions, import_sessions
from agcx_format.layout import v2
from agcx_format.model.items import Message, OutputText
from agcx_format.model.session import CheckpointMetadata
from agcx_format.model.timestamps import Timestamp
from tests.support.rollout_lines import SESSION, assistant, meta, user, write

OTHER = "0199bbbb-1111-7222-8333-444455556666"


@pytest.fixture
def store(tmp_path):
    return open_store(tmp_path / "store")


@pytest.fixture
def rollouts(tmp_path):
    directory = tmp_path / "sessions"
    directory.mkdir()
    return directory


def outcomes(store, *paths, **options) -> list[ImportOutcome]:
    return [result.outcome for result in import_sessions(store, paths, **options)]


def files(store) -> dict[str, bytes]:
    if not store.path.exists():
        return {}
    return {path.name: path.read_bytes() for path in store.path.glob("*.agcx")}


def test_a_second_run_adds_only_what_is_new(store, rollouts):
    write(rollouts / "a.jsonl", meta(), user("one"))
    assert outcomes(store, rollouts) == [ImportOutcome.IMPORTED]
    before = files(store)
    write(rollouts / "b.jsonl", meta(id=OTHER), user("two"))
    assert outcomes(store, rollouts) == [ImportOutcome.PRESENT, ImportOutcome.IMPORTED]
    assert before.items() <= files(store).items()
    assert {m.title for m in store.list_sessions()} == {"one", "two"}


def test_one_path_is_a_path_and_not_the_letters_of_its_name(store, rollouts):
    path = write(rollouts / "a.jsonl", meta(), user("one"))
    (one,) = import_sessions(store, os.fspath(path))
    (same,) = import_sessions(store, rollouts)
    (again,) = import_sessions(store, [os.fspath(rollouts)])
    assert one.path == same.path == again.path == path


def test_what_was_imported_reads_back_as_it_was_converted(store, rollouts):
    path = write(rollouts / "a.jsonl", meta(), user("one"), assistant("two"))
    (result,) = import_sessions(store, [path])
    metadata, conversation, _ = store.load_session(result.id)
    assert metadata.message_count == len(conversation.messages) == result.report.messages == 2
    assert metadata.file_size == (store.path / f"{SESSION}.agcx").stat().st_size
    assert metadata.compression_ratio > 0


def test_a_dry_run_tells_the_same_and_writes_nothing(store, rollouts):
    write(rollouts / "a.jsonl", meta(), user("one"), assistant("two"))
    write(rollouts / "b.jsonl", meta(), user("one"))
    write(rollouts / "c.jsonl", meta(id=OTHER), user("three"))
    dry = outcomes(store, rollouts, dry_run=True)
    assert outcomes(store, rollouts, options=ImportOptions(dry_run=True)) == dry
    assert not store.path.exists()
    assert dry == outcomes(store, rollouts)
    assert dry == [ImportOutcome.IMPORTED, ImportOutcome.PRESENT, ImportOutcome.IMPORTED]


def test_a_session_that_grew_is_brought_up_to_date(store, rollouts):
    path = write(rollouts / "a.jsonl", meta(), user("one"))
    outcomes(store, path)
    write(path, meta(), user("one"), assistant("two"))
    assert outcomes(store, path) == [ImportOutcome.UPDATED]
    (metadata,) = store.list_sessions()
    assert metadata.message_count == 2
    assert outcomes(store, path) == [ImportOutcome.PRESENT]


CHECKPOINT = CheckpointMetadata(
    UUID(OTHER), "before the change", Timestamp("2026-01-01T00:00:00Z"), 0, None
)


@pytest.mark.parametrize(
    "change",
    [{"title": "Mine"}, {"tags": ["mine"]}, {"is_favorite": True}, {"checkpoints": [CHECKPOINT]}],
)
def test_what_a_person_did_to_a_session_stays_when_it_grows(store, rollouts, change):
    path = write(rollouts / "a.jsonl", meta(), user("one"))
    (first,) = import_sessions(store, [path])
    metadata, conversation, state = store.load_session(first.id)
    store.save_session(first.id, msgspec.structs.replace(metadata, **change), conversation, state)
    before = files(store)
    assert outcomes(store, path) == [ImportOutcome.PRESENT]
    assert files(store) == before
    write(path, meta(), user("one"), assistant("two"))
    assert outcomes(store, path) == [ImportOutcome.UPDATED]
    (grown,) = store.list_sessions()
    assert (grown.message_count, {name: getattr(grown, name) for name in change}) == (2, change)
    assert outcomes(store, path) == [ImportOutcome.PRESENT]


def test_another_conversation_of_the_same_id_is_not_overwritten(store, rollouts):
    outcomes(store, write(rollouts / "a.jsonl", meta(), user("one")))
    before = files(store)
    longer = write(rollouts / "b.jsonl", meta(), user("else"), assistant("two"))
    assert outcomes(store, longer) == [ImportOutcome.SKIPPED]
    assert files(store) == before


def test_a_conversation_that_was_edited_is_not_replaced_by_one_that_grew(store, rollouts):
    path = write(rollouts / "a.jsonl", meta(), user("one"), assistant("two"))
    (first,) = import_sessions(store, [path])
    metadata, conversation, state = store.load_session(first.id)
    edited = Message(None, "assistant", [OutputText("what a person made of it")])
    conversation.messages[1] = msgspec.structs.replace(conversation.messages[1], item=edited)
    store.save_session(first.id, metadata, conversation, state)
    before = files(store)
    write(path, meta(), user("one"), assistant("two"), user("three"))
    (result,) = import_sessions(store, [path])
    assert (result.outcome, files(store)) == (ImportOutcome.SKIPPED, before)
    assert "edited" in result.reason


def test_what_the_window_showed_and_when_stays_with_a_session_that_grew(store, rollouts):
    path = write(rollouts / "a.jsonl", meta(), user("one"))
    (first,) = import_sessions(store, [path])
    metadata, conversation, state = store.load_session(first.id)
    opened = Timestamp("2999-01-01T00:00:00Z")
    shown = msgspec.structs.replace(state, scroll_offset=17, search_query="needle")
    seen = msgspec.structs.replace(metadata, last_accessed=opened)
    store.save_session(first.id, seen, conversation, shown)
    write(path, meta(), user("one"), assistant("two"))
    assert outcomes(store, path) == [ImportOutcome.UPDATED]
    grown, conversation, state = store.load_session(first.id)
    assert (len(conversation.messages), state) == (2, shown)
    assert grown.last_accessed == opened


def test_an_older_copy_does_not_shorten_a_session(store, rollouts):
    outcomes(store, write(rollouts / "a.jsonl", meta(), user("one"), assistant("two")))
    older = write(rollouts / "b.jsonl", meta(), user("one"))
    assert outcomes(store, older) == [ImportOutcome.PRESENT]
    assert store.list_sessions()[0].message_count == 2


def test_an_unreadable_file_of_the_store_is_left_alone(store, rollouts):
    store.path.mkdir()
    (store.path / f"{SESSION}.agcx").write_bytes(b"AGCX broken")
    path = write(rollouts / "a.jsonl", meta(), user("one"))
    (result,) = import_sessions(store, [path])
    assert result.outcome is ImportOutcome.FAILED
    assert (store.path / f"{SESSION}.agcx").read_bytes() == b"AGCX broken"


@pytest.mark.parametrize("agent", [Codex(), None], ids=["codex", "any agent"])
def test_one_bad_file_does_not_stop_the_rest(store, rollouts, agent):
    bad = write(rollouts / "a.jsonl", "no rollout")
    write(rollouts / "b.jsonl", meta())
    write(rollouts / "c.jsonl", meta(), user("one"))
    paths = [rollouts / "missing", rollouts] if agent else [rollouts / "missing", bad, rollouts]
    results = list(import_sessions(store, paths, agent=agent))
    assert [result.outcome for result in results] == [
        ImportOutcome.FAILED, ImportOutcome.FAILED, ImportOutcome.SKIPPED, ImportOutcome.IMPORTED,
    ]  # fmt: skip
    assert results[0].path == rollouts / "missing"
    assert all(result.reason for result in results[:3])


def test_a_file_that_did_not_change_is_not_read_again(store, rollouts):
    path = write(rollouts / f"rollout-2025-09-25T08-02-05-{SESSION}.jsonl", meta(), user("one"))
    read = []

    class Counting(Codex):
        def read(self, source):
            read.append(source)
            return super().read(source)

    assert outcomes(store, path, agent=Counting()) == [ImportOutcome.IMPORTED]
    assert outcomes(store, path, agent=Counting()) == [ImportOutcome.PRESENT]
    assert len(read) == 1
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))
    assert outcomes(store, path, agent=Counting()) == [ImportOutcome.PRESENT]
    assert len(read) == 2


@pytest.mark.parametrize("has_index", [True, False], ids=["with an index", "without"])
def test_what_is_imported_into_layout_2_is_in_the_index_that_agcodex_lists(
    tmp_path, rollouts, has_index: bool
):
    store = SessionStore(tmp_path / "store")
    write(rollouts / "a.jsonl", meta(), user("one"))
    list(import_sessions(store, [rollouts]))
    if not has_index:
        (store.path / "sessions.idx").unlink()
    write(rollouts / "a.jsonl", meta(), user("one"), assistant("two"))
    write(rollouts / "b.jsonl", meta(id=OTHER), user("two"))
    list(import_sessions(store, [rollouts]))
    sessions = store.load_index().sessions
    assert sessions == {each.id: each for each in store.list_sessions()}
    assert sorted(each.title for each in sessions.values()) == ["one", "two"]
    for each in sessions.values():
        size = (store.path / "sessions" / f"{each.id}.agcx").stat().st_size
        assert each.file_size == size - v2.HEADER


def test_what_was_imported_until_somebody_stopped_is_in_the_index(tmp_path, rollouts):
    store = SessionStore(tmp_path / "store")
    write(rollouts / "a.jsonl", meta(), user("one"))
    write(rollouts / "b.jsonl", meta(id=OTHER), user("two"))
    results = import_sessions(store, [rollouts])
    first = next(results)
    results.close()
    assert set(store.load_index().sessions) == {first.id}
