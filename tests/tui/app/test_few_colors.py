"""With few colours or none, on a small terminal, everything that matters is still seen."""

from __future__ import annotations

import pytest
from rich.color import Color, ColorSystem
from textual.widgets import OptionList

from agcx_tui.app.dialogs.export import ExportDialog
from agcx_tui.app.screens.storage import StorageScreen
from agcx_tui.app.themes import DARK, LIGHT
from agcx_tui.app.widgets.choices import Box, Pick
from tests.support.browsing import browser, scanned, until


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
@pytest.mark.parametrize("colours", [ColorSystem.STANDARD, ColorSystem.EIGHT_BIT])
def test_the_line_of_the_cursor_is_another_than_the_rest_in_every_terminal(theme, colours):
    def as_shown(colour: str) -> int | None:
        return Color.parse(colour).downgrade(colours).number

    for cursor in ("block-cursor", "block-cursor-blurred"):
        behind = as_shown(theme.variables[f"{cursor}-background"])
        assert behind != as_shown(theme.background)
        assert behind != as_shown(theme.variables[f"{cursor}-foreground"])


async def test_without_colour_the_cursor_is_told_by_its_text(store, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    app = browser(store)
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await scanned(pilot)
        styles = [next(iter(screen.sessions.render_line(y))).style for y in range(2)]
        assert [style.reverse for style in styles] == [True, None]
        await pilot.press("slash")
        await pilot.pause()
        assert next(iter(screen.sessions.render_line(0))).style.bold
        await pilot.press("escape", "S")
        await until(pilot, lambda: isinstance(pilot.app.screen, StorageScreen))
        lines = pilot.app.screen.query_one(OptionList)
        await until(pilot, lambda: lines.highlighted is not None)
        # No gap stands above the first line.
        lines.highlighted = 1
        await pilot.pause()
        assert all(segment.style.underline for segment in lines.render_line(lines.highlighted))


async def test_boxes_and_buttons_to_choose_by_say_in_text_what_is_on(store):
    app = browser(store)
    async with app.run_test(size=(100, 30)) as pilot:
        await scanned(pilot)
        await pilot.press("e")
        await until(pilot, lambda: isinstance(pilot.app.screen, ExportDialog))
        for kind, on, off in ((Box, "[x]", "[ ]"), (Pick, "(●)", "( )")):
            # The branches of a conversation are there to choose from only where it has some.
            for each in filter(lambda each: each.size, pilot.app.screen.query(kind)):
                drawn = list(each.render_line(0))
                assert "".join(part.text for part in drawn).startswith(on if each.value else off)
                assert drawn[0].style.color != drawn[0].style.bgcolor


async def test_on_a_small_terminal_nothing_is_cut_that_one_needs(store):
    app = browser(store)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await scanned(pilot)
        await pilot.press("space")
        await pilot.pause()
        bottom = screen._compositor.render_strips(screen.size)[-1].text
        assert "? help" in bottom
        assert "1 marked" in bottom
        await pilot.press("S")
        await until(pilot, lambda: isinstance(pilot.app.screen, StorageScreen))
        lines = pilot.app.screen.query_one(OptionList)
        await until(pilot, lambda: lines.option_count > 20)
        await pilot.pause()
        drawn = [strip.text for strip in pilot.app.screen._compositor.render_strips(screen.size)]
        assert drawn[0].startswith(" agcx  Storage")
        (pictures,) = [line for line in drawn if "/home/robin/Pictures" in line]
        assert "1 session" in pictures
