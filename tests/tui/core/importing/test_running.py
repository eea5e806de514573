"""An import that a screen asked for is one act, and when it is canceled keeps what was read whole."""

from __future__ import annotations

from threading import Event

import pytest

from agcx_format import open_store
from agcx_format.importing import ImportOutcome, agent_named, look_at
from agcx_tui.core.importing.running import RunningImport
from tests.support.rollout_lines import SESSION, meta, user, write


@pytest.fixture
def store(tmp_path):
    return open_store(tmp_path / "store")


@pytest.fixture
def found(store, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(3):
        head = meta(id=f"{SESSION[:-1]}{number}")
        write(folder / f"{number}.jsonl", head, user(f"number {number}"))
    (folder / "x.jsonl").write_text("x\n", encoding="utf-8")
    return list(look_at(store, [folder], agent_named("codex")))


def titles(store) -> list[str]:
    return sorted(entry.title for entry in store.scan())


def test_all_that_was_found_is_one_act(store, found):
    running = RunningImport(store, found)
    *_, last = running.read(Event())
    outcome = running.finish(store)
    running.close()
    assert titles(store) == ["number 0", "number 1", "number 2"]
    assert {entry.title for entry in outcome.entries} == set(titles(store))
    assert last.outcomes == {ImportOutcome.IMPORTED: 3, ImportOutcome.FAILED: 1}
    assert [result.path.name for result in last.failed] == ["x.jsonl"]
    assert (last.done, last.found, last.bytes_done) == (4, 4, last.size)
    store.undo(outcome.act.id)
    assert titles(store) == []


def test_what_was_read_before_a_cancel_is_kept_and_counted(store, found):
    running = RunningImport(store, found)
    running.cancel()
    (last,) = running.read(Event())
    assert (last.done, last.found, last.outcomes) == (1, 4, {ImportOutcome.IMPORTED: 1})
    running.finish(store)
    running.close()
    assert titles(store) == ["number 0"]
    assert list((store.path / "trash").glob("staging*")) == []


def test_what_is_closed_before_its_thread_begins_begins_nothing(store, found):
    running = RunningImport(store, found)
    running.close()
    assert list(running.read(Event())) == []
    assert list((store.path / "trash").glob("staging*")) == []


def test_what_is_not_finished_leaves_nothing(store, found):
    running = RunningImport(store, found)
    list(running.read(Event()))
    running.close()
    assert (titles(store), store.log()) == ([], [])
    assert list((store.path / "trash").glob("staging*")) == []
