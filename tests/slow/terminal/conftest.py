"""The demo's store, a copy for each test that runs the program in a real terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.browsing import demo_copy


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return demo_copy(tmp_path / "history")
