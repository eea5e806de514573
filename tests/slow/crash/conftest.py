"""What the crash tests share."""

from __future__ import annotations

import ctypes
import gc
import os
from collections.abc import Callable, Sequence
from contextlib import suppress

import pytest

from agcx_format.disk import syncs


@pytest.fixture(autouse=True)
def unsynced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is synced here: a kill leaves the page cache as it is, and a busy disk makes thousands
    of syncs take minutes.  That and when things are synced is `test_order_of_writes`' to tell.

    So no threads need to wait for the disk together, which were a quarter of the work: what they would sync
    is done one by one, all of it, as where no more threads are to be had.
    """
    monkeypatch.setattr(os, "fsync", lambda fd: None)
    monkeypatch.setattr(syncs, "_sync_all", _one_by_one)


def _one_by_one(work: Sequence[tuple[Callable[[int], None], int]]) -> None:
    failed = []
    for sync, fd in work:
        try:
            sync(fd)
        except OSError as cause:
            failed.append(cause)
    if failed:
        raise failed[0]


@pytest.fixture(autouse=True, scope="module")
def small() -> None:
    """What tests before have freed goes back to the system: here a process is copied a thousand times.

    Of a gigabyte that a worker may have by then a tenth is in use; to copy all of it took half of the work.
    """
    gc.collect()
    # Of glibc alone.
    with suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
