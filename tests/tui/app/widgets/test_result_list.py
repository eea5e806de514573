"""The list of a search's results: its rows, and what follows its cursor hears of rows that come late."""

from __future__ import annotations

from itertools import product

import pytest
from rich.style import Style
from textual import on
from textual.app import App, ComposeResult
from textual.strip import Strip

from agcx_format.errors import CorruptData
from agcx_format.search import Hit, SessionHits, Unsearched
from agcx_tui.app.widgets.results.result_list import ResultList
from agcx_tui.app.widgets.results.result_row import ResultLook, draw_row
from agcx_tui.core.search.results import (
    CloseWord,
    FoundLine,
    Heading,
    Missing,
    More,
    Note,
    Results,
    Row,
)
from tests.support.browsing import until


class CountingList(ResultList):
    """Counts the lines that are drawn."""

    drawn = 0

    def render_line(self, y: int) -> Strip:
        self.drawn += 1
        return super().render_line(y)


class Listing(App[None]):
    """`followed` is what was under the cursor each time that it moved."""

    def __init__(self) -> None:
        super().__init__()
        self.followed: list[Row | None] = []

    def compose(self) -> ComposeResult:
        yield CountingList(lambda: 0, lambda path: "")

    @on(ResultList.Highlighted)
    def follow(self) -> None:
        self.followed.append(self.query_one(ResultList).row)


async def test_the_first_result_is_followed_also_if_there_was_none_for_a_while():
    async with Listing().run_test() as pilot:
        shown, results = pilot.app.query_one(CountingList), Results()
        # As a search does that has found nothing for some time: the results before it go.
        shown.show(results)
        await until(pilot, lambda: pilot.app.followed == [None])
        results.add([SessionHits("a.agcx", "One", "", (), 1)])
        shown.grew()
        await until(pilot, lambda: len(pilot.app.followed) == 2)
        assert isinstance(pilot.app.followed[-1], Heading)
        # What comes below it does not move the cursor.
        results.add([SessionHits("b.agcx", "Two", "", (), 1)])
        shown.grew()
        await pilot.pause()
        assert len(pilot.app.followed) == 2
        # Rows that are not in sight are not drawn, nor is anything laid out for them.
        height, drawn = shown.size.height, shown.drawn
        results.add([SessionHits(f"{n}.agcx", "More", "", (), 1) for n in range(height)])
        shown.grew()
        await until(pilot, lambda: shown.drawn == drawn + height - 2)
        laid_out = []
        pilot.app.screen.screen_layout_refresh_signal.subscribe(shown, laid_out.append)
        drawn = shown.drawn
        results.add([SessionHits("z.agcx", "Below", "", (), 1)])
        shown.grew()
        await pilot.pause()
        assert shown.virtual_size.height == len(results.rows)
        assert shown.drawn == drawn
        assert not laid_out


@pytest.mark.parametrize("line", ["words before the needle", "前" * 9 + "needle", "needle"])
def test_rows_have_the_width_of_the_list_however_narrow_it_is(line):
    at = line.index("needle")
    hit = Hit("a.agcx", line, 0, "user", "", at, at + 6, line, 0)
    found = SessionHits("a.agcx", line, "", (hit,), 1)
    error = CorruptData("damaged", path="a.agcx")
    rows: list[Row] = [
        FoundLine(found, (hit,)),
        Heading(found),
        More(found, 5, True),
        Missing(Unsearched("a.agcx", error)),
        CloseWord("nedle", line, line),
        Note(line),
    ]
    look = ResultLook(*[Style()] * 7)
    for row, width, cursor in product(rows, range(40), (False, True)):
        drawn = draw_row(row, width, look, 0, lambda path: "/project", cursor=cursor)
        assert drawn.cell_length == width


def test_a_long_title_gives_room_to_the_project_that_tells_it_from_others():
    row = Heading(SessionHits("a.agcx", "When I load the dashboard, I see 4 queries", "", (), 1))
    look = ResultLook(*[Style()] * 7)

    def shown(width: int) -> str:
        return draw_row(row, width, look, 0, lambda path: "/src/billing", cursor=False).text

    assert shown(62).split("  ")[:2] == [" When I load the dashboard, I se…", "billing"]
    # Not where hardly anything of the title would be left.
    assert shown(44).startswith(" When I load the dashbo…   ")


def test_a_line_is_cut_before_its_match_only_where_it_does_not_fit():
    line = 'import { db } from "@/lib/supabase/db";'
    at = line.index("supabase")
    hit = Hit("a.agcx", "One", 0, "tool", "", at, at + 8, line, 0)
    row = FoundLine(SessionHits("a.agcx", "One", "", (hit,), 1), (hit,))
    look = ResultLook(*[Style()] * 7)

    def shown(width: int) -> str:
        return draw_row(row, width, look, 0, lambda path: "", cursor=False).text.strip()

    assert shown(len(line) + 6) == f"▸ {line}"
    assert "supabase" in shown(len(line) + 5)
    assert shown(len(line) + 5).startswith("▸ …")
