"""The keys at the foot of a screen: which are offered, in how much room, and that they can be clicked."""

from __future__ import annotations

import pytest
from textual.widgets import Input

from agcx_tui.app.screens.conversation.conversation import ConversationScreen
from agcx_tui.app.widgets.lines.key_line import KeyLine, Shown, fitting
from tests.support.browsing import SIZE, browser, on_top, scanned, until

KEYS = [
    Shown("enter", "open", "enter", True),
    Shown("/", "filter", "slash", True),
    Shown("?", "help", "question_mark", True),
]


@pytest.mark.parametrize(
    ("width", "labels"),
    [(80, "enter / ?"), (30, "enter / ?"), (29, "enter ?"), (20, "enter ?"), (19, "?"), (3, "?")],
)
def test_the_last_key_always_stands_and_the_others_as_far_as_there_is_room(width, labels):
    assert [key.label for key in fitting(KEYS, width)] == labels.split()


def test_without_keys_there_is_nothing_to_show():
    assert fitting([], 80) == []


async def test_the_footer_of_the_list_offers_what_is_done_most(store):
    async with browser(store).run_test(size=SIZE) as pilot:
        keys = (await scanned(pilot)).query_one(KeyLine)
        assert " ".join(key.label for key in keys.shown()) == "enter space / f e d s i u R G ?"
        # A wide terminal has room for what is done more seldom.
        await pilot.resize_terminal(200, 40)
        await until(pilot, lambda: "T trash" in keys.render_line(0).text)
        shown = " ".join(key.label for key in keys.shown())
        assert shown == "enter space / f e d s i u R G p P S T ?"


async def test_the_footer_of_a_conversation_offers_what_was_said_and_what_failed(store):
    async with browser(store).run_test(size=SIZE) as pilot:
        await scanned(pilot)
        await pilot.press("down", "enter")
        keys = (await on_top(pilot, ConversationScreen)).query_one(KeyLine)
        await until(pilot, lambda: "m filter" in keys.render_line(0).text)


async def test_help_is_offered_in_the_narrowest_terminal(store):
    async with browser(store).run_test(size=(40, 24)) as pilot:
        drawn = (await scanned(pilot)).query_one(KeyLine).render_line(0).text
        assert drawn.rstrip().endswith("? help")
        assert drawn.split()[:2] == ["enter", "open"]


async def test_a_click_on_a_key_presses_it_and_the_keys_of_the_new_focus_are_shown(store):
    async with browser(store).run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        keys = screen.query_one(KeyLine)
        await pilot.click(KeyLine, offset=(keys.render_line(0).text.index("filter"), 0))
        await until(pilot, lambda: isinstance(screen.focused, Input))
        await until(pilot, lambda: "done" in keys.render_line(0).text)


async def test_what_a_key_does_with_a_chosen_picture_has_room_in_a_narrow_terminal(store):
    async with browser(store).run_test(size=(80, 24)) as pilot:
        await scanned(pilot)
        await pilot.press("down", "enter")
        screen = await on_top(pilot, ConversationScreen)
        await until(pilot, lambda: screen.transcript.source.complete)
        await pilot.press("tab")
        await until(pilot, lambda: screen.transcript.pieces.picture)
        drawn = screen.query_one(KeyLine).render_line(0).text
        assert drawn.split("  ")[:2] == [" enter show", "o open in viewer"]
        assert drawn.rstrip().endswith("? help")
