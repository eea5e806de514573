"""What is held on disk comes back byte for byte, and leaves nothing there."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from agcx_format import CorruptData, PersistenceError, limits
from agcx_format.disk.held import HeldBytes

LARGE = os.urandom(1000) * 2500


def test_what_is_held_comes_back_as_often_as_it_is_asked_for(tmp_path: Path):
    with HeldBytes(tmp_path) as hold:
        size, first = hold([b"one", b"", LARGE])
        length, second = hold([b"two"])
        assert (size, length) == (len(LARGE) + 3, 3)
        for _ in range(2):
            assert b"".join(first) == b"one" + LARGE
            assert b"".join(second) == b"two"
        assert max(map(len, first)) <= limits.MIB
        assert os.listdir(tmp_path) == []


def test_a_system_that_writes_a_part_is_asked_again(tmp_path: Path, monkeypatch):
    write: Callable[..., int] = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda fd, data, at: write(fd, data[:7], at))
    with HeldBytes(tmp_path) as hold:
        size, held = hold([b"one", LARGE[:5000]])
        assert (size, b"".join(held)) == (5003, b"one" + LARGE[:5000])


def test_what_is_no_longer_there_is_an_error_and_not_less(tmp_path: Path):
    with HeldBytes(tmp_path) as hold:
        _, held = hold([LARGE])
        os.truncate(held.file.fd, len(LARGE) - 1)
        with pytest.raises(CorruptData, match="no longer there"):
            b"".join(held)


def test_where_nothing_can_be_held_it_is_said(tmp_path: Path):
    with pytest.raises(PersistenceError), HeldBytes(tmp_path / "gone") as hold:
        hold([b"x"])
