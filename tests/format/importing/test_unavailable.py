"""A file that cannot be read for a reason outside of it is read again by the next import."""

from __future__ import annotations

import contextlib
import resource
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from agcx_format import limits, open_store
from agcx_format.importing import ImportOutcome, ImportResult, agent_named, import_sessions
from agcx_format.importing.agent import Source
from agcx_format.importing.codex.rollout import Codex
from agcx_format.importing.formats.opencode_store import read_stored
from agcx_format.importing.formats.sqlite import all_rows, opened_read_only
from agcx_format.importing.imported import Imported
from agcx_format.importing.unavailable import SourceUnavailable
from agcx_format.transcript.words import text_of
from tests.support import transcript_lines as claude
from tests.support.agent_databases import opencode_older
from tests.support.privileges import without_privileges
from tests.support.rollout_lines import meta, user, write


@pytest.fixture
def store(tmp_path):
    return open_store(tmp_path / "store")


@pytest.fixture
def rollout(tmp_path, monkeypatch):
    """One that needs temporary files, of words that cannot be compressed."""
    monkeypatch.setattr(limits, "SOURCE_IN_MEMORY", 10_000)
    monkeypatch.setattr(limits, "PAGE_OF_MESSAGES", 10_000)
    random = Random(1)
    return write(
        tmp_path / "a.jsonl", meta(), *[user(random.randbytes(500).hex()) for _ in range(90)]
    )


def taken(store, path, agent: str = "codex") -> ImportResult:
    (result,) = import_sessions(store, [path], agent=agent_named(agent))
    return result


