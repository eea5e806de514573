"""A file that cannot be read for a reason outside of it is read again by the next import."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
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


@pytest.mark.skipif(os.geteuid() == 0, reason="this user may read everything")
def test_a_file_that_nobody_may_read_is_read_when_it_may_be(store, rollout):
    rollout.chmod(0)
    assert taken(store, rollout).reason == "permission denied"
    rollout.chmod(0o600)
    assert taken(store, rollout).outcome is ImportOutcome.IMPORTED


def test_a_file_that_there_was_no_memory_for_is_read_when_there_is(store, rollout):
    class Hungry(Codex):
        def read(self, source: Source) -> Imported:
            raise MemoryError

    (failed,) = import_sessions(store, [rollout], agent=Hungry())
    assert failed.reason == "there is not enough memory to read it"
    assert taken(store, rollout).outcome is ImportOutcome.IMPORTED


def test_a_database_that_cannot_be_copied_names_the_temporary_directory(tmp_path, monkeypatch):
    path = tmp_path / "a.db"
    with contextlib.closing(sqlite3.connect(path)) as writer:
        writer.execute("pragma journal_mode = wal")
        writer.execute("create table t (a)")
        # As on another machine: the log is there, and what its readers share is not.
        for end in ("", "-wal"):
            shutil.copy(f"{path}{end}", tmp_path / f"copy.db{end}")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(SourceUnavailable) as failed, opened_read_only(tmp_path / "copy.db"):
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


@pytest.mark.skipif(os.geteuid() == 0, reason="this user may read everything")
def test_a_database_that_nobody_may_read_is_one_to_be_read_another_time(tmp_path):
    path = tmp_path / "opencode.db"
    path.touch(0)
    with pytest.raises(SourceUnavailable), read_stored(Source(path)):
        pass


def test_a_session_that_is_gone_may_be_there_another_time(tmp_path):
    with pytest.raises(SourceUnavailable), read_stored(Source(tmp_path / "gone.db")):
        pass
