"""Sections of the list, names of projects, favorites first, and filters of a directory and of damage."""

from __future__ import annotations

import pytest

from agcx_format.catalog import Opening
from agcx_tui.core.sessions.columns import COLUMNS, fit_middle, lay_out
from agcx_tui.core.sessions.groups import ListLines, Section, rows_of
from agcx_tui.core.sessions.project_labels import project_labels
from agcx_tui.core.sessions.query import parse
from agcx_tui.core.sessions.table import SessionTable
from tests.support.entries import NOW, broken, damaged, session


def listed() -> SessionTable:
    table = SessionTable()
    table.put(
        [
            session(1, "a", accessed="2024-11-24T09:00:00Z", size=10, model="gpt-5"),
            session(2, "b", accessed="2024-11-23T09:00:00Z", size=20, tags=("codex",)),
            session(3, "c", accessed="2024-11-24T08:00:00Z", size=30, favorite=True),
            session(4, "d", accessed="2023-10-14T08:00:00Z", size=40, model="gpt-5"),
        ]
    )
    places = {"a": "/w/site", "b": "/w/app", "c": "/w/app", "d": ""}
    rows = range(len(table.columns))
    table.set_openings(
        (row, Opening("", places[table.title(row)], places[table.title(row)])) for row in rows
    )
    return table


def shown(table: SessionTable, lines) -> list[str]:
    return [
        f"{line.label}: {len(line.rows)}, {line.size}"
        if isinstance(line, Section)
        else table.title(line)
        for line in lines.make()
    ]


@pytest.mark.parametrize(
    ("grouping", "expected"),
    [
        ("none", ["a", "c", "b", "d"]),
        ("project", ["site: 1, 10", "a", "app: 2, 50", "c", "b", "(no project): 1, 40", "d"]),
        ("day", ["Today: 2, 40", "a", "c", "Yesterday: 1, 20", "b", "14 Oct 23: 1, 40", "d"]),
        ("agent", ["agcodex: 3, 80", "a", "c", "d", "codex: 1, 20", "b"]),
    ],
)
def test_sections_have_their_sessions_in_order_and_their_size(grouping, expected):
    table = listed()
    lines = ListLines(table, lambda: NOW)
    lines.group_by(grouping)
    assert shown(table, lines) == expected
    assert rows_of(lines.make()) == sorted(table.order, key=rows_of(lines.make()).index)


def test_a_folded_section_leaves_its_rows_out_and_still_has_them():
    table = listed()
    lines = ListLines(table, lambda: NOW)
    lines.group_by("project")
    lines.folded.add("/w/app")
    assert shown(table, lines) == ["site: 1, 10", "a", "app: 2, 50", "(no project): 1, 40", "d"]
    assert set(rows_of(lines.make())) == set(table.order)
    lines.group_by("day")
    assert len(lines.make()) == 7


def test_without_sections_one_jumps_from_day_to_day_with_them_from_heading_to_heading():
    table = listed()
    lines = ListLines(table, lambda: NOW)
    assert [lines.jump(lines.make(), at, 1) for at in range(4)] == [2, 2, 3, 3]
    assert [lines.jump(lines.make(), at, -1) for at in range(4)] == [0, 0, 0, 2]
    lines.group_by("project")
    assert [lines.jump(lines.make(), at, 1) for at in (0, 1, 2, 6)] == [2, 2, 5, 6]


def test_favorites_first_keeps_the_order_among_them_and_the_others():
    table = listed()
    table.put_favorites_first(True)
    assert [table.title(row) for row in table.order] == ["c", "a", "b", "d"]
    table.sort_by("title", True)
    assert [table.title(row) for row in table.order] == ["c", "d", "b", "a"]
    table.put([session(5, "e", favorite=True)])
    assert [table.title(row) for row in table.order] == ["e", "c", "d", "b", "a"]
    table.put_favorites_first(False)
    assert [table.title(row) for row in table.order] == ["e", "d", "c", "b", "a"]
    # One of a catalog that follows all others by its title, and nevertheless does not go to the end.
    table.put_favorites_first(True)
    table.sort_by("title", False)
    assert [table.title(row) for row in table.order] == ["c", "e", "a", "b", "d"]
    saved = SessionTable()
    saved.put([session(6, "f", favorite=True)])
    table.extend(saved.columns.block([0]))
    table.expect(None)
    assert [table.title(row) for row in table.order] == ["c", "e", "f", "a", "b", "d"]


def test_here_is_the_project_the_program_was_started_in_and_what_is_below(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table = listed()
    below = str(tmp_path / "lib")
    table.set_openings(
        [(0, Opening("", str(tmp_path), str(tmp_path))), (1, Opening("", below, below))]
    )
    table.set_openings([(2, Opening("", f"{tmp_path}-2", f"{tmp_path}-2"))])
    table.filter_by(parse("is:here", NOW))
    assert sorted(table.order) == [0, 1]


@pytest.mark.parametrize("typed", ["damaged", "is:damaged", "is:broken", "cut off"])
def test_what_is_said_of_a_broken_session_finds_it(typed):
    table = SessionTable()
    table.put([damaged(session(1, "torn")), broken(2), session(3, "whole")])
    table.filter_by(parse(typed, NOW))
    assert {table.title(row) for row in table.order} == {"torn", ""}
    table.filter_by(parse(f"-{typed.split()[0]}", NOW))
    assert [table.title(row) for row in table.order] == ["whole"]


def test_projects_of_one_name_are_told_apart():
    assert project_labels(["/a/site", "/b/app", "/b/x/y/app", ""]) == {
        "/a/site": "site", "/b/app": "b/app", "/b/x/y/app": "y/app",
    }  # fmt: skip
    assert project_labels(["/one/src/app", "/two/src/app"]) == {
        "/one/src/app": "one/…/app", "/two/src/app": "two/…/app",
    }  # fmt: skip
    assert fit_middle("EntityProcess/agentv", 12) == "Enti…/agentv"
    assert fit_middle("agent-workflows-monorepo", 12) == "agent-…orepo"
    assert fit_middle("site", 6) == "site  "


def test_all_columns_that_were_chosen_are_shown_where_there_is_room():
    wide = [column.name for column in lay_out(260, COLUMNS)]
    assert wide == ["age", "project", "title", *COLUMNS[1:]]
    assert [column.name for column in lay_out(120, ["cost"])] == ["age", "title", "cost"]
