"""What the crash tests share."""

from __future__ import annotations

import ctypes
import gc
import os
from contextlib import suppress

import pytest


@pytest.fixture(autouse=True)
def unsynced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is synced here: a kill leaves the page cache as it is, and a busy disk makes thousands
    of syncs take minutes.  That and when things are synced is `test_order_of_writes`' to tell."""
    monkeypatch.setattr(os, "fsync", lambda fd: None)


@pytest.fixture(autouse=True, scope="module")
def small() -> None:
    """What tests before have freed goes back to the system: here a process is copied a thousand times.

    Of a gigabyte that a worker may have by then a tenth is in use; to copy all of it took half of the work.
    """
    gc.collect()
    # Of glibc alone.
    with suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
