"""What a check says of what holds between the files of a store."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest
from msgspec.structs import replace

from agcx_format.codec import bincode
from agcx_format.doctor.checks import verify_store
from agcx_format.doctor.report import Severity
from agcx_format.layout import index
from agcx_format.model.session import SessionMetadata
from agcx_format.store.acts.act_dirs import UNFINISHED
from agcx_format.store.staging import Staging
from agcx_format.store.store import open_store
from tests.support.golden_files import GOLDEN, V2
from tests.support.stores import contents, copy_of, golden_session, id_of


def codes(root: Path) -> set[tuple[str, str, str]]:
    """Kind, severity and code of what is found, but for what single files are known for."""
    return {
        (report.kind, finding.severity.value, finding.code)
        for report in verify_store(open_store(root))
        for finding in report.findings
        if finding.code not in ("time-order", "count", "unreadable-for-rust")
    }


def test_golden_stores_hold_together():
    # The session `full` names two checkpoints that were never written.
    missing = ("session", "warning", "missing-checkpoint")
    assert codes(GOLDEN / "v1") == {missing}
    # And layout 2's test wrote checkpoints that no session lists.
    assert codes(GOLDEN / "v2") == {missing, ("checkpoint", "info", "unlisted")}
    assert codes(GOLDEN / "manager-store") == set()


def test_every_file_of_a_store_has_a_report():
    kinds = [report.kind for report in verify_store(open_store(GOLDEN / "v2"))]
    assert kinds.count("session") == kinds.count("metadata copy") == len(V2)
    assert kinds.count("checkpoint") == 3
    assert kinds.count("index") == 1


def test_checking_changes_nothing(tmp_path):
    root = copy_of("manager-store", tmp_path / "store")
    before = contents(root, trash=True)
    list(verify_store(open_store(root)))
    assert contents(root, trash=True) == before


def test_a_store_that_is_not_there_has_nothing_to_tell(tmp_path):
    assert list(verify_store(open_store(tmp_path / "none"))) == []


def test_two_files_with_one_id_are_told_once(tmp_path):
    root = copy_of("manager-store", tmp_path / "store")
    first = next(root.glob("*.agcx"))
    shutil.copy(first, root / "copy of it.agcx")
    assert codes(root) == {("store", "warning", "twins")}


def test_an_index_that_lags_is_no_fault_and_a_broken_one_is(tmp_path):
    root = tmp_path / "store"
    store = open_store(root)
    store.save_session(id_of("times"), *golden_session("times"))
    store.save_session(id_of("unicode"), *golden_session("unicode"))
    gone = golden_session("empty")[0]
    stale = replace(golden_session("times")[0], title="As it was")
    store.save_index(index.build([gone, stale]))
    assert codes(root) == {
        ("index", "info", code) for code in ("index-lacks", "index-extra", "index-stale")
    }
    store.save_index(index.build(store.list_sessions()))
    assert codes(root) == set()
    (root / "sessions.idx").write_bytes(b"\xff" * 40)
    assert codes(root) == {("index", "warning", "unreadable")}


def test_a_copy_of_the_metadata_that_says_something_else(tmp_path):
    root = copy_of("v2", tmp_path / "store")
    known = codes(root)
    one, other = sorted((root / "metadata").iterdir())[:2]
    session = root / "sessions" / f"{one.stem}.agcx"
    metadata = bincode.decode(SessionMetadata, one.read_bytes())
    one.write_bytes(bincode.encode(replace(metadata, title="Another")))
    os.utime(one, (2e9, 2e9))
    other.write_bytes(b"\x10")
    assert codes(root) - known == {
        ("metadata copy", "warning", "differs"),
        ("metadata copy", "warning", "unreadable"),
    }
    os.utime(session, (2.1e9, 2.1e9))
    assert ("metadata copy", "info", "stale") in codes(root)


@pytest.mark.parametrize(
    ("name", "severity"),
    [
        ("5af40c88-028e-4622-be8e-79c474100258.tmp", "warning"),
        ("sessions.tmp", "warning"),
        (".x.agcx.0123456789ab.agcx-tmp", "info"),
        (".5af40c88-028e-4622-be8e-79c474100258.agcx.agcx-aside", "info"),
        (".5af40c88-028e-4622-be8e-79c474100258.agcx.1.2.3.4.agcx-swap", "info"),
    ],
)
def test_leftovers_are_told_of_and_left(tmp_path, name: str, severity: str):
    root = copy_of("manager-store", tmp_path / "store")
    (root / name).write_bytes(b"half")
    assert codes(root) == {("leftover", severity, "leftover")}
    assert (root / name).read_bytes() == b"half"


def test_an_import_at_work_is_nothing_and_one_that_was_killed_is_a_leftover(tmp_path):
    root = copy_of("manager-store", tmp_path / "store")
    with Staging(root):
        assert codes(root) == set()
    assert codes(root) == set()
    (root / "trash" / "staging-0123456789ab").mkdir()
    assert codes(root) == {("leftover", "info", "leftover")}
    store = open_store(root)
    store.delete([next(store.scan())])
    assert codes(root) == set()


def test_a_trash_that_nobody_understands_is_told_of(tmp_path):
    root = copy_of("manager-store", tmp_path / "store")
    store = open_store(root)
    act = store.delete([next(store.scan())])
    assert not any(kind == "act" for kind, _, _ in codes(root))
    (root / "trash" / act.id / "manifest.json").write_text("{")
    assert ("act", "warning", "act") in codes(root)


def test_a_broken_checkpoint_is_an_error(tmp_path):
    root = copy_of("manager-store", tmp_path / "store")
    path = next((root / "checkpoints").iterdir())
    path.write_bytes(path.read_bytes()[:-3])
    assert codes(root) == {("checkpoint", "error", "unreadable")}
    path.unlink()
    assert codes(root) == {("session", "warning", "missing-checkpoint")}


def test_stopping_ends_the_reports():
    store = open_store(GOLDEN / "v1")
    assert len(list(verify_store(store, should_stop=lambda: True))) <= 1


def test_what_an_interrupted_act_left_is_told_of(tmp_path):
    root = copy_of("manager-store", tmp_path / "store")
    store = open_store(root)
    act = store.delete([next(store.scan())])
    home = root / "trash" / act.id
    os.rename(home, root / "trash" / f"{act.id}{UNFINISHED}")
    before = contents(root, trash=True)
    reports = [report for report in verify_store(store) if report.kind == "act"]
    assert [report.severity for report in reports] == [Severity.WARNING]
    assert act.id in str(reports[0].path)
    assert contents(root, trash=True) == before


def test_a_folder_that_cannot_be_read_is_one_finding(monkeypatch, tmp_path):
    """A disk that fails, or a right that is missing: once, not once for each reason to look there."""
    root = copy_of("manager-store", tmp_path / "store")
    listdir = os.listdir

    def failing(path):
        if os.fspath(path).rstrip("/").endswith("checkpoints"):
            raise OSError(errno.EIO, "Input/output error")
        return listdir(path)

    monkeypatch.setattr(os, "listdir", failing)
    (whole,) = [report for report in verify_store(open_store(root)) if report.kind == "store"]
    found = [finding.reason for finding in whole.findings if finding.code == "unreadable"]
    assert found == ["checkpoints: input/output error"]
