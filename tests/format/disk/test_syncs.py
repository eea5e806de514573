"""Syncing together: everything is synced before `wait` returns, and a failure is raised."""

from __future__ import annotations

import errno
import os
import threading
import time
from pathlib import Path

import pytest

from agcx_format.disk.syncs import Syncs


def opened(folder: Path, count: int) -> list[int]:
    flags = os.O_WRONLY | os.O_CREAT
    return [os.open(folder / str(number), flags, 0o600) for number in range(count)]


def is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


@pytest.mark.parametrize("count", [0, 1, 2, 15, 16, 17, 100])
def test_every_file_and_directory_is_synced_and_files_are_closed(
    count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    begun, synced, really = list[int](), list[int](), os.fsync

    def fsync(fd: int) -> None:
        # Each takes longer than the one before: nothing but waiting for it sees its end.
        time.sleep(len(begun) / 1000)
        begun.append(fd)
        really(fd)
        synced.append(os.fstat(fd).st_ino)

    monkeypatch.setattr(os, "fsync", fsync)
    fds = opened(tmp_path, count)
    inodes = [os.fstat(fd).st_ino for fd in fds]
    directory = os.open(tmp_path, os.O_RDONLY)
    with Syncs() as syncs:
        for fd in fds:
            syncs.add_file(fd)
        syncs.add_directory(directory)
    assert sorted(synced) == sorted([*inodes, os.fstat(directory).st_ino])
    assert not any(map(is_open, fds))
    os.close(directory)


def test_a_sync_that_fails_is_raised_once_the_others_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    fds = opened(tmp_path, 5)
    ended, bad = [], fds[3]

    def fsync(fd: int) -> None:
        ended.append(fd)
        if fd == bad:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", fsync)
    syncs = Syncs()
    for fd in fds:
        syncs.add_file(fd)
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        syncs.wait()
    assert sorted(ended) == sorted(fds)
    assert not any(map(is_open, fds))


def test_after_an_exception_files_are_closed_and_not_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    fds = opened(tmp_path, 3)
    with pytest.raises(KeyError), Syncs() as syncs:
        for fd in fds:
            syncs.add_file(fd)
        raise KeyError
    assert synced == []
    assert not any(map(is_open, fds))


def test_without_threads_to_be_had_they_are_synced_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def start(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    synced: list[int] = []
    monkeypatch.setattr(threading.Thread, "start", start)
    monkeypatch.setattr(os, "fsync", synced.append)
    fds = opened(tmp_path, 3)
    with Syncs() as syncs:
        for fd in fds:
            syncs.add_file(fd)
    assert sorted(synced) == sorted(fds)
