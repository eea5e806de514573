"""A process forked at any moment has no part in what its parent holds."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from agcx_format.codec import messagepack
from agcx_format.disk.lock_file import LockFile
from agcx_format.disk.locks import locked
from agcx_format.errors import LockFailed
from tests.support.waiting import LIMIT

# The child has time to fail; what it must not get, it must not wait long for.
_PATIENCE = 0.2


def in_child(work: Callable[[], object]) -> int:
    """Fork, and give the number of the child, which ends with 0 if `work` gives True."""
    child = os.fork()
    if child == 0:
        # Nothing of pytest runs in here.
        status = 2
        try:
            status = 0 if work() else 1
        finally:
            os._exit(status)
    return child


def status_of(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def is_free(directory: Path) -> bool:
    try:
        with locked(directory, _PATIENCE):
            return True
    except LockFailed:
        return False


def test_a_child_does_not_hold_what_its_parent_holds(tmp_path):
    """Forked by the very thread in the middle of an act."""
    with locked(tmp_path):
        assert status_of(in_child(lambda: not is_free(tmp_path))) == 0
        # Nor does the parent lose it by that.
        assert status_of(in_child(lambda: not is_free(tmp_path))) == 0
    assert status_of(in_child(lambda: is_free(tmp_path))) == 0


def test_a_child_that_lives_on_does_not_keep_the_lock_of_its_parent(tmp_path):
    read, write = os.pipe()

    def wait_for_the_end() -> bool:
        os.close(write)
        return os.read(read, 1) == b""

    with locked(tmp_path):
        child = in_child(wait_for_the_end)
    try:
        assert is_free(tmp_path)
        assert status_of(in_child(lambda: is_free(tmp_path))) == 0
    finally:
        os.close(write)
        os.close(read)
        assert status_of(child) == 0


def test_a_child_that_leaves_the_act_it_was_forked_in_frees_nothing(tmp_path):
    children = []

    def act() -> None:
        with locked(tmp_path):
            children.append(os.fork())

    act()
    if children[0] == 0:
        os._exit(0)
    assert status_of(children[0]) == 0

    with locked(tmp_path):
        child = os.fork()
        if child == 0:
            # Leaves the context by an exception, as a program that fails would.
            try:
                with locked(tmp_path, 0):
                    os._exit(3)
            except LockFailed:
                os._exit(0)
        assert status_of(child) == 0
        assert status_of(in_child(lambda: not is_free(tmp_path))) == 0


@pytest.mark.parametrize("times", range(3))
def test_a_child_can_act_while_another_thread_of_its_parent_held_the_lock(tmp_path, times: int):
    held, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with locked(tmp_path):
            held.set()
            let_go.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(60)
    read, write = os.pipe()

    def once_it_is_free() -> bool:
        os.close(write)
        os.read(read, 1)
        return is_free(tmp_path)

    child = in_child(once_it_is_free)
    os.close(read)
    let_go.set()
    thread.join()
    os.close(write)
    assert status_of(child) == 0


def test_a_child_can_decode_while_another_thread_of_its_parent_makes_a_decoder():
    making, made = threading.Event(), threading.Event()

    def make() -> None:
        with messagepack._one_at_a_time:
            making.set()
            made.wait(0.2)

    def decodes() -> bool:
        messagepack._decoder.cache_clear()
        return messagepack.decode(list[int], b"\x91\x07") == [7]

    thread = threading.Thread(target=make)
    thread.start()
    assert making.wait(60)
    child = in_child(decodes)
    # It would wait for ever.
    until_ended(child)
    thread.join()


def until_ended(child: int) -> None:
    end = time.monotonic() + LIMIT
    while not (ended := os.waitpid(child, os.WNOHANG))[0]:
        if time.monotonic() > end:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.001)
    assert os.waitstatus_to_exitcode(ended[1]) == 0


def test_a_child_does_not_remove_the_lock_file_of_its_parent(tmp_path):
    """Where a file system has no locks."""
    file = LockFile(tmp_path)
    assert file.take() is None

    def close() -> bool:
        file.close()
        return True

    assert status_of(in_child(close)) == 0
    assert file.path.exists()
    file.close()
    assert not file.path.exists()
