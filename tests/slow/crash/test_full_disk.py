"""A disk that is full, or a writer that is killed meanwhile, leaves the old file and a clear error."""

from __future__ import annotations

import base64
import errno
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest

from agcx_format import PersistenceError, SessionStore, Store, open_store, write_session
from agcx_format.doctor import verify_store
from agcx_format.errors import StaleSession
from agcx_format.importing import import_sessions
from agcx_format.store.acts.act_dirs import unfinished
from tests.slow.crash.processes import child
from tests.slow.crash.versions import live, session
from tests.support.rollout_lines import meta, user, write
from tests.support.small_files import small_files_only
from tests.support.stores import contents

A, B = UUID(int=1 << 96), UUID(int=2 << 96)
SMALL, LARGE = 300, 2_000_000

CHANGES = {
    "save over": lambda s: s.save_session(A, *session(A, 2, LARGE)),
    "save a new one": lambda s: s.save_session(B, *session(B, 2, LARGE)),
    "edit": lambda s: s.update_metadata(A, title="x" * LARGE),
    "edit many": lambda s: s.update_many([(e, {"title": "x" * LARGE}) for e in s.scan()]),
    "duplicate": lambda s: s.duplicate(A, title="x" * LARGE),
    "save an index": lambda s: s.save_index(big_index(s)),
    "write a file": lambda s: write_session(s.path / f"{A}.agcx", *session(A, 2, LARGE)),
}

each_change = pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())


def big_index(store: Store):
    from msgspec.structs import replace

    return replace(store.load_index(), tag_index={"x" * LARGE: []})


def small_store(root: Path) -> Path:
    store = open_store(root)
    store.save_session(A, *session(A, 1, SMALL))
    store.rebuild_index()
    return root


def fails_and_leaves_all(root: Path, change: Callable[[Store], object]) -> None:
    before = contents(root, trash=True)
    with pytest.raises(PersistenceError) as raised:
        change(open_store(root))
    words = str(raised.value)
    assert "cannot be written: " in words
    assert "too large" in words or "no space left" in words
    assert words.startswith(str(root))
    assert contents(root, trash=True) == before
    assert unfinished(root) == []
    assert live(root) == {A: 1}


