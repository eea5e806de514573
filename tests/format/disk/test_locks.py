"""One writer at a time, also where the file system has no locks; what the writer leaves, and to whom."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from agcx_format import SessionStorage, open_store
from agcx_format.disk import lock_file, locks
from agcx_format.disk.durable import TEMPORARY, write_file
from agcx_format.disk.lock_file import LockFile
from agcx_format.disk.locks import locked
from agcx_format.doctor.checks import verify_store
from agcx_format.errors import LockHeld, StaleSession
from tests.support.stores import contents, golden_session, id_of
from tests.support.waiting import LIMIT


@pytest.fixture(params=["ENOSYS", "ENOLCK", "EOPNOTSUPP"])
def no_locks(request, monkeypatch) -> None:
    """A file system without locks, as Lustre, NFS or SMB may be."""

    def flock(fd: int, operation: int) -> None:
        raise OSError(getattr(errno, request.param), "no locks here")

    monkeypatch.setattr(fcntl, "flock", flock)
    monkeypatch.setattr(locks, "_logged", set())


def filled(root: Path) -> SessionStorage:
    store = SessionStorage(root)
    session = golden_session("full")
    store.save_session(session[0].id, *session)
    return store


def codes(root: Path) -> set[str]:
    return {
        finding.code for report in verify_store(open_store(root)) for finding in report.findings
    }


def dead_process() -> int:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def left_by(root: Path, process: int, host: str | None = None) -> Path:
    path = root / lock_file.NAME
    owner = {
        "process": process,
        "host": host or os.uname().nodename,
        "since": "2026-01-01T00:00:00Z",
    }
    path.write_text(json.dumps(owner))
    return path


def test_acts_work_without_locks_and_it_is_said_once(tmp_path: Path, no_locks, caplog):
    store = filled(tmp_path)
    before = contents(tmp_path)
    for title in ("One", "Two"):
        store.update_metadata(id_of("full"), title=title)
    store.delete(list(store.scan()))
    for _ in range(3):
        store.undo()
    assert contents(tmp_path) == before
    (told,) = [record.getMessage() for record in caplog.records]
    assert "has no locks" in told
    assert str(tmp_path) in told


def test_the_name_of_such_a_store_is_logged_as_one_line(tmp_path: Path, no_locks, caplog):
    filled(tmp_path / "a\nb\x1b[31m")
    (told,) = [record.getMessage() for record in caplog.records]
    assert f"{tmp_path}/a\\nb\\x1b[31m" in told


def test_verify_tells_of_it(tmp_path: Path, no_locks):
    filled(tmp_path)
    assert "no-locks" in codes(tmp_path)


def test_where_there_are_locks_no_file_is_made(tmp_path: Path):
    filled(tmp_path)
    with locked(tmp_path):
        assert not (tmp_path / lock_file.NAME).exists()
    assert "no-locks" not in codes(tmp_path)


def test_while_it_is_held_the_file_names_the_owner(tmp_path: Path, no_locks):
    with locked(tmp_path):
        owner = lock_file.owner_of(tmp_path)
        assert owner is not None
        assert (owner.process, owner.host) == (os.getpid(), os.uname().nodename)
        assert not owner.is_gone
        # A second time by the same thread.
        with locked(tmp_path):
            pass
        assert lock_file.owner_of(tmp_path) == owner
    assert os.listdir(tmp_path) == []


def test_another_program_that_holds_it_is_named(tmp_path: Path, no_locks):
    path = left_by(tmp_path, 1)
    with pytest.raises(
        LockHeld, match="process 1, since 2026-01-01T00:00:00Z, is changing it"
    ) as e:
        locked(tmp_path, timeout=0.01).__enter__()
    assert e.value.path == str(path)
    assert "left-lock" not in codes(tmp_path)
    assert path.exists()


def test_one_on_another_machine_is_left_alone_and_named(tmp_path: Path, no_locks):
    path = left_by(tmp_path, dead_process(), host="elsewhere")
    with pytest.raises(LockHeld, match="on elsewhere"):
        locked(tmp_path, timeout=0.01).__enter__()
    assert path.exists()


def test_what_a_killed_process_left_is_taken_over(tmp_path: Path, no_locks):
    path = left_by(tmp_path, dead_process())
    assert "left-lock" in codes(tmp_path)
    with locked(tmp_path, timeout=LIMIT):
        owner = lock_file.owner_of(tmp_path)
        assert owner is not None
        assert owner.process == os.getpid()
    assert not path.exists()
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("content", [b"", b"[" * 5000, b"{}", b"\xff", b'{"process": "x"}'])
def test_a_lock_file_that_says_nothing_is_somebodys(tmp_path: Path, no_locks, content: bytes):
    (tmp_path / lock_file.NAME).write_bytes(content)
    with pytest.raises(LockHeld, match="another program is changing it"):
        locked(tmp_path, timeout=0.01).__enter__()


def test_only_the_own_lock_file_is_removed(tmp_path: Path):
    mine = LockFile(tmp_path)
    assert mine.take() is None
    os.unlink(mine.path)
    theirs = left_by(tmp_path, 1)
    mine.close()
    assert theirs.exists()


def test_processes_without_locks_wait_for_each_other(tmp_path: Path):
    """Each adds its line to a file that it reads first: none is lost."""
    code = f"""
