"""The cursor of the list stays on its session, whatever comes and goes."""

from __future__ import annotations

import pytest
from textual import events

from agcx_tui.app.widgets.list.session_list import SessionList
from agcx_tui.core.sessions.query import parse
from agcx_tui.core.sessions.table import SessionTable
from tests.support.entries import NOW, session
from tests.tui.app.widgets.list_app import ListApp, many


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
