"""The list draws straight columns whatever a title holds, and its cursor stays on its session."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual import events
from textual.app import App, ComposeResult

from agcx_tui.app.widgets.list.session_list import SessionList
from agcx_tui.core.sessions.columns import LEFT_TO_RIGHT_MARK, find_words, fit, lay_out, plain_cells
from agcx_tui.core.sessions.query import parse
from agcx_tui.core.sessions.table import SessionTable
from tests.support.entries import NOW, broken, damaged, session

WIDE = "数据数据数据数据数据数据数据数据数据数据数据数据数据数据数据数据"


class ListApp(App[None]):
    """The list alone."""

    def __init__(self, table: SessionTable) -> None:
        super().__init__()
        self.sessions = SessionList(table, lambda: NOW)
        self.opened: list[int | None] = []

    def compose(self) -> ComposeResult:
        yield self.sessions

    def on_session_list_opened(self, message: SessionList.Opened) -> None:
        self.opened.append(message.row)

    @property
    def at(self) -> str:
        row = self.sessions.cursor
        return "" if row is None else self.sessions.table.title(row)

    @property
    def marked(self) -> list[str]:
        table = self.sessions.table
        return [table.title(row) for row in table.order if row in table.marks]


def many(count: int) -> SessionTable:
    """Sessions `t000`, `t001`, … of which the first is the newest."""
    table = SessionTable()
    table.put(
        session(n + 1, f"t{n:03}", accessed=f"2024-10-{30 - n // 24:02}T{23 - n % 24:02}:00:00Z")
        for n in range(count)
    )
    return table


# --- columns


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


# --- the cursor


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (["down"], "t001"),
        (["j", "j", "k"], "t001"),
        (["up"], "t000"),
        (["end"], "t099"),
        (["end", "down"], "t099"),
        (["end", "g"], "t000"),
        (["end", "home"], "t000"),
        (["pagedown"], "t019"),
        (["pagedown", "pageup"], "t000"),
        (["ctrl+d"], "t009"),
        (["ctrl+d", "ctrl+u"], "t000"),
    ],
)
async def test_keys_move_the_cursor(keys, expected):
    app = ListApp(many(100))
    async with app.run_test(size=(80, 20)) as pilot:
        await pilot.press(*keys)
        assert app.at == expected
        top = app.sessions.scroll_offset.y
        assert top <= int(expected[1:]) < top + 20


async def test_space_marks_and_goes_on():
    app = ListApp(many(5))
    async with app.run_test(size=(80, 20)) as pilot:
        await pilot.press("space", "space", "down", "space")
        assert app.marked == ["t000", "t001", "t003"]
        await pilot.press("home", "space")
        assert app.marked == ["t001", "t003"]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (["shift+down"], ["t000", "t001"]),
        (["shift+down", "shift+down", "shift+up"], ["t000", "t001"]),
        (["down", "down", "shift+up"], ["t001", "t002"]),
        (["end", "space", "home", "J", "K"], ["t000", "t004"]),
        (["shift+down", "down", "shift+down"], ["t000", "t001", "t002", "t003"]),
    ],
)
async def test_shift_and_an_arrow_mark_what_lies_between(keys, expected):
    app = ListApp(many(5))
    async with app.run_test(size=(80, 20)) as pilot:
        await pilot.press(*keys)
        assert app.marked == expected


async def test_a_click_puts_the_cursor_there_and_one_at_the_edge_marks():
    app = ListApp(many(5))
    async with app.run_test(size=(80, 20)) as pilot:
        await pilot.click(SessionList, offset=(30, 3))
        assert (app.at, app.marked) == ("t003", [])
        await pilot.click(SessionList, offset=(1, 2))
        assert (app.at, app.marked) == ("t002", ["t002"])
        await pilot.click(SessionList, offset=(30, 15))
        assert app.at == "t002"


async def test_enter_and_a_double_click_open():
    app = ListApp(many(5))
    async with app.run_test(size=(80, 20)) as pilot:
        await pilot.press("down", "enter")
        await pilot.double_click(SessionList, offset=(30, 4))
        await pilot.pause()
        assert app.opened == [1, 4]


def wheel_down(widget: SessionList) -> events.MouseScrollDown:
    return events.MouseScrollDown(widget, 10, 5, 0, 0, 0, False, False, False, 10, 5)


async def test_the_wheel_scrolls_and_leaves_the_cursor():
    app = ListApp(many(100))
    async with app.run_test(size=(80, 20)) as pilot:
        for _ in range(20):
            app.sessions.post_message(wheel_down(app.sessions))
            await pilot.pause()
        assert app.sessions.scroll_offset.y > 20
        top = app.sessions.scroll_offset.y
        assert f"t{top:03}" in app.sessions.render_line(0).text
        assert app.at == "t000"
        await pilot.press("down")
        assert app.sessions.scroll_offset.y <= 1


async def test_until_it_is_moved_the_cursor_stays_on_the_newest():
    table = many(5)
    app = ListApp(table)
    async with app.run_test(size=(80, 20)):
        table.put([session(900, "newer", accessed="2024-11-23T00:00:00Z")])
        app.sessions.update()
        assert app.at == "newer"


async def test_when_rows_arrive_above_the_cursor_stays_on_its_session_and_its_line():
    table = many(60)
    app = ListApp(table)
    async with app.run_test(size=(80, 20)) as pilot:
        await pilot.press(*["down"] * 30)
        line = 30 - app.sessions.scroll_offset.y
        table.put(session(900 + n, f"new {n}", accessed="2024-11-23T00:00:00Z") for n in range(7))
        app.sessions.update()
        await pilot.pause()
        assert app.at == "t030"
        assert "t030" in app.sessions.render_line(line).text


async def test_when_its_session_goes_the_cursor_takes_the_next():
    table = many(5)
    app = ListApp(table)
    async with app.run_test(size=(80, 20)) as pilot:
        await pilot.press("down", "down")
        table.remove([2])
        app.sessions.update()
        assert app.at == "t003"
        table.remove([3, 4])
        app.sessions.update()
        assert app.at == "t001"


async def test_after_a_filter_the_cursor_is_where_it_was_if_it_still_fits():
    table = many(40)
    app = ListApp(table)
    async with app.run_test(size=(80, 20)) as pilot:
        await pilot.press("end")
        table.filter_by(parse("t03", NOW))
        app.sessions.update()
        assert app.at == "t039"
        table.filter_by(parse("", NOW))
        app.sessions.update()
        assert app.at == "t039"


async def test_an_empty_list_takes_every_key():
    app = ListApp(SessionTable())
    async with app.run_test(size=(80, 20)) as pilot:
        await pilot.press("down", "up", "end", "g", "space", "a", "shift+down", "enter", "pagedown")
        await pilot.click(SessionList, offset=(10, 2))
        assert app.opened == []
        assert app.sessions.cursor is None


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


async def test_a_grouped_list_begins_on_its_first_session_below_its_heading():
    table = many(60)
    app = ListApp(table)
    async with app.run_test(size=(80, 20)) as pilot:
        app.sessions.group_by("day")
        assert app.at == "t000"
        app.sessions.group_by("none")
        # The cursor was moved, and is where it was.
        await pilot.press("down", "up")
        app.sessions.group_by("day")
        await pilot.pause()
        assert app.at == "t000"
        assert "t000" in app.sessions.render_line(1).text
        # Coming from below, the heading is seen as well.
        await pilot.press("end", *["up"] * 36)
        assert app.at == "t024"
        await pilot.pause()
        assert "t024" in app.sessions.render_line(1).text
        # The last session of a day goes: the next key must not be about a whole other day.
        await pilot.press("up", "up")
        table.remove([23])
        app.sessions.update()
        assert app.at == "t024"
        table.remove(range(24, 60))
        app.sessions.update()
        assert app.at == "t022"
