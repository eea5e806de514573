"""A store that somebody sent: what lies in its trash is only files, and reaches nothing outside of it.

Looking at a store removes nothing and moves nothing out of it or into it; a change refuses what would.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from agcx_format import PersistenceError, open_store
from agcx_format.disk.durable import Signature
from agcx_format.doctor.checks import verify_store
from agcx_format.errors import CorruptData, UndoConflict
from agcx_format.model.timestamps import ns_of
from agcx_format.store.acts.manifest import Step, checked, decode
from agcx_format.store.acts.perform import perform
from tests.slow.crash.versions import session
from tests.support.stores import contents, copy_of
from tests.support.waiting import LIMIT
from tests.tui.cli.conftest import run, run_program

NAME = "20260101T000000.000000Z-delete-abcdef"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """What belongs to a person and not to the store."""
    folder = tmp_path / "home"
    (folder / "deep" / "deeper").mkdir(parents=True)
    (folder / "private.txt").write_bytes(b"private")
    (folder / "deep" / "manifest.json").write_bytes(b"{}")
    (folder / "deep" / "deeper" / "more").write_bytes(b"more")
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return copy_of("manager-store", tmp_path / "store")


SUFFIXES = ["", ".pending", ".undoing", ".undone", ".emptying", ".emptied", ".undone.emptying"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_looking_at_a_store_follows_no_link_in_its_trash(
    suffix: str, root: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HOME", str(root.parent / "home of the program"))
    before = contents(outside)
    trash = root / "trash"
    trash.mkdir()
    (trash / f"{NAME}{suffix}").symlink_to(outside)
    (trash / f"evil{suffix}").symlink_to("../../home")
    store = open_store(root)
    assert len(list(store.scan())) == 2
    assert store.trash() == []
    store.acts()
    store.log()
    for arguments in (("list",), ("trash", "list"), ("undo", "--list"), ("stats",)):
        assert run(*arguments, "--store", root).exit_code == 0
    # A change of the store, and emptying the trash, find nothing of theirs there either.
    entry = next(iter(store.scan()))
    store.delete([entry])
    store.undo()
    store.empty_trash()
    assert contents(outside) == before


def act_with(root: Path, suffix: str, **files: str) -> Path:
    """An act as a crash could leave it, with a manifest that says little, and with links in it."""
    home = root / "trash" / f"{NAME}{suffix}"
    home.mkdir(parents=True)
    plain = {
        "format": 1, "kind": "delete", "created_at": "2026-01-01T00:00:00Z", "sessions": [],
        "steps": [{"op": "move", "path": "a.agcx", "derived": False}], "ready": True,
    }  # fmt: skip
    (home / "manifest.json").write_text(json.dumps(plain))
    for name, target in files.items():
        (home / name).symlink_to(target)
    return home


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("side", ["files", "before", "new", "undone", "gone", "other"])
def test_links_inside_an_act_are_not_followed(suffix: str, side: str, root: Path, outside: Path):
    (outside / "a.agcx").write_bytes(b"private")
    before = contents(outside)
    act_with(root, suffix, **{side: str(outside)})
    store = open_store(root)
    entry = next(iter(store.scan()))
    store.update_metadata(entry.id, title="a change")
    for change in (lambda: store.undo(), lambda: store.undo(NAME), lambda: store.empty_trash()):
        with contextlib.suppress(PersistenceError):
            change()
    assert contents(outside) == before


def test_opening_removes_only_what_a_manifest_names(root: Path):
    home = act_with(root, ".emptying")
    (home / "files").mkdir()
    (home / "files" / "a.agcx").write_bytes(b"named")
    (home / "files" / "b.agcx").write_bytes(b"not named")
    (home / "notes.txt").write_bytes(b"somebody's")
    open_store(root)
    assert not (home / "files" / "a.agcx").exists()
    assert (home / "files" / "b.agcx").read_bytes() == b"not named"
    assert (home / "notes.txt").read_bytes() == b"somebody's"
    # Whoever asks for it destroys what lies in the trash.
    open_store(root).empty_trash()
    assert not home.exists() or open_store(root).to_destroy() == []


@pytest.mark.parametrize("folder", ["checkpoints", "metadata", "sessions", "trash"])
def test_a_folder_of_the_store_that_is_a_link_is_not_acted_through(
    folder: str, root: Path, tmp_path: Path
):
    elsewhere = tmp_path / "elsewhere"
    if (root / folder).is_dir():
        shutil.move(root / folder, elsewhere)
    elsewhere.mkdir(exist_ok=True)
    (elsewhere / ".x.agcx.0123456789ab.agcx-tmp").write_bytes(b"looks like a leftover")
    (root / folder).symlink_to(elsewhere)
    before, names = contents(elsewhere), sorted(os.listdir(root))
    store = open_store(root)
    changes: list[Callable[[], object]] = [
        lambda: store.delete(list(store.scan())),
        lambda: store.update_many([(entry, {"title": "new"}) for entry in store.scan()]),
        lambda: store.duplicate(next(iter(store.scan())).id),
        lambda: store.empty_trash(),
    ]
    for change in changes:
        try:
            change()
        except (PersistenceError, StopIteration):
            continue
        open_store(root).undo() if open_store(root).acts() else None
    assert contents(elsewhere) == before
    assert sorted(name for name in os.listdir(root) if name != "trash") == [
        name for name in names if name != "trash"
    ]


PATHS = [
    "../x", "/etc/passwd", "a/../../x", "", ".", "..", "a//b", "a/", "/", "nul\0", "\ud800", "x" * 300,
    "a/" * 3000 + "b", "trash/x", "Trash/x", "trash", 5, None, ["a"],
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS, ids=lambda path: repr(path)[:20])
def test_what_is_carried_out_is_what_is_read_back(path, tmp_path: Path):
    """One function decides for both."""
    step = Step("move", path)
    with pytest.raises((ValueError, TypeError)):
        checked(step)
    with pytest.raises((ValueError, TypeError)):
        perform(tmp_path, "delete", [step], [])
    data = json.dumps(manifest(steps=[{"op": "move", "path": path}])).encode()
    with pytest.raises(CorruptData):
        decode(data, NAME, undone=False)
    assert os.listdir(tmp_path) == []


def manifest(**changed) -> dict:
    return {
        "format": 1, "kind": "delete", "created_at": "2026-01-01T00:00:00Z", "sessions": [], "steps": [],
    } | changed  # fmt: skip


MANIFESTS = {
    "nothing": b"",
    "cut": json.dumps(manifest()).encode()[:-3],
    "a list": b"[]",
    "deep": b"[" * 100_000,
    "not UTF-8": b"\xff\xfe\x00",
    "NUL in a path": json.dumps(manifest(steps=[{"op": "move", "path": "a\0b"}])).encode(),
    "a lone surrogate": json.dumps(manifest(steps=[{"op": "move", "path": "a\ud800"}])).encode(),
    "the year 9999": json.dumps(manifest(created_at="9999-12-31T23:59:59.999999Z")).encode(),
    "the year 262142": json.dumps(manifest(created_at="+262142-01-01T00:00:00Z")).encode(),
    "4,200 digits": b'{"format":1,"kind":"x","created_at":"2026-01-01T00:00:00Z","steps":[],'
    b'"sessions":[["a","b",' + b"9" * 4200 + b"]]}",
    "5,000 digits": b'{"format":1,"kind":"x","created_at":"2026-01-01T00:00:00Z","steps":[],'
    b'"sessions":[["a","b",' + b"9" * 5000 + b"]]}",
    "infinity": json.dumps(manifest(sessions=[["a", "b", float("inf")]])).encode(),
    "another format": json.dumps(manifest(format=2)).encode(),
    "a step of numbers": json.dumps(manifest(steps=[5])).encode(),
    "a signature of texts": json.dumps(
        manifest(steps=[{"op": "create", "path": "a", "after": ["x", "y", "z"]}])
    ).encode(),
}


@pytest.mark.parametrize("suffix", ["", ".pending", ".undoing", ".emptying", ".undone"])
@pytest.mark.parametrize("data", MANIFESTS.values(), ids=MANIFESTS.keys())
def test_a_store_works_whatever_a_manifest_says(data: bytes, suffix: str, root: Path):
    home = root / "trash" / f"{NAME}{suffix}"
    home.mkdir(parents=True)
    (home / "manifest.json").write_bytes(data)
    store = open_store(root)
    assert len(list(store.scan())) == 2
    entry = next(iter(store.scan()))
    act = store.delete([entry])
    assert store.log()[0].id == act.id
    store.undo()
    assert len(list(open_store(root).scan())) == 2
    if suffix in ("", ".pending", ".undoing") and store.log()[-1].problem:
        reports = [report for report in verify_store(open_store(root)) if NAME in report.path]
        assert reports


def test_an_act_whose_manifest_cannot_be_read_is_named_and_gives_its_sessions_back(root: Path):
    store = open_store(root)
    first, second = list(store.scan())
    kept = contents(root)
    store.update_metadata(second.id, title="an act before")
    act = store.delete([first])
    path = root / "trash" / act.id / "manifest.json"
    path.write_bytes(path.read_bytes()[:40])
    store = open_store(root)
    # Another act is not taken back in its place.
    with pytest.raises(CorruptData) as raised:
        store.undo()
    assert act.id in str(raised.value)
    assert store.log()[0].id == act.id
    assert "manifest" in store.log()[0].problem
    (trashed,) = store.trash()
    assert (trashed.id, trashed.title) == (first.id, first.title)
    assert any(act.id in report.path for report in verify_store(open_store(root)))
    store.restore([trashed])
    name = os.path.relpath(first.path, root)
    assert contents(root)[name] == kept[name]


def test_a_reader_does_not_wait_for_an_act_that_is_at_work(root: Path):
    """A pending act belongs to whoever holds the lock; the store is read meanwhile."""
    home = act_with(root, ".pending")
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from agcx_format.disk.locks import locked\n"
        f"with locked(Path({str(root)!r})):\n"
        "    print('held', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        assert len(list(open_store(root).scan())) == 2
        assert run_program("list", "--store", root).returncode == 0
        assert home.exists()
    finally:
        holder.communicate("", timeout=LIMIT)
    open_store(root)
    assert not home.exists()


def test_what_another_program_saved_before_recovery_stays_and_so_does_the_version_before(
    root: Path,
):
    """An act killed half way, then a save, then a start of this program."""
    store = open_store(root)
    entry = next(iter(store.scan()))
    old, path = Path(entry.path).read_bytes(), Path(entry.path)
    store.delete([entry])
    act = store.acts()[0]
    home = root / "trash" / act.id
    home.rename(home.with_name(home.name + ".pending"))
    path.write_bytes(b"saved by an agent")
    store = open_store(root)
    assert path.read_bytes() == b"saved by an agent"
    assert old in contents(root, trash=True).values()
    assert [each.id for each in store.acts()] == [act.id]
    # The same of an edit.
    path.unlink()
    store.undo()
    store.update_metadata(entry.id, title="edited")
    edit = store.acts()[0]
    home = root / "trash" / edit.id
    home.rename(home.with_name(home.name + ".pending"))
    path.write_bytes(b"saved by an agent")
    open_store(root)
    assert path.read_bytes() == b"saved by an agent"
    assert old in contents(root, trash=True).values()


CLOCKS = [
    None,
    "1970-01-01T00:00:00Z",
    "-0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
]


@pytest.mark.parametrize(
    "clock", CLOCKS, ids=["an hour back", "1970", "before year 1", "year 1", "9999"]
)
def test_the_last_act_is_the_last_whatever_the_clock_says(
    clock: str | None, root: Path, monkeypatch
):
    store = open_store(root)
    first, second = list(store.scan())
    store.delete([first])
    now = Signature.at(root).mtime_ns - 3600 * 10**9 if clock is None else ns_of(clock)
    monkeypatch.setattr("agcx_format.model.timestamps.time.time_ns", lambda: now)
    last = store.delete([second])
    assert store.log()[0].id == last.id
    assert store.undo().id == last.id


def test_an_undo_that_lacks_its_before_image_says_so_and_stays_possible(root: Path):
    store = open_store(root)
    entry = next(iter(store.scan()))
    act = store.update_metadata(entry.id, title="edited")
    kept = root / "trash" / act.id / "before" / os.path.relpath(entry.path, root)
    data = kept.read_bytes()
    kept.unlink()
    with pytest.raises(PersistenceError) as raised:
        store.undo()
    assert os.path.basename(entry.path) in str(raised.value)
    assert [each.id for each in store.acts()] == [act.id]
    kept.write_bytes(data)
    assert store.undo().id == act.id
    assert store.entry(entry.path).title == entry.title


@pytest.mark.parametrize("op", ["restore", "create", "replace"])
def test_an_act_that_does_not_say_what_it_put_there_is_not_undone(op: str, root: Path):
    home = root / "trash" / NAME
    home.mkdir(parents=True)
    step = {"op": op, "path": "gone.agcx"}
    if op == "restore":
        step["source"] = f"trash/{NAME}/files/gone.agcx"
    (home / "manifest.json").write_text(json.dumps(manifest(steps=[step])))
    before = contents(root)
    with pytest.raises(UndoConflict):
        open_store(root).undo()
    assert contents(root) == before


def test_an_edit_through_a_link_changes_the_file_behind_it(tmp_path: Path):
    root, behind = tmp_path / "store", tmp_path / "elsewhere" / "kept.agcx"
    behind.parent.mkdir()
    store = open_store(root)
    from tests.slow.crash.test_kill_at_every_step import A

    store.save_session(A, *session(A, 1, 300))
    path = root / f"{A}.agcx"
    shutil.move(path, behind)
    path.symlink_to(behind)
    data = behind.read_bytes()
    store = open_store(root)
    store.update_metadata(A, title="edited")
    assert path.is_symlink()
    assert behind.read_bytes() != data
    assert store.list_sessions()[0].title == "edited"
    store.undo()
    assert path.is_symlink()
    assert behind.read_bytes() == data
    assert sorted(os.listdir(behind.parent)) == ["kept.agcx"]
