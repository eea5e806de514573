"""Lines of a list that are made once they are on the screen."""

from __future__ import annotations

from functools import partial

from textual.app import App, ComposeResult
from textual.content import Content
from textual.widgets.option_list import Option

from agcx_tui.app.widgets.lines.late_line import LateLine
from agcx_tui.app.widgets.lines.option_lines import OptionLines


class Lines(App[None]):
    CSS = "OptionLines { height: 10; border: none; }"

    def __init__(self) -> None:
        super().__init__()
        self.made: set[int] = set()

    def compose(self) -> ComposeResult:
        yield OptionLines(*(Option(LateLine(partial(self._make, each))) for each in range(1_000)))

    def _make(self, number: int) -> Content:
        self.made.add(number)
        return Content(f"line {number} " + "of many words " * 10)


async def test_of_a_long_list_only_the_lines_on_the_screen_are_made():
    app = Lines()
    async with app.run_test(size=(40, 20)) as pilot:
        lines = app.query_one(OptionLines)
        await pilot.pause()
        assert app.made == set(range(10))
        # Each is one line, however long.
        assert lines.virtual_size.height == 1_000
        assert [lines.render_line(y).text[:7] for y in (0, 9)] == ["line 0 ", "line 9 "]
        await pilot.press("end")
        await pilot.pause()
        assert app.made == {*range(10), *range(990, 1_000)}