@each_change
def test_a_write_that_the_system_refuses(change: Callable[[Store], object], tmp_path: Path):
    root = small_store(tmp_path / "store")
    with small_files_only(100_000):
        fails_and_leaves_all(root, change)


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of half a megabyte."""
    yield from mounted(tmp_path / "disk", "size=512k")


@pytest.fixture
def disk_of_few_files(tmp_path: Path) -> Iterator[Path]:
    """A file system with room for some dozens of files."""
    yield from mounted(tmp_path / "disk", "size=4m,nr_inodes=64")


def mounted(point: Path, options: str) -> Iterator[Path]:
    point.mkdir()
    if sys.platform != "linux":
        pytest.skip("a tmpfs is mounted on Linux only")
    mount = ["mount", "-t", "tmpfs", "-o", options, "none", str(point)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"a tmpfs may not be mounted here: {done.stderr.strip()}")
    try:
        yield point
    finally:
        subprocess.run(["umount", str(point)], check=True)


def fill(disk: Path) -> None:
    with (
        open(disk / f"filler{os.urandom(3).hex()}", "wb", buffering=0) as filler,
        pytest.raises(OSError, match="space"),
    ):
        while True:
            filler.write(bytes(4096))


def test_on_a_full_disk_sessions_are_deleted_restored_and_the_trash_is_emptied(tiny_disk: Path):
    """This is when people come to clean up."""
    root = small_store(tiny_disk / "store")
    open_store(root).save_session(B, *session(B, 3, SMALL))
    fill(tiny_disk)
    store = open_store(root)
    act = store.delete([entry for entry in store.scan() if entry.id == A])
    assert live(root) == {B: 3}
    fill(tiny_disk)
    store = open_store(root)
    store.undo(act.id)
    assert live(root) == {A: 1, B: 3}
    fill(tiny_disk)
    store = open_store(root)
    store.delete(list(store.scan()))
    fill(tiny_disk)
    assert open_store(root).empty_trash().ids == {A, B}
    assert open_store(root).trash() == []
    assert live(root) == {}
    assert all(act.titles in ([], [""], ["", ""]) for act in open_store(root).log())


def test_with_all_inodes_used_sessions_are_deleted_restored_and_the_trash_is_emptied(
    disk_of_few_files: Path,
):
    def use_all_inodes() -> None:
        with pytest.raises(OSError, match="space"):
            while True:
                (disk_of_few_files / f"used{os.urandom(6).hex()}").touch()

    root = small_store(disk_of_few_files / "store")
    open_store(root).save_session(B, *session(B, 3, SMALL))
    use_all_inodes()
    store = open_store(root)
    act = store.delete([entry for entry in store.scan() if entry.id == A])
    assert live(root) == {B: 3}
    use_all_inodes()
    open_store(root).undo(act.id)
    assert live(root) == {A: 1, B: 3}
    open_store(root).delete(list(open_store(root).scan()))
    use_all_inodes()
    assert open_store(root).empty_trash().ids == {A, B}
    assert live(root) == {}


def test_however_few_inodes_are_left_sessions_are_deleted(disk_of_few_files: Path):
    """On some file systems a second name takes an inode as well, and each step may be the one without."""
    for left in range(12):
        root = small_store(disk_of_few_files / "store")
        used = [disk_of_few_files / f"used{number}" for number in range(64)]
        with pytest.raises(OSError, match="space"):
            for path in used:
                path.touch()
        for path in used[:left]:
            path.unlink()
        open_store(root).delete(list(open_store(root).scan()))
        assert live(root) == {}
        assert unfinished(root) == []
        for path in used:
            path.unlink(missing_ok=True)
        shutil.rmtree(root)


def test_an_undo_on_a_full_disk_sets_the_copies_of_metadata_right(tiny_disk: Path):
    root = tiny_disk / "store"
    store = SessionStore(root)
    for session_id, version in ((A, 1), (B, 2)):
        store.save_session(session_id, *session(session_id, version, SMALL))
    store.update_many([(entry, {"title": "another"}) for entry in store.scan()])
    fill(tiny_disk)
    open_store(root).undo()
    assert live(root) == {A: 1, B: 2}
    assert [report for report in verify_store(open_store(root)) if not report.ok] == []


def test_a_deletion_does_not_need_room_for_a_large_index(tiny_disk: Path):
    from msgspec.structs import replace

    root = small_store(tiny_disk / "store")
    store = open_store(root)
    store.save_session(B, *session(B, 3, SMALL))
    # Larger than what is kept free for such a moment.
    store.save_index(replace(store.load_index(), tag_index={"x" * 150_000: []}))
    fill(tiny_disk)
    store = open_store(root)
    store.delete([entry for entry in store.scan() if entry.id == A])
    assert live(root) == {B: 3}
    assert list(root.glob("trash/*/new/sessions.idx")) == []
    # With room again the index is set right by the next act.
    for filler in tiny_disk.glob("filler*"):
        filler.unlink()
    store.update_metadata(B, is_favorite=True)
    assert set(store.load_index().sessions) == {B}


def test_a_used_up_quota_is_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    root = small_store(tmp_path / "store")

    def used() -> int:
        files = {file.stat().st_ino: file.stat() for file in root.rglob("*") if file.is_file()}
        return sum(status.st_size for status in files.values())

    limit, write = used(), os.write

    def within_quota(fd: int, data: bytes) -> int:
        if used() + len(data) > limit:
            raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))
        return write(fd, data)

    monkeypatch.setattr(os, "write", within_quota)
    store = open_store(root)
    with pytest.raises(PersistenceError, match="quota"):
        store.save_session(B, *session(B, 2, LARGE))
    store.delete(list(store.scan()))
    assert live(root) == {}
    open_store(root).undo()
    assert live(root) == {A: 1}
    open_store(root).delete(list(open_store(root).scan()))
    assert open_store(root).empty_trash().ids == {A}


def test_a_store_without_a_trash_gets_room_by_destroying(tiny_disk: Path):
    """Another program made it and filled the disk: there is no reserve, and no room for a trash."""
    root = tiny_disk / "store"
    root.mkdir()
    for session_id, version in ((A, 1), (B, 2)):
        write_session(root / f"{session_id}.agcx", *session(session_id, version, SMALL))
    fill(tiny_disk)
    before = contents(root, trash=True)
    store = open_store(root)
    entries = {entry.id: entry for entry in store.scan()}
    with pytest.raises(PersistenceError, match="no space left for its trash; .* --permanently"):
        store.delete([entries[A]])
    assert contents(root, trash=True) == before
    gone = store.destroy_sessions([entries[A]])
    assert (gone.ids, gone.count, gone.size) == ({A}, 1, entries[A].size)
    assert live(root) == {B: 2}
    # Now there is room for what is said of it, and for a trash.
    (act,) = open_store(root).log()
    assert (act.kind, act.emptied_at is None, act.titles) == ("delete", False, [""])
    assert open_store(root).acts() == []
    with pytest.raises(StaleSession):
        store.destroy_sessions([entries[B], entries[A]])
    assert live(root) == {B: 2}


@each_change
def test_a_disk_that_is_full(change: Callable[[Store], object], tiny_disk: Path):
    fails_and_leaves_all(small_store(tiny_disk / "store"), change)


def test_an_import_to_a_full_disk(tiny_disk: Path, tmp_path: Path):
    words = base64.b64encode(random.Random(0).randbytes(LARGE)).decode()
    rollout = write(tmp_path / "rollout.jsonl", meta(id=str(B)), user(words))
    fails_and_leaves_all(
        small_store(tiny_disk / "store"), lambda store: list(import_sessions(store, [rollout]))
    )


def test_a_disk_without_room_for_one_more_file_still_lists_and_loads(tiny_disk: Path):
    root = small_store(tiny_disk / "store")
    fill(tiny_disk)
    assert live(root) == {A: 1}
    with pytest.raises(PersistenceError, match="no space left"):
        open_store(root).save_session(B, *session(B, 2, SMALL))
    for filler in tiny_disk.glob("filler*"):
        filler.unlink()
    store = open_store(root)
    store.delete(list(store.scan()))
    store.undo()
    assert live(root) == {A: 1}


def test_a_writer_killed_while_it_writes_much(tmp_path: Path):
    root = small_store(tmp_path / "store")
    value = session(A, 2, 10_000_000)

    def temporaries() -> list[Path]:
        return [path for path in root.iterdir() if path.name.endswith(".agcx-tmp")]

    def write() -> None:
        open_store(root).save_session(A, *value)

    with child(write) as pid:
        while not temporaries() and os.waitpid(pid, os.WNOHANG) == (0, 0):
            time.sleep(0.0005)
    assert live(root) in ({A: 1}, {A: 2})
    open_store(root).save_session(B, *session(B, 3))
    assert temporaries() == []
    assert live(root)[B] == 3