import errno, fcntl, sys
from pathlib import Path
def flock(fd, operation):
    raise OSError(errno.ENOSYS, "no locks here")
fcntl.flock = flock
from agcx_format.disk.locks import locked
root = Path({str(tmp_path)!r})
for number in range(40):
    with locked(root, timeout=60):
        path = root / "lines"
        lines = path.read_text() if path.exists() else ""
        path.write_text(lines + f"{{sys.argv[1]}} {{number}}\\n")
"""
    command = [sys.executable, "-c", code]
    running = [subprocess.Popen([*command, name], stderr=subprocess.DEVNULL) for name in "abc"]
    for process in running:
        assert process.wait(timeout=120) == 0
    assert len((tmp_path / "lines").read_text().splitlines()) == 120
    assert os.listdir(tmp_path) == ["lines"]


# --- what a writer leaves


def test_a_temporary_file_that_is_in_use_is_not_swept(tmp_path: Path):
    filled(tmp_path)
    left, used = tmp_path / f".left{TEMPORARY}", tmp_path / f".used{TEMPORARY}"
    for path in (left, used):
        path.write_bytes(b"half of a session")
    with used.open("rb") as writing:
        fcntl.flock(writing, fcntl.LOCK_EX)
        open_store(tmp_path).update_metadata(id_of("full"), title="New")
        assert not left.exists()
        assert used.exists()
    open_store(tmp_path).update_metadata(id_of("full"), title="Newer")
    assert not used.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
@pytest.mark.parametrize("layout", [1, 2])
def test_a_file_that_root_changes_stays_with_its_owner(tmp_path: Path, layout: int):
    from agcx_format.store.store import Store

    store = Store(tmp_path / "store", layout=layout)
    session = golden_session("full")
    store.save_session(session[0].id, *session)
    path = Path(store.resolve(str(session[0].id)).path)
    os.chown(path, 1234, 5678)
    path.chmod(0o640)
    store.update_metadata(session[0].id, title="By root")
    store.save_session(session[0].id, *store.load_session(session[0].id))
    status = path.stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (1234, 5678, 0o640)


def only_groups(owner: int, group: int) -> int:
    """What a member of the file's group may do: give it that group, but not its owner."""
    return errno.EPERM if owner != -1 else 0


def nothing(owner: int, group: int) -> int:
    return errno.EPERM


def unknown_numbers(owner: int, group: int) -> int:
    """A container that has a number for neither the owner nor the group."""
    return errno.EINVAL


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
@pytest.mark.parametrize(
    ("refusal", "group", "mode"),
    [(only_groups, 5678, 0o664), (nothing, None, 0o644), (unknown_numbers, None, 0o644)],
)
def test_a_file_of_somebody_else_is_changed_and_opened_to_nobody_more(
    refusal: Callable[[int, int], int], group: int | None, mode: int, tmp_path: Path, monkeypatch
):
    store = filled(tmp_path)
    path = Path(store.resolve(str(id_of("full"))).path)
    os.chown(path, 1234, 5678)
    path.chmod(0o664)
    chown = os.fchown

    def refused(fd: int, owner: int, group: int) -> None:
        if number := refusal(owner, group):
            raise OSError(number, os.strerror(number))
        chown(fd, owner, group)

    monkeypatch.setattr(os, "fchown", refused)
    store.update_metadata(id_of("full"), title="By a colleague")
    store.save_session(id_of("full"), *store.load_session(id_of("full")))
    status = path.stat()
    assert status.st_gid == (os.getegid() if group is None else group)
    assert stat.S_IMODE(status.st_mode) == mode


def test_one_store_never_takes_itself_for_another_program(tmp_path: Path):
    store = filled(tmp_path)
    session_id: UUID = id_of("full")
    session = store.load_session(session_id)
    store.update_metadata(session_id, title="New")
    store.save_session(session_id, *session)
    store.update_metadata(session_id, title="Newer")
    store.undo()
    store.save_session(session_id, *session)
    store.delete(list(store.scan()))
    store.undo()
    store.save_session(session_id, *session)
    # It came back from the trash since it was read: what a person set stays.
    metadata, conversation, _ = store.load_session(session_id)
    assert (metadata.title, conversation) == ("New", session[1])


def test_two_saves_within_an_instant_are_told_apart(tmp_path: Path):
    """The kernel's own times move on every few milliseconds, and an inode that is free is used again."""
    mine, other = filled(tmp_path), SessionStorage(tmp_path)
    session = golden_session("full")
    for _ in range(20):
        mine.load_session(session[0].id)
        other.load_session(session[0].id)
        other.save_session(session[0].id, *session)
        other.save_session(session[0].id, *session)
        with pytest.raises(StaleSession):
            mine.save_session(session[0].id, *session)
    moments = [write_file(tmp_path / str(number), [b"the same"]).mtime_ns for number in range(100)]
    assert len(set(moments)) == 100


def test_a_child_that_leaves_the_lock_of_its_parent_does_not_free_it(tmp_path):
    parent = os.getpid()
    try:
        with locked(tmp_path):
            if child := os.fork():
                os.waitpid(child, 0)
                other = os.open(tmp_path, os.O_RDONLY)
                with pytest.raises(BlockingIOError):
                    fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.close(other)
    finally:
        if os.getpid() != parent:
            os._exit(0)
