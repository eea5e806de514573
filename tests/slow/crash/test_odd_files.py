"""Odd files where a store has its own: each is passed over or named, and the rest of the store works."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from agcx_format import PersistenceError, Store, open_store
from agcx_format.disk import lock_file
from agcx_format.disk.durable import temporary_name
from agcx_format.disk.tree import Tree
from agcx_format.doctor.checks import verify_store
from tests.slow.crash.versions import live, session
from tests.support.stores import contents
from tests.support.waiting import LIMIT

NAME = "20260101T000000.000000Z-delete-abcdef"
SUFFIXES = ["", ".pending", ".undoing", ".undone", ".emptying", ".emptied", ".undone.emptying"]


def number(index: int) -> UUID:
    return UUID(int=index << 96)


@pytest.fixture(params=[1, 2])
def root(request, tmp_path: Path) -> Path:
    return filled(tmp_path / "store", request.param)


def filled(path: Path, layout: int) -> Path:
    """Three sessions, one of them in the trash."""
    store = Store(path, layout=layout)
    for index in (1, 2, 3):
        store.save_session(number(index), *session(number(index), index, 100))
    store.delete([store.resolve(str(number(3)))])
    return store.path


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "private").write_bytes(b"private")
    return folder


def a_socket(path: Path, _: Path) -> None:
    # Its address may be no longer than about a hundred bytes.
    fd = os.open(path.parent, os.O_RDONLY)
    try:
        with socket.socket(socket.AF_UNIX) as there:
            there.bind(f"/proc/self/fd/{fd}/{path.name}")
    finally:
        os.close(fd)


ODD: dict[str, Callable[[Path, Path], object]] = {
    "link to a file": lambda path, outside: path.symlink_to(outside / "private"),
    "link to a folder": lambda path, outside: path.symlink_to(outside),
    "link to nothing": lambda path, outside: path.symlink_to(outside / "nothing"),
    "link to itself": lambda path, outside: path.symlink_to(path),
    "FIFO": lambda path, outside: os.mkfifo(path),
    "folder": lambda path, outside: path.mkdir(),
    "socket": a_socket,
}

each_odd = pytest.mark.parametrize("make", ODD.values(), ids=ODD.keys())


@each_odd
def test_the_log_of_emptied_acts(make: Callable, root: Path, outside: Path):
    path = root / "trash" / "emptied.jsonl"
    make(path, outside)
    store, before = open_store(root), contents(outside)
    assert len(store.log()) == 1
    store.update_metadata(number(1), title="new")
    store.undo()
    assert store.empty_trash().ids == {number(3)}
    assert store.trash() == []
    assert [act.count for act in open_store(root).log() if act.kind == "delete"] == [1]
    assert contents(outside) == before


@each_odd
def test_the_folder_in_which_one_act_keeps_its_files(make: Callable, root: Path, outside: Path):
    if make is ODD["folder"]:
        pytest.skip("that is what it is")
    store = open_store(root)
    act = store.delete([store.resolve(str(number(2)))])
    files = root / "trash" / act.id / "files"
    files.rename(outside / "files")
    make(files, outside)
    before = contents(outside)
    assert [each.id for each in store.trash()] == [number(3)]
    assert store.empty_trash().ids == {number(3)}
    assert store.trash() == []
    assert contents(outside) == before


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_folders_too_deep_to_be_descended(suffix: str, tmp_path: Path):
    root = filled(tmp_path / "store", 1)
    home = root / "trash" / f"{NAME}{suffix}"
    home.mkdir()
    folder, opened = "files", os.open(home, os.O_RDONLY)
    for _ in range(1100):
        os.mkdir(folder, dir_fd=opened)
        inner = os.open(folder, os.O_RDONLY, dir_fd=opened)
        os.close(opened)
        folder, opened = "d", inner
    os.close(opened)
    store = open_store(root)
    store.update_metadata(number(1), title="new")
    assert {each.id for each in store.trash()} == {number(3)}
    store.undo()
    store.empty_trash()
    left = [name for name in os.listdir(root / "trash") if name.startswith(NAME)]
    # Nobody knows what an act without a manifest was about, so its directory stays.
    assert left == ([home.name] if suffix in (".pending", ".undoing") else [])
    with Tree(root) as tree:
        tree.remove_all("trash")
    assert not (root / "trash").exists()


@pytest.mark.parametrize("op", ["move", "replace", "create"])
def test_a_path_of_a_manifest_that_is_too_deep(op: str, root: Path):
    home = root / "trash" / f"{NAME}.pending"
    home.mkdir()
    step = {"op": op, "path": "a/" * 2000 + "b", "derived": False, "after": [1, 1, 1]}
    plain = {
        "format": 1, "kind": "delete", "created_at": "2026-01-01T00:00:00Z", "sessions": [],
        "steps": [step], "ready": True,
    }  # fmt: skip
    (home / "manifest.json").write_text(json.dumps(plain))
    store = open_store(root)
    store.update_metadata(number(1), title="new")
    store.undo()
    assert live(root) == {number(1): 1, number(2): 2}
    assert not (root / "a").exists()
    assert any(report.findings for report in verify_store(store))


def test_a_lock_file_that_is_a_fifo_is_not_waited_for(tmp_path: Path):
    os.mkfifo(tmp_path / lock_file.NAME)
    found: list[object] = []
    reader = threading.Thread(
        target=lambda: found.append(lock_file.owner_of(tmp_path)), daemon=True
    )
    reader.start()
    reader.join(LIMIT)
    assert found == [lock_file.UNKNOWN]


def test_a_save_whose_copy_has_no_place_changes_nothing(root: Path, outside: Path):
    if not (root / "metadata").is_dir():
        pytest.skip("this layout has no copies")
    (root / "metadata").rename(outside / "metadata")
    (root / "metadata").symlink_to(outside / "metadata")
    before = contents(root)
    with pytest.raises(PersistenceError, match="symbolic link"):
        open_store(root).save_session(number(1), *session(number(1), 9))
    assert contents(root) == before


def test_an_index_that_is_a_folder_is_named(root: Path):
    (root / "sessions.idx").unlink(missing_ok=True)
    (root / "sessions.idx").mkdir()
    with pytest.raises(PersistenceError, match=r"sessions\.idx: cannot be written: is a directory"):
        open_store(root).update_metadata(number(1), title="new")
    assert live(root) == {number(1): 1, number(2): 2}


@pytest.mark.parametrize("letter", ["a", "é", "会", "🙂", "\udce9"])
def test_a_name_is_cut_by_what_it_takes_on_the_disk(letter: str):
    longest = letter * (255 // len(os.fsencode(letter)))
    assert len(os.fsencode(temporary_name(longest))) <= 255


@pytest.mark.parametrize("letter", ["é", "会", "🙂", "\udce9"])
def test_a_session_of_the_longest_name_is_edited_through_a_link(letter: str, tmp_path: Path):
    real = tmp_path / (letter * (250 // len(os.fsencode(letter))) + ".agcx")
    store = open_store(tmp_path / "store")
    store.save_session(number(1), *session(number(1), 1))
    (store.path / f"{number(1)}.agcx").rename(real)
    (store.path / f"{number(1)}.agcx").symlink_to(real)
    store.update_metadata(number(1), title="new")
    assert store.resolve(str(number(1))).title == "new"
    store.undo()
    assert live(store.path) == {number(1): 1}


def test_a_deletion_is_undone_though_the_copy_of_metadata_says_something_else(tmp_path: Path):
    """Other programs and earlier versions write other sizes into it."""
    root = filled(tmp_path / "store", 2)
    store = open_store(root)
    for index in (1, 2):
        copy = root / "metadata" / f"{number(index)}.meta"
        copy.write_bytes(copy.read_bytes()[:-1] + b"\x07")
    before = contents(root)
    act = store.delete(list(store.scan()))
    store.restore([each for each in store.trash() if each.id == number(1)])
    store.undo()
    store.undo(act.id)
    assert contents(root) == before


@pytest.mark.parametrize("manifest", ["emptied", "unreadable"])
def test_what_an_emptying_left_is_destroyed_by_the_next_one(manifest: str, tmp_path: Path):
    """Opening removes only what a manifest names, and an earlier version wrote one that names nothing."""
    root = filled(tmp_path / "store", 1)
    store = open_store(root)
    store.empty_trash()
    home = root / "trash" / f"{NAME}.emptying"
    (home / "before").mkdir(parents=True)
    (home / "before" / "sessions.idx").write_bytes(b"titles")
    at = "2026-01-01T00:00:00Z"
    plain = {
        "format": 1, "kind": "restore", "created_at": at, "sessions": [], "steps": [],
        "emptied_at": at, "ready": True,
    }  # fmt: skip
    (home / "manifest.json").write_text(json.dumps(plain) if manifest == "emptied" else "{")
    store = open_store(root)
    assert home.exists()
    assert [act.id for act in store.to_destroy()] == [NAME]
    store.empty_trash()
    assert not home.exists()
    assert store.to_destroy() == []
    assert len(store.log()) == 2
