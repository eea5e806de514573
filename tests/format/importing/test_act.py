"""An import is one act: undone as a whole, and it respects what a person did in the store."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from agcx_format import PersistenceError, SessionStore, Store, open_store
from agcx_format.importing import (
    DELETED,
    FoundSource,
    ImportOptions,
    ImportOutcome,
    ImportRun,
    SourceState,
    Workers,
    agent_named,
    import_sessions,
    look,
    look_at,
)
from tests.support.processes import end_started
from tests.support.rollout_lines import assistant, meta, user, write

OTHER = "0199bbbb-1111-7222-8333-444455556666"


@pytest.fixture(params=[open_store, SessionStore], ids=["layout 1", "layout 2"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    made: Store = request.param(tmp_path / "store")
    return made


@pytest.fixture
def rollouts(tmp_path: Path) -> Path:
    folder = tmp_path / "sessions"
    folder.mkdir()
    write(folder / "a.jsonl", meta(), user("one"))
    write(folder / "b.jsonl", meta(id=OTHER), user("two"))
    return folder


def imported(store: Store, path: Path, **options) -> list[tuple[ImportOutcome, str]]:
    results = import_sessions(store, [path], options=ImportOptions(**options))
    return [(result.outcome, result.reason) for result in results]


def outcomes(store: Store, path: Path, **options) -> list[ImportOutcome]:
    return [outcome for outcome, _ in imported(store, path, **options)]


def sizes(store: Store) -> dict[str, int]:
    return {entry.metadata.title: entry.metadata.message_count for entry in store.scan()}


def states(store: Store, path: Path) -> list[SourceState]:
    return [each.state for each in look_at(store, [path])]


def test_one_run_is_one_act_that_an_undo_takes_back(store, rollouts):
    outcomes(store, rollouts)
    write(rollouts / "a.jsonl", meta(), user("one"), assistant("more"))
    write(rollouts / "c.jsonl", meta(id=OTHER.replace("b", "c")), user("three"))
    outcomes(store, rollouts)
    assert sizes(store) == {"one": 2, "two": 1, "three": 1}
    act = store.undo()
    assert (act.kind, act.count) == ("import", 2)
    assert sizes(store) == {"one": 1, "two": 1}
    # Who imports again wants it again.
    assert states(store, rollouts) == [SourceState.NEW, SourceState.KNOWN, SourceState.NEW]
    assert outcomes(store, rollouts) == [
        ImportOutcome.UPDATED, ImportOutcome.PRESENT, ImportOutcome.IMPORTED,
    ]  # fmt: skip
    assert sizes(store) == {"one": 2, "two": 1, "three": 1}


def test_what_changes_nothing_leaves_no_act(store, rollouts):
    outcomes(store, rollouts)
    outcomes(store, rollouts)
    assert len(store.log()) == 1


@pytest.mark.parametrize("emptied", [False, True], ids=["in the trash", "destroyed"])
def test_a_deleted_session_stays_away_until_it_is_asked_for(store, rollouts, emptied):
    outcomes(store, rollouts)
    store.delete([entry for entry in store.scan() if entry.title == "one"])
    if emptied:
        store.empty_trash()
    write(rollouts / "a.jsonl", meta(), user("one"), assistant("more"))
    assert states(store, rollouts) == [SourceState.DELETED, SourceState.KNOWN]
    assert imported(store, rollouts)[0] == (ImportOutcome.SKIPPED, DELETED)
    # Codex moves its files when they are archived.
    os.rename(rollouts / "a.jsonl", rollouts / "moved.jsonl")
    assert imported(store, rollouts)[-1] == (ImportOutcome.SKIPPED, DELETED)
    assert sizes(store) == {"two": 1}
    assert outcomes(store, rollouts, deleted=True)[-1] is ImportOutcome.IMPORTED
    assert sizes(store) == {"one": 2, "two": 1}


def test_a_session_that_was_deleted_before_there_were_records_stays_away(store, rollouts):
    outcomes(store, rollouts)
    for path in (store.path / "imports").iterdir():
        path.unlink()
    store.delete(list(store.scan()))
    assert imported(store, rollouts) == [(ImportOutcome.SKIPPED, DELETED)] * 2


def test_what_was_edited_does_not_grow_and_is_reported_each_time(store, rollouts):
    outcomes(store, rollouts)
    (entry,) = (entry for entry in store.scan() if entry.title == "one")
    review = store.content.review([entry], secrets=False, texts={"one": None})
    store.content.redact(review)
    write(rollouts / "a.jsonl", meta(), user("one"), assistant("more"))
    for _ in range(2):
        outcome, reason = imported(store, rollouts)[0]
        assert outcome is ImportOutcome.SKIPPED
        assert reason
    assert store.load_session(entry.id)[0].message_count == 1


def test_a_second_conversation_of_one_id_gets_an_id_of_its_own(store, rollouts):
    outcomes(store, rollouts)
    path = write(rollouts / "c.jsonl", meta(), user("another"))
    assert outcomes(store, path) == [ImportOutcome.SKIPPED]
    # It has not grown, and is looked at nevertheless.
    assert states(store, path) == [SourceState.KEPT_OUT]
    assert outcomes(store, path, own_ids=True) == [ImportOutcome.IMPORTED]
    assert sizes(store) == {"one": 1, "two": 1, "another": 1}
    _, own, _ = next(
        map(store.load_session, [e.id for e in store.list_sessions() if e.title == "another"])
    )
    assert own.context.environment_variables["AGCX_SESSION"] in {
        str(e.id) for e in store.list_sessions()
    }
    # From then on it grows like any other.
    assert outcomes(store, path) == [ImportOutcome.PRESENT]
    write(path, meta(), user("another"), assistant("more"))
    assert outcomes(store, path) == [ImportOutcome.UPDATED]
    assert sizes(store) == {"one": 1, "two": 1, "another": 2}


def test_two_files_of_one_session_in_one_run(store, rollouts):
    write(rollouts / "c.jsonl", meta(), user("one"), assistant("more"))
    assert outcomes(store, rollouts) == [
        ImportOutcome.IMPORTED, ImportOutcome.IMPORTED, ImportOutcome.UPDATED,
    ]  # fmt: skip
    assert sizes(store) == {"one": 2, "two": 1}
    assert states(store, rollouts) == [SourceState.KNOWN] * 3
    store.undo()
    assert sizes(store) == {}


def found(store: Store, path: Path) -> list[FoundSource]:
    return [each for each in look_at(store, [path]) if isinstance(each, FoundSource)]


def test_a_run_that_is_canceled_takes_whole_sessions(store, rollouts):
    with ImportRun(store, found(store, rollouts)) as run:
        next(run.results())
        summary = run.finish()
    assert (len(summary.acts), sizes(store)) == (1, {"one": 1})
    assert outcomes(store, rollouts) == [ImportOutcome.PRESENT, ImportOutcome.IMPORTED]


def test_a_run_without_an_end_leaves_nothing(store, rollouts):
    with ImportRun(store, found(store, rollouts)) as run:
        list(run.results())
    assert sizes(store) == {}
    assert [path for path in store.path.rglob("*") if path.is_file()] == []


def test_a_session_saved_by_another_program_meanwhile_is_left_out(store, rollouts):
    outcomes(store, rollouts)
    write(rollouts / "a.jsonl", meta(), user("one"), assistant("more"))
    write(rollouts / "c.jsonl", meta(id=OTHER.replace("b", "c")), user("three"))
    with ImportRun(store, found(store, rollouts)) as run:
        list(run.results())
        other = open_store(store.path)
        (entry,) = (entry for entry in other.scan() if entry.title == "one")
        other.save_session(entry.id, *other.load_session(entry.id))
        (left_out,) = run.finish().left_out
    assert left_out.result.path.name == "a.jsonl"
    assert sizes(store) == {"one": 1, "two": 1, "three": 1}
    assert outcomes(store, rollouts)[0] is ImportOutcome.UPDATED


def test_a_file_that_no_agent_could_read_is_reported_again_without_reading_it(store, rollouts):
    agent = agent_named("codex")
    write(rollouts / "broken.jsonl", "no rollout")
    for _ in range(2):
        results = list(import_sessions(store, [rollouts], agent=agent))
        assert results[-1].outcome is ImportOutcome.FAILED
        assert "not JSON" in results[-1].reason
    assert states_of(look_at(store, [rollouts], agent))[-1] is SourceState.KNOWN


def states_of(sources) -> list[SourceState]:
    return [each.state for each in sources]


def test_what_was_found_says_how_much_is_new_and_when_it_was_last_looked_at(
    store, rollouts, monkeypatch
):
    monkeypatch.setenv("CODEX_HOME", str(rollouts.parent))
    (codex,) = look(store, [agent_named("codex")])
    assert (codex.counts, codex.looked) == ({SourceState.NEW: 2}, None)
    assert (codex.places, codex.changing) == ((rollouts,), 2)
    with ImportRun(store, codex.sources) as run:
        list(run.results())
        run.finish()
    write(rollouts / "a.jsonl", meta(), user("one"), assistant("more"))
    (codex,) = look(store, [agent_named("codex")])
    assert codex.counts == {SourceState.GROWN: 1, SourceState.KNOWN: 1}
    assert codex.looked is not None


def by_itself(store: Store, path: Path) -> list[str]:
    return [each.source.path.name for each in found(store, path) if each.comes_by_itself]


def test_an_import_in_the_background_is_in_no_history_and_leaves_alone_what_a_person_took_back(
    store, rollouts
):
    """As when the agents saved their sessions here: there is nothing to undo."""
    assert by_itself(store, rollouts) == ["a.jsonl", "b.jsonl"]
    with ImportRun(store, found(store, rollouts), ImportOptions(in_background=True)) as run:
        assert [each.outcome for each in run.results()] == [ImportOutcome.IMPORTED] * 2
        summary = run.finish()
    assert (len(summary.acts), store.log(), sizes(store)) == (1, [], {"one": 1, "two": 1})
    store.delete([entry for entry in store.scan() if entry.title == "two"])
    write(rollouts / "a.jsonl", meta(), user("one"), assistant("more"))
    write(rollouts / "b.jsonl", meta(id=OTHER), user("two"), assistant("more"))
    write(rollouts / "c.jsonl", meta(id=OTHER.replace("b", "c")), user("three"))
    assert by_itself(store, rollouts) == ["a.jsonl", "c.jsonl"]
    outcomes(store, rollouts)
    store.undo()
    # Both imports were undone, and both go on.
    write(rollouts / "a.jsonl", meta(), user("one"), assistant("more"), assistant("and more"))
    assert by_itself(store, rollouts) == []


def test_a_run_that_is_stopped_ends_while_a_process_still_reads(tmp_path, rollouts):
    store = open_store(tmp_path / "store")
    options = ImportOptions(in_background=True)
    with ImportRun(store, found(store, rollouts), options, lambda: True) as run:
        assert list(run.results()) == []
        assert run.finish().acts == ()


def test_several_processes_give_the_same(store, rollouts):
    write(rollouts / "c.jsonl", meta(), user("one"), assistant("more"))
    (rollouts / "x.jsonl").write_text("no rollout\n", encoding="utf-8")
    codex = agent_named("codex")
    options = ImportOptions(processes=2)
    results = list(import_sessions(store, [rollouts], agent=codex, options=options))
    assert [each.outcome for each in results] == [
        ImportOutcome.IMPORTED, ImportOutcome.IMPORTED, ImportOutcome.UPDATED, ImportOutcome.FAILED,
    ]  # fmt: skip
    assert sizes(store) == {"one": 2, "two": 1}


def test_a_process_that_the_system_ends_fails_the_run_and_the_next_one_starts_another(
    tmp_path, rollouts, monkeypatch
):
    store, workers = open_store(tmp_path / "store"), Workers(1)
    started = end_started(monkeypatch, 1)
    with (
        ImportRun(store, found(store, rollouts), workers=workers) as run,
        pytest.raises(PersistenceError, match="ended by the system"),
    ):
        list(run.results())
    with ImportRun(store, found(store, rollouts), workers=workers) as run:
        list(run.results())
        run.finish()
    workers.close()
    assert sizes(store) == {"one": 1, "two": 1}
    assert [each.poll() for each in started] == [-signal.SIGKILL] * 2
