"""The file of a backup: in its place only when whole, locked while it grows, as before after a failure."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from agcx_format import (
    CorruptData,
    InputText,
    LockHeld,
    Message,
    PersistenceError,
    limits,
    new_message,
    new_session,
)
from agcx_format.store import verify_backup
from tests.format.store.test_incoming import A, filled
from tests.slow.crash.processes import killed_at
from tests.support.privileges import without_privileges
from tests.support.small_files import small_files_only


def test_a_first_backup_is_there_whole_or_not_at_all_and_what_was_killed_is_swept(tmp_path: Path):
    store, folder = filled(tmp_path / "from", 2), tmp_path / "to"
    folder.mkdir()
    path, step = folder / "backup.tar", 0
    while killed_at(step, lambda: store.back_up(path)):
        step += 1
        if path.exists():
            assert verify_backup(path).problems == []
            path.unlink()
    assert step > 5
    assert verify_backup(path).problems == []
    path.unlink()
    store.back_up(path)
    assert os.listdir(folder) == [path.name]


def test_what_took_the_name_meanwhile_is_not_replaced(tmp_path: Path):
    store, folder = filled(tmp_path / "from", 1), tmp_path / "to"
    folder.mkdir()
    path = folder / "backup.tar"
    with pytest.raises(PersistenceError, match="exists"):
        store.back_up(path, progress=lambda done, total: path.write_bytes(b"notes"))
    assert path.read_bytes() == b"notes"
    assert os.listdir(folder) == [path.name]


def test_a_directory_that_may_only_be_written_takes_a_backup():
    with without_privileges() as folder:
        store, box = filled(folder / "from", 1), folder / "box"
        box.mkdir(0o300)
        store.back_up(box / "backup.tar")
        box.chmod(0o700)
        assert os.listdir(box) == ["backup.tar"]
        assert verify_backup(box / "backup.tar").problems == []


def test_a_backup_that_reads_otherwise_than_it_was_written_is_taken_back(tmp_path: Path):
    store, folder = filled(tmp_path / "from", 1), tmp_path / "to"
    folder.mkdir()
    path = folder / "backup.tar"

    def bad_disk(at: int) -> Callable[[int, int], None]:
        """Changes a byte of what was written."""

        def change(done: int, total: int) -> None:
            (written,) = folder.iterdir()
            data = bytearray(written.read_bytes())
            if done == total:
                data[at] ^= 1
                with written.open("r+b") as file:
                    file.write(data)

        return change

    # After the mark, the first object: its header, its bytes.
    for at, reason in ((1024 + 10, "not a member"), (1536 + 10, "checksum")):
        with pytest.raises(CorruptData, match=reason):
            store.back_up(path, progress=bad_disk(at))
        assert os.listdir(folder) == []
    store.back_up(path)
    before = path.read_bytes()
    store.append(A, store.load_session(A)[1].messages[:1])
    with pytest.raises(CorruptData, match="checksum"):
        store.back_up(path, progress=bad_disk(len(before) - 1024 + 512 + 10))
    assert path.read_bytes() == before


def test_a_failing_backup_leaves_the_archive_as_it_was(tmp_path: Path):
    store, path = filled(tmp_path / "from", 1), tmp_path / "backup.tar"
    store.back_up(path)
    before = path.read_bytes()
    store.append(A, [store.load_session(A)[1].messages[0]])
    # The first file that is backed up; those after it have room where it has none.
    noise = new_message(Message(None, "user", [InputText(os.urandom(50_000).hex())]))
    store.save_session(UUID(int=1), *new_session(id=UUID(int=1), messages=[noise]))
    for name, start in (("backup.tar", len(before)), ("new.tar", 0)):
        done = tmp_path / f"done-{name}"
        done.write_bytes(before[:start])
        store.back_up(done)
        size = done.stat().st_size
        for room in (start + 100, start + 30_000, size - 2_000, size - 100):
            with (
                small_files_only(room),
                pytest.raises(PersistenceError, match="backup.tar|new.tar") as raised,
            ):
                store.back_up(tmp_path / name)
            assert "cannot be written: file too large" in str(raised.value)
    assert path.read_bytes() == before
    assert not (tmp_path / "new.tar").exists()


def test_two_backups_to_one_archive_do_not_mix(tmp_path: Path):
    store, path = filled(tmp_path / "from", 1), tmp_path / "backup.tar"
    store.back_up(path)
    before = path.read_bytes()
    with path.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(LockHeld, match="another backup"):
            store.back_up(path)
    assert path.read_bytes() == before


def test_what_another_backup_wrote_before_it_let_go_of_the_archive_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    store, path = filled(tmp_path / "from", 1), tmp_path / "backup.tar"
    store.back_up(tmp_path / "other.tar")
    path.touch()
    lock = fcntl.flock

    def lock_after_another(fd: int, how: int) -> None:
        path.write_bytes((tmp_path / "other.tar").read_bytes())
        lock(fd, how)

    monkeypatch.setattr(fcntl, "flock", lock_after_another)
    store.back_up(path)
    assert verify_backup(path).backups == 2


def test_a_sparse_file_of_many_gigabytes_is_reported_and_not_read(tmp_path: Path):
    store = filled(tmp_path / "store", 1)
    huge = store.path / f"{UUID(int=99)}.agcx"
    with open(huge, "wb") as file:
        file.truncate(limits.SPARSE + 1)
    made = store.back_up(tmp_path / "backup.tar")
    (failure,) = made.backup.failures
    assert failure.path == huge.name
    assert failure.reason.startswith("a sparse file of ")
    assert len(made.backup.sessions) == len(list(store.scan())) - 1
    assert (tmp_path / "backup.tar").stat().st_size < limits.MIB


def test_a_session_that_ends_in_a_hole_of_a_terabyte_is_not_written_again(tmp_path: Path):
    store = filled(tmp_path / "store", 1)
    (entry,) = [each for each in store.scan() if each.id == A]
    os.truncate(entry.path, 10**12)
    for change in (
        lambda: store.update_metadata(A, title="Other"),
        lambda: store.append(A, [new_message(Message(None, "user", [InputText("More")]))]),
    ):
        with pytest.raises(PersistenceError, match="a sparse file of 1,000,000,000,000 bytes"):
            change()
    assert os.stat(entry.path).st_size == 10**12
