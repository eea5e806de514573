"""The list draws straight columns whatever a title holds."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from agcx_tui.core.sessions.columns import LEFT_TO_RIGHT_MARK, find_words, fit, lay_out, plain_cells
from agcx_tui.core.sessions.table import SessionTable
from tests.support.entries import broken, damaged, session
from tests.tui.app.widgets.list_app import ListApp, many

WIDE = "数据数据数据数据数据数据数据数据数据数据数据数据数据数据数据数据"


@pytest.mark.parametrize(
    ("width", "names"),
    [
        (140, ["age", "project", "title", "tags", "model", "messages", "size"]),
        (120, ["age", "project", "title", "model", "messages", "size"]),
        # Beside a preview in a terminal of 200: most titles are longer than what would be left.
        (107, ["age", "project", "title", "messages", "size"]),
        (80, ["age", "project", "title", "messages", "size"]),
        (62, ["age", "project", "title", "messages"]),
        (48, ["age", "project", "title"]),
        (38, ["age", "title"]),
    ],
)
def test_columns_leave_by_rank(width, names):
    assert [column.name for column in lay_out(width)] == names


@pytest.mark.parametrize(("width", "project", "title"), [(65, 9, 30), (76, 9, 33), (86, 12, 40)])
def test_a_project_gives_its_room_to_a_title_that_lacks_it(width, project, title):
    widths = {column.name: column.width for column in lay_out(width)}
    assert (widths["project"], widths["title"]) == (project, title)


@pytest.mark.parametrize(
    ("width", "names", "project", "title"),
    [(63, 9, 9, 28), (63, 13, 12, 25), (86, 13, 12, 40), (90, 13, 13, 43), (107, 40, 24, 49)],
)
def test_long_names_of_projects_have_the_room_that_titles_can_spare(width, names, project, title):
    widths = {column.name: column.width for column in lay_out(width, names=names)}
    assert (widths["project"], widths["title"]) == (project, title)


@given(st.integers(20, 400), st.integers(0, 60))
def test_columns_fill_the_width_and_do_not_overlap(width, names):
    columns = lay_out(width, names=names)
    for left, right in pairwise(columns):
        assert left.start + left.width < right.start
    assert columns[-1].start + columns[-1].width == width - 1


@given(st.text(), st.integers(1, 40), st.booleans())
def test_any_text_is_fitted_into_exactly_its_cells(text, width, right):
    assert cell_len(fit(plain_cells(text), width, right=right)) == width


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("🧑🏽‍💻 x", "🧑💻 x"),  # joined to one picture by some terminals only
        ("❤️", "❤"),
        ("🇩🇪", "DE"),
        ("e\u0301", "e\u0301"),
        ("a\x1b[31mb\u202ec", "a␛[31mb\ufffdc"),
    ],
)
def test_sequences_whose_width_is_disputed_are_reduced(text, expected):
    assert plain_cells(text) == expected


def test_after_right_to_left_text_the_columns_stay_left_to_right():
    assert fit("שלום", 6) == f"שלום{LEFT_TO_RIGHT_MARK}  "


@pytest.mark.parametrize(
    ("text", "words", "spans"),
    [
        ("Fix the grid", ("grid",), [(8, 12)]),
        ("GRID grid", ("grid",), [(0, 4), (5, 9)]),
        ("abcab", ("ab", "bc"), [(0, 5)]),
        ("Straße", ("strasse",), [(0, 6)]),
        ("Große Straße", ("strasse",), [(6, 12)]),
        ("ﬁle İx x", ("x",), [(5, 6), (7, 8)]),
        ("le Cafe\u0301 ici", ("café", "ici"), [(3, 8), (9, 12)]),
        ("Grid grid", ("Grid",), [(0, 4)]),
        ("Straße", ("stra",), [(0, 4)]),
        ("a.c abc", ("a.c",), [(0, 3)]),
    ],
)
def test_words_are_found_where_they_stand(text, words, spans):
    assert find_words(text, words) == spans


async def test_every_row_is_as_wide_as_the_list_whatever_its_title_holds():
    table = SessionTable()
    hostile = [
        "plain", WIDE, "e\u0301" * 50, "שלום עולם " * 9, "🧑🏽‍💻" * 30, "\x1b[31mred\x1b[0m",
        "a\nb\tc", "", "\u202eevil\u202c", "\ud800", "[b]bold[/b]", "한국어 제목", "x" * 500,
    ]  # fmt: skip
    table.put(session(n, title, tags=(title[:9],)) for n, title in enumerate(hostile, 1))
    table.put([broken(99)])
    for width in (40, 61, 80, 133):
        app = ListApp(table)
        async with app.run_test(size=(width, 20)):
            for y in range(len(table.order)):
                strip = app.sessions.render_line(y)
                assert strip.cell_length == width
                assert cell_len(strip.text) == width
                assert "\x1b" not in strip.text


async def test_the_size_stands_in_the_same_cells_in_every_row():
    table = SessionTable()
    table.put([session(1, "plain", size=1000), session(2, WIDE, size=2000), broken(3, size=3000)])
    app = ListApp(table)
    async with app.run_test(size=(80, 10)):
        column = next(column for column in app.sessions.columns if column.name == "size")
        shown = set()
        for y in range(3):
            strip = app.sessions.render_line(y).crop(column.start, column.start + column.width)
            shown.add(strip.text)
        assert shown == {"1.0 kB", "2.0 kB", "3.0 kB"}


async def test_sorted_by_ratio_the_ratio_stands_where_the_size_does():
    table = SessionTable()
    ratios = {"a": 0.314, "b": 0.004, "c": 1e30, "d": float("nan"), "e": 0.0999}
    table.put([session(n, title, ratio=r) for n, (title, r) in enumerate(ratios.items(), 1)])
    table.sort_by("ratio")
    app = ListApp(table)
    async with app.run_test(size=(80, 10)):
        shown = [app.sessions.render_line(y).text.rstrip()[-6:] for y in range(5)]
        assert shown == [">999 %", "  31 %", "  10 %", " 0.4 %", "     –"]
        assert not any("kB" in app.sessions.render_line(y).text for y in range(5))


async def test_marks_stars_and_faults_are_told_by_signs():
    table = SessionTable()
    table.put([session(1, "dear", favorite=True), broken(2)])
    app = ListApp(table)
    async with app.run_test(size=(80, 10)) as pilot:
        await pilot.press("a")
        text = [app.sessions.render_line(y).text for y in range(2)]
        assert text[0].startswith(" ✓ now                  ! ")
        assert text[1].startswith(" ✓ 2 h ago              ★ dear")


async def test_a_damaged_session_has_its_title_and_says_what_is_missing():
    table = SessionTable()
    table.put([damaged(session(1, "Torn " * 30, size=1000))])
    app = ListApp(table)
    async with app.run_test(size=(80, 10)):
        row = app.sessions.render_line(0)
        assert row.text.startswith("   2 h ago              ! Torn Torn")
        assert "cut off" in row.text
        assert row.text.rstrip().endswith("1.0 kB")
        assert row.cell_length == 80


async def test_what_is_drawn_is_drawn_anew_when_the_look_changes():
    app = ListApp(many(3))
    async with app.run_test(size=(80, 10)) as pilot:
        before = app.sessions.render_line(1)
        app.theme = "textual-light"
        await pilot.pause()
        assert app.sessions.render_line(1) != before
        assert app.sessions.render_line(1).text == before.text


async def test_however_many_rows_there_are_few_are_drawn():
    table = SessionTable()
    table.put(session(n, f"t{n}") for n in range(20_000))
    app = ListApp(table)
    async with app.run_test(size=(80, 20)) as pilot:
        await pilot.press("end", "home", "pagedown")
        assert len(app.sessions._strips) <= 1024
        assert app.sessions.virtual_size.height == 20_000
