"""Reads lines as one rollout."""

from __future__ import annotations

import pytest

from agcx_format.importing.codex.rollout import read_rollout
from agcx_format.importing.imported import Imported
from tests.support.rollout_lines import write


@pytest.fixture
def read(tmp_path):
    def read_lines(*lines: dict | str) -> Imported:
        return read_rollout(write(tmp_path / "rollout.jsonl", *lines))

    return read_lines
