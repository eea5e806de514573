"""Lines to choose from, a page at a time."""

from __future__ import annotations

from textual.app import App, ComposeResult

from agcx_tui.app.widgets.lines.option_lines import OptionLines


class Lines(App[None]):
    def compose(self) -> ComposeResult:
        yield OptionLines(*map(str, range(30)))


async def test_a_page_of_lines_that_have_no_room_is_no_error_and_of_others_it_is_turned():
    async with Lines().run_test(size=(20, 10)) as pilot:
        lines = pilot.app.query_one(OptionLines)
        lines.display = False
        await pilot.pause()
        lines.set_options(map(str, range(30)))
        lines.highlighted = 3
        lines.styles.height = 0
        lines.display = True
        await pilot.pause()
        lines.focus()
        await pilot.press("pagedown", "pageup")
        assert lines.highlighted == 3
        lines.styles.height = 10
        await pilot.pause()
        await pilot.press("pagedown")
        assert lines.highlighted is not None
        assert lines.highlighted > 3
