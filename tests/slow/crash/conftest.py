"""What the crash tests share."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(autouse=True)
def unsynced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is synced here: a kill leaves the page cache as it is, and a busy disk makes thousands
    of syncs take minutes.  That and when things are synced is `test_order_of_writes`' to tell."""
    monkeypatch.setattr(os, "fsync", lambda fd: None)
