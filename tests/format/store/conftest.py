"""Stores that the Rust code wrote, to be changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.stores import copy_of


@pytest.fixture(params=["v1", "v2", "manager-store"])
def root(request, tmp_path: Path) -> Path:
    return copy_of(request.param, tmp_path / "store")


@pytest.fixture
def managed(tmp_path: Path) -> Path:
    """Two sessions, one of them with two checkpoints, and an index."""
    return copy_of("manager-store", tmp_path / "store")
