"""Metadata through a memory map: right in every process and thread, and no crash when the file shrinks."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

import pytest
from msgspec.structs import replace

from agcx_format import SessionFile, write_session
from agcx_format.disk import mapped
from agcx_format.disk.durable import open_regular
from agcx_format.errors import CorruptData, PersistenceError
from agcx_format.session.metadata import read_metadata
from tests.support.stores import golden_session

# How many sessions each of several processes reads how often.
_FILES, _ROUNDS = 24, 40

_READ = """
import os, sys
from agcx_format import SessionFile
print(SessionFile(sys.argv[1]).metadata.title)
"""


@pytest.fixture(scope="module")
def sessions(tmp_path_factory) -> list[str]:
    """Sessions whose titles are their names, of very different lengths."""
    folder = tmp_path_factory.mktemp("sessions")
    metadata, conversation, state = golden_session("full")
    paths = []
    for number in range(_FILES):
        session_id = UUID(int=number + 1)
        path = folder / f"{session_id}.agcx"
        title = f"{session_id} " + "x" * (number * 97 % 800)
        named = replace(metadata, id=session_id, title=title)
        write_session(path, named, replace(conversation, messages=[]), state)
        paths.append(str(path))
    return paths


def wrong(paths: list[str]) -> int:
    """How many of the files gave the metadata of another."""
    found = 0
    for _ in range(_ROUNDS):
        for path in paths:
            with SessionFile(path, use_mmap=True) as session:
                name = Path(path).stem
                found += not (str(session.metadata.id) == name == session.metadata.title[:36])
    return found


def test_workers_of_a_forked_pool_read_their_own_sessions(sessions):
    """The parent has read before: its workers begin with all that it holds."""
    assert wrong(sessions[:1]) == 0
    with ProcessPoolExecutor(2, multiprocessing.get_context("fork")) as pool:
        futures = [pool.submit(wrong, sessions[part::4]) for part in range(4)]
        here = wrong(sessions)
        assert [future.result(120) for future in futures] == [0, 0, 0, 0]
    assert here == 0


def test_a_child_does_not_write_into_what_its_parent_reads_back(sessions):
    """A child that reads between the parent's two steps, whatever the moment."""
    with SessionFile(sessions[0]) as session:
        first = session.metadata
    scratch = mapped.scratch_file()
    os.pwrite(scratch, b"what the parent copied", 0)
    child = os.fork()
    if child == 0:
        # Nothing of pytest runs in here.
        status = 1
        try:
            with SessionFile(sessions[1]) as session:
                status = 0 if session.metadata.title.startswith(Path(sessions[1]).stem) else 2
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    assert os.pread(scratch, 22, 0) == b"what the parent copied"
    with SessionFile(sessions[0]) as session:
        assert session.metadata == first


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="looks at /proc")
def test_a_child_lets_go_of_what_its_parent_holds(sessions):
    """Generations of children do not pile up descriptors."""
    read, write = os.pipe()
    with SessionFile(sessions[0]):
        pass
    child = os.fork()
    if child == 0:
        try:
            before = len(os.listdir("/proc/self/fd"))
            with SessionFile(sessions[0]):
                pass
            os.write(write, bytes([len(os.listdir("/proc/self/fd")) - before]))
        finally:
            os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    assert os.read(read, 1) == b"\1"
    os.close(read)


def test_threads_read_their_own_sessions_and_leave_nothing_open(sessions):
    before = _descriptors()
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(wrong, (sessions[part::4] for part in range(4)))) == 0
    assert _descriptors() <= before + 1


def _descriptors() -> int:
    folder = "/proc/self/fd" if os.path.isdir("/proc/self/fd") else "/dev/fd"
    return len(os.listdir(folder))


def test_a_daemon_that_closes_all_descriptors_overwrites_no_file_of_its_own(sessions, tmp_path):
    """What it opens next may get the number that the copies of maps went through."""
    kept = tmp_path / "log"
    code = f"""
import os
from agcx_format import SessionFile
from agcx_format.disk import mapped
SessionFile({sessions[0]!r})
number = mapped.scratch_file()
os.closerange(3, 256)
log = os.open({str(kept)!r}, os.O_RDWR | os.O_CREAT, 0o600)
while log < number:
    log = os.open({str(kept)!r}, os.O_RDWR)
assert log == number
os.write(log, b"a line of the log")
print(SessionFile({sessions[1]!r}).metadata.title[:36])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == Path(sessions[1]).stem
    assert kept.read_bytes() == b"a line of the log"


def test_no_descriptor_is_needed_that_is_not_there(sessions):
    """`agcx list <&-`: the first file that is opened then gets number 0."""
    done = subprocess.run(
        ["sh", "-c", '"$0" -c "$1" "$2" <&-', sys.executable, _READ, sessions[3]],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith(Path(sessions[3]).stem)


def test_a_file_that_is_cut_short_while_it_is_mapped_is_an_error(sessions, tmp_path, monkeypatch):
    """Touching the page that is gone would end the process."""
    path = tmp_path / "cut.agcx"
    path.write_bytes(Path(sessions[0]).read_bytes().ljust(64 * 1024, b"\0"))
    mapping = mapped.mmap.mmap

    def cut_meanwhile(fd: int, *args):
        view = mapping(fd, *args)
        os.truncate(path, 0)
        return view

    monkeypatch.setattr(mapped.mmap, "mmap", cut_meanwhile)
    fd, status = open_regular(path)
    try:
        with pytest.raises(CorruptData, match="cut short while it was read"):
            mapped.read(fd, status.st_size)
        with pytest.raises(CorruptData, match="cut short while it was read"):
            read_metadata(fd, status.st_size, use_mmap=True)
    finally:
        os.close(fd)
    with pytest.raises(PersistenceError) as caught:
        SessionFile(path)
    assert caught.value.path == str(path)


def test_of_a_map_that_is_cut_in_the_middle_the_rest_is_given(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(os.urandom(16 * 4096))
    wanted = path.read_bytes()[: 4096 * 3]
    fd, status = open_regular(path)
    view = mapped.map_file(fd, status.st_size)
    os.close(fd)
    os.truncate(path, 4096 * 4)
    with view:
        assert mapped.copy_out(view, 4096 * 3) == wanted
        with pytest.raises(CorruptData) as caught:
            mapped.copy_out(view, 4096 * 16)
        assert 4096 * 3 <= caught.value.offset <= 4096 * 4


def test_where_no_file_can_be_mapped_it_is_read(sessions, monkeypatch):
    """Some network and FUSE file systems have no maps."""

    def refuse(*args):
        raise OSError(19, "No such device")

    monkeypatch.setattr(mapped.mmap, "mmap", refuse)
    assert wrong(sessions[:3]) == 0


def test_a_fork_while_another_thread_reads_leaves_the_child_able_to_read(sessions):
    stop = threading.Event()

    def read_on() -> None:
        while not stop.is_set():
            wrong(sessions[:2])

    thread = threading.Thread(target=read_on)
    thread.start()
    statuses = []
    try:
        with SessionFile(sessions[2]) as session:
            for _ in range(10):
                child = os.fork()
                if child == 0:
                    status = 1
                    try:
                        # Also with a file that the parent has open.
                        list(session)
                        with SessionFile(sessions[5]) as own:
                            status = own.metadata.id != UUID(int=6)
                    finally:
                        os._exit(status)
                statuses.append(os.waitpid(child, 0)[1])
    finally:
        stop.set()
        thread.join()
    assert statuses == [0] * 10
