"""Reads the lines of a transcript as an import does."""

from __future__ import annotations

import pytest

from agcx_format.importing.claude.transcript import read_transcript
from agcx_format.importing.draft import Imported
from tests.support.rollout_lines import write


@pytest.fixture
def read(tmp_path):
    def read_lines(*lines: dict | str) -> Imported:
        return read_transcript(write(tmp_path / "transcript.jsonl", *lines))

    return read_lines