@contextlib.contextmanager
def a_full_disk() -> Iterator[None]:
    """No file may be larger than a few kilobytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16 * 1024, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_temporary_directory_is_named_and_the_import_goes_well_another_time(store, rollout):
    with a_full_disk():
        failed = taken(store, rollout)
    assert failed.outcome is ImportOutcome.FAILED
    where = tempfile.gettempdir()
    assert failed.reason == f"reading it takes temporary files in {where}: file too large"
    assert not list(store.path.glob("*.agcx"))
    assert taken(store, rollout).outcome is ImportOutcome.IMPORTED


def test_a_temporary_directory_that_is_gone_is_named(store, rollout, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    assert f"temporary files in {tmp_path / 'gone'}: no such file" in taken(store, rollout).reason
    monkeypatch.undo()
    assert taken(store, rollout).outcome is ImportOutcome.IMPORTED


def test_a_file_that_nobody_may_read_is_read_when_it_may_be(store, rollout):
    with forbidden(rollout):
        assert taken(store, rollout).reason == "permission denied"
    assert taken(store, rollout).outcome is ImportOutcome.IMPORTED


def test_a_file_that_there_was_no_memory_for_is_read_when_there_is(store, rollout):
    class Hungry(Codex):
        def read(self, source: Source) -> Imported:
            raise MemoryError

    (failed,) = import_sessions(store, [rollout], agent=Hungry())
    assert failed.reason == "there is not enough memory to read it"
    assert taken(store, rollout).outcome is ImportOutcome.IMPORTED


def test_an_importer_with_a_fault_stops_only_the_file_that_it_fails_on(store, tmp_path):
    class Faulty(Codex):
        def read(self, source: Source) -> Imported:
            if source.path.name == "a.jsonl":
                raise IndexError("list index out of range")
            return super().read(source)

    paths = [write(tmp_path / name, meta(), user("one")) for name in ("a.jsonl", "b.jsonl")]
    failed, other = import_sessions(store, paths, agent=Faulty())
    assert (failed.outcome, failed.reason) == (
        ImportOutcome.FAILED,
        "the importer failed: IndexError: list index out of range",
    )
    assert other.outcome is ImportOutcome.IMPORTED


def copied_with_its_log(tmp_path: Path) -> Path:
    """A database as on another machine: the log is there, and what its readers share is not."""
    path, copy = tmp_path / "a.db", tmp_path / "copy.db"
    with contextlib.closing(sqlite3.connect(path)) as writer:
        writer.execute("pragma journal_mode = wal")
        writer.execute("create table t (a)")
        for end in ("", "-wal"):
            shutil.copy(f"{path}{end}", f"{copy}{end}")
    return copy


def test_a_database_that_cannot_be_copied_names_the_temporary_directory(tmp_path, monkeypatch):
    path = copied_with_its_log(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(SourceUnavailable) as failed, opened_read_only(path):
        pass
    assert failed.value.reason.startswith(f"reading it takes temporary files in {tmp_path}")


def test_rows_that_there_is_no_room_to_sort_are_not_taken_for_damaged(tmp_path):
    path = tmp_path / "a.db"
    with contextlib.closing(sqlite3.connect(path)) as writer, writer:
        writer.execute("create table t (a)")
        writer.executemany("insert into t values (?)", [(n,) for n in range(100)])
    query = "select a from t {how} order by randomblob(100000)"
    with opened_read_only(path) as db:
        assert len(all_rows(db, query)) == 100
    with pytest.raises(SourceUnavailable) as failed, a_full_disk(), opened_read_only(path) as db:
        all_rows(db, query)
    assert failed.value.path == str(path)


def test_a_database_that_nobody_may_read_is_one_to_be_read_another_time(tmp_path):
    path = tmp_path / "opencode.db"
    path.touch()
    with forbidden(path), pytest.raises(SourceUnavailable), read_stored(Source(path)):
        pass


def test_a_session_that_is_gone_may_be_there_another_time(tmp_path):
    with pytest.raises(SourceUnavailable), read_stored(Source(tmp_path / "gone.db")):
        pass


@contextlib.contextmanager
def forbidden(path: Path) -> Iterator[None]:
    """Nothing may read a file or folder."""
    mode = path.stat().st_mode
    path.chmod(0)
    try:
        with without_privileges():
            yield
    finally:
        path.chmod(mode)


@pytest.mark.parametrize("beside", ["message", "part", "file"])
def test_a_session_in_files_is_not_taken_without_one_that_cannot_be_read_now(
    store, tmp_path, beside
):
    session = opencode_older(tmp_path)
    folder = next((tmp_path / "storage" / beside.replace("file", "part")).iterdir())
    closed = next(folder.iterdir()) if beside == "file" else folder
    with forbidden(closed):
        failed = taken(store, session, "opencode")
    assert (failed.outcome, failed.reason) == (ImportOutcome.FAILED, "permission denied")
    result = taken(store, session, "opencode")
    assert result.outcome is ImportOutcome.IMPORTED
    assert result.report is not None
    assert not result.report.bad_lines


def test_a_log_that_cannot_be_read_is_named_rather_than_its_copy(tmp_path):
    path = copied_with_its_log(tmp_path)
    log = Path(f"{path}-wal")
    with (
        forbidden(log),
        pytest.raises(SourceUnavailable) as failed,
        opened_read_only(path),
    ):
        pass
    assert (failed.value.path, failed.value.reason) == (str(log), "permission denied")


def test_a_result_that_cannot_be_read_now_is_not_taken_as_its_preview(store, tmp_path):
    preview = "<persisted-output>\nFull output saved to: /far/away/toolu_1.txt\n\nThe beginn"
    path = write(
        tmp_path / f"{claude.SESSION}.jsonl",
        claude.user("Read it."),
        claude.assistant(claude.use("Read", "toolu_1")),
        claude.user([claude.result(preview, "toolu_1")]),
    )
    whole = tmp_path / claude.SESSION / "tool-results" / "toolu_1.txt"
    whole.parent.mkdir(parents=True)
    whole.write_text("The beginning and the end.")
    with forbidden(whole):
        assert taken(store, path, "claude").reason == "permission denied"
    result = taken(store, path, "claude")
    assert result.outcome is ImportOutcome.IMPORTED
    last = store.load_session(result.id)[1].messages[-1].item
    assert text_of(last) == "The beginning and the end."


@pytest.mark.parametrize("name", ["x" * 5000, "\N{SNOWMAN}" * 86, ".."])
def test_a_name_that_no_file_has_is_that_of_no_result(store, tmp_path, name):
    preview = f"<persisted-output>\nFull output saved to: /far/{name}\n\nThe beginn"
    path = write(
        tmp_path / f"{claude.SESSION}.jsonl",
        claude.user("Read it."),
        claude.user([claude.result(preview, "toolu_1")]),
    )
    assert taken(store, path, "claude").outcome is ImportOutcome.IMPORTED
