"""The list of a search's results: what follows its cursor hears of rows that come late."""

from __future__ import annotations

from textual import on
from textual.app import App, ComposeResult

from agcx_format.search import SessionHits
from agcx_tui.app.widgets.results.result_list import ResultList
from agcx_tui.core.search.results import Heading, Results, Row
from tests.support.browsing import until


class Listing(App[None]):
    """`followed` is what was under the cursor each time that it moved."""

    def __init__(self) -> None:
        super().__init__()
        self.followed: list[Row | None] = []

    def compose(self) -> ComposeResult:
        yield ResultList(lambda: 0, lambda path: "")

    @on(ResultList.Highlighted)
    def follow(self) -> None:
        self.followed.append(self.query_one(ResultList).row)


async def test_the_first_result_is_followed_also_if_there_was_none_for_a_while():
    async with Listing().run_test() as pilot:
        shown, results = pilot.app.query_one(ResultList), Results()
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
