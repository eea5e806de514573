"""A table of four rows."""

from __future__ import annotations

import pytest

from agcx_tui.core.sessions.table import SessionTable
from tests.support.entries import broken, session


@pytest.fixture
def table() -> SessionTable:
    table = SessionTable()
    table.put(
        [
            session(1, "Fix the grid", accessed="2024-11-24T10:00:00Z", messages=48, size=1_200_000),
            session(2, "queue stalls", accessed="2024-11-23T10:00:00Z", tags=("bug", "Queue"),
                    messages=312, size=9_800_000, model="claude-sonnet-4", mode="Plan"),
            session(3, "Über Straßen", accessed="2024-11-24T11:00:00Z", messages=0, size=300,
                    favorite=True, mode="Review"),
            broken(4),
        ]
    )  # fmt: skip
    return table
