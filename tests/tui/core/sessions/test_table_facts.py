"""What a table knows of sessions once their messages, or their beginnings, are read."""

import pytest

from agcx_format.catalog import Opening
from agcx_format.importing.draft import INCOMPLETE
from agcx_format.space import ActivityFacts
from agcx_tui.core.sessions.query import parse
from agcx_tui.core.sessions.table import SessionTable
from tests.support.entries import NOW, session
from tests.tui.core.sessions.test_session_table import filtered, shown

# --- what is known once messages are read

FACTS = {
    1: ActivityFacts(
        turns=12, active_seconds=7200, failed=2, edited=1, tools=(("shell", 9, 2, 1.0),),
        files=(("src/Grid.py", 3, 1),), checkpoints=("Before the release",),
    ),
    2: ActivityFacts(turns=1, active_seconds=5, branches=2, tools=(("apply_patch", 1, 0, 1.0),)),
}  # fmt: skip


def known(table: SessionTable, *numbers: int) -> None:
    rows = {row: title for row in table.in_order() if (title := table.title(row))}
    titles = {"Fix the grid": 1, "queue stalls": 2}
    table.set_activity(
        (row, FACTS[titles[t]]) for row, t in rows.items() if titles.get(t) in numbers
    )


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("is:failed", ["Fix the grid"]),
        ("-is:failed", ["queue stalls"]),
        ("is:edited", ["Fix the grid"]),
        ("is:branched", ["queue stalls"]),
        ("file:grid.py", ["Fix the grid"]),
        ("tool:patch", ["queue stalls"]),
        ("turns:>1", ["Fix the grid"]),
        ("turns:1", ["queue stalls"]),
        ("duration:>1h", ["Fix the grid"]),
        ("duration:<1min", ["queue stalls"]),
        ("checkpoint:release", ["Fix the grid"]),
        ("-checkpoint:release", ["queue stalls"]),
    ],
)
def test_what_happened_can_be_filtered_by(table, typed, expected):
    known(table, 1, 2)
    assert filtered(table, typed) == expected


def test_a_session_whose_messages_were_not_read_matches_once_they_are(table):
    assert filtered(table, "is:failed") == filtered(table, "-is:failed") == []
    known(table, 2)
    assert shown(table) == ["queue stalls"]
    table.filter_by(parse("is:failed", NOW))
    known(table, 1)
    assert shown(table) == ["Fix the grid"]


def test_only_what_matches_otherwise_is_to_be_read(table):
    assert table.rows_to_measure() == []
    table.filter_by(parse("is:failed messages:>0", NOW))
    assert sorted(map(table.title, table.rows_to_measure())) == ["Fix the grid", "queue stalls"]
    known(table, 1)
    assert list(map(table.title, table.rows_to_measure())) == ["queue stalls"]


def test_a_session_that_changed_is_to_be_read_again(table):
    known(table, 1)
    table.filter_by(parse("is:failed", NOW))
    table.put([session(1, "Fix the grid", messages=50)])
    assert shown(table) == []
    assert "Fix the grid" in map(table.title, table.rows_to_measure())


SITE = Opening("hello", "/home/ana/wt/grid-fix", "/home/ana/src/site", "grid")
QUEUE = Opening("", "/srv/Queue", "/srv/Queue", "")


@pytest.fixture
def opened(table) -> SessionTable:
    table.put([session(5, "imported", tags=("claude-code", "ui"))])
    rows = [table.row_of(session(n).path) for n in (1, 2, 3)]
    table.set_openings(zip(rows, (SITE, QUEUE, Opening("", "/tmp")), strict=True))
    return table


@pytest.mark.parametrize(
    ("typed", "titles"),
    [
        ("project:site", ["Fix the grid"]),
        ("project:grid", []),
        ("project:QUEUE,x", []),
        ("project:queue", ["queue stalls"]),
        ("dir:wt/grid", ["Fix the grid"]),
        ("dir:srv", ["queue stalls"]),
        ("branch:gr", ["Fix the grid"]),
        ("-branch:gr", ["queue stalls", "Über Straßen"]),
        ("-project:site -dir:tmp", ["queue stalls"]),
        # A plain word also means the project.
        ("site", ["Fix the grid"]),
        ("agent:claude", ["imported"]),
        ("-agent:agcodex", ["imported"]),
        ("agent:codex", []),
        ("is:imported", ["imported"]),
    ],
)  # fmt: skip
def test_where_and_by_whom_a_session_was_made_selects_it(opened, typed, titles):
    assert filtered(opened, typed) == titles


def test_a_tilde_is_the_home_directory(opened, monkeypatch):
    monkeypatch.setenv("HOME", "/home/ana")
    assert filtered(opened, "dir:~/wt") == ["Fix the grid"]


def test_a_session_whose_beginning_was_not_read_comes_in_when_it_is(table):
    row = table.row_of(session(1).path)
    assert filtered(table, "-project:site") == filtered(table, "project:site") == []
    assert row in table.rows_to_read()
    assert table.set_openings([(row, SITE)])
    assert shown(table) == ["Fix the grid"]
    # Its place is kept while a changed file waits to be read again.
    table.put([session(1, "Fix the grid again")])
    assert shown(table) == ["Fix the grid again"]


def test_an_import_of_which_a_part_could_not_be_read_is_marked_as_a_broken_file_is():
    table = SessionTable()
    torn = session(2, "Torn", tags=("codex", INCOMPLETE), favorite=True)
    rows = table.put([session(1, "Whole"), torn])
    assert [table.flag(row) for row in rows] == [" ", "!"]
    assert filtered(table, "is:broken") == ["Torn"]
    assert filtered(table, "-is:broken") == ["Whole"]
    # It can be opened and changed as any other.
    assert table.readable(rows[1])
    assert not table.broken(rows[1])
    assert table.totals.broken == 0
