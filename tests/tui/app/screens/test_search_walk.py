"""What was found is opened by Enter, walked through with n, and left again."""

from __future__ import annotations

import threading

import pytest
from textual import events
from textual.pilot import Pilot

from agcx_tui.app.dialogs.help import HelpScreen
from agcx_tui.app.screens.conversation.conversation import ConversationScreen
from agcx_tui.app.screens.search import walk
from agcx_tui.app.widgets.transcript.transcript import Transcript
from agcx_tui.core.search.results import More, Results
from tests.support.browsing import browser, line, notices, on_top, until, worked
from tests.support.searching import (
    answered,
    at_cursor,
    count,
    head,
    opened,
    previewed,
    rows,
    store_with,
    typed,
)
from tests.support.waiting import LIMIT, soon

pytestmark = pytest.mark.usefixtures("undrawn")


async def test_enter_opens_at_the_match_and_esc_gives_the_results_back(store):
    async with browser(store).run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot)
        await typed(pilot, screen, "the queue")
        await pilot.press("down", "down", "down")
        before, cursor = rows(screen), screen.rows.cursor
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConversationScreen))
        talk = pilot.app.screen
        await until(pilot, lambda: "match " in count(talk))
        assert talk.query_one(Transcript).matches is not None
        number = count(talk).rpartition("match ")[2]
        await pilot.press("n")
        await until(pilot, lambda: not count(talk).endswith(number))
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is screen)
        # At the match that was seen last, which is in the same line.
        assert (rows(screen), screen.rows.cursor) == (before, cursor)


async def test_enter_after_the_words_opens_the_first_match_and_the_list_has_the_keys_afterwards(
    store,
):
    async with browser(store).run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot)
        await typed(pilot, screen, "the queue")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConversationScreen))
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is screen)
        assert screen.focused is screen.rows


async def test_enter_right_after_the_last_letter_opens_what_is_found_for_the_whole_line(tmp_path):
    """Not a result of the letters before, which is still to be seen."""
    store = store_with(tmp_path / "s", ["grid"], ["gris"])
    async with browser(store).run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot, sessions=2)
        await typed(pilot, screen, "gri")
        assert rows(screen)[0].startswith(" Session 2")
        pilot.app.post_message(events.Key("d", "d"))
        pilot.app.post_message(events.Key("enter", None))
        await until(pilot, lambda: isinstance(pilot.app.screen, ConversationScreen))
        await until(pilot, lambda: "Session 1" in line(pilot.app.screen, "#title"))


async def test_enter_where_nothing_is_found_opens_nothing_later(tmp_path):
    store = store_with(tmp_path / "s", ["apple"])
    async with browser(store).run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot, sessions=1)
        for key in (*"appel", "enter"):
            pilot.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await answered(pilot, screen, "appel")
        await until(pilot, lambda: any("Words similar to" in row for row in rows(screen)))
        await pilot.pause()
        assert pilot.app.screen is screen
        assert screen.bar.input.value == "appel"
        # Nor what another line finds, which was not typed: Enter was about the first.
        offered = next(y for y, row in enumerate(rows(screen)) if "apple" in row)
        await pilot.click(screen.rows, offset=(4, offered), times=2)
        await until(pilot, lambda: any("Session 1" in row for row in rows(screen)))
        await pilot.pause()
        assert pilot.app.screen is screen


async def test_n_walks_through_all_matches_and_on_into_the_next_session(tmp_path):
    store = store_with(
        tmp_path / "s",
        ["nothing here", "an apple, and an apple"],
        ["one apple", "no pear", "two apples: apple"],
    )
    async with browser(store).run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot, sessions=2)
        await typed(pilot, screen, "apple")
        await pilot.press("down")
        await previewed(pilot, screen)
        seen = [head(screen)]
        for _ in range(4):
            await pilot.press("n")
            await until(pilot, lambda: head(screen) != seen[-1])
            seen.append(head(screen))
        assert [each.splitlines() for each in seen] == [
            ["Session 2", "message 1 · match 1 of 3"],
            ["Session 2", "message 3 · match 2 of 3"],
            ["Session 2", "message 3 · match 3 of 3"],
            ["Session 1", "message 2 · match 1 of 2"],
            ["Session 1", "message 2 · match 2 of 2"],
        ]
        await pilot.press("n")
        assert "That was the last match" in notices(pilot)
        await pilot.press("N", "N")
        await until(pilot, lambda: head(screen) == seen[2])


async def test_a_match_has_the_same_number_beside_the_results_as_in_the_conversation(tmp_path):
    store = store_with(tmp_path / "s", ["a session", "two sessions"])
    async with browser(store).run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot, sessions=1)
        await typed(pilot, screen, "session")
        await pilot.press("down")
        first = ["Session 1", "message 1 · match 1 of 2 · 1 in the title"]
        await until(pilot, lambda: head(screen).splitlines() == first)
        await pilot.press("N")
        await until(pilot, lambda: head(screen).splitlines() == ["Session 1", "in the title"])
        await pilot.press("n", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConversationScreen))
        await until(pilot, lambda: count(pilot.app.screen).endswith("match 1 of 2"))


async def test_n_in_an_opened_conversation_goes_on_into_the_next_session(tmp_path):
    store = store_with(tmp_path / "s", ["an apple"], ["one apple", "two apples"])
    async with browser(store).run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot, sessions=2)
        await typed(pilot, screen, "apple")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConversationScreen))
        first = pilot.app.screen
        await until(pilot, lambda: count(first).endswith("match 1 of 2"))
        await pilot.press("n")
        await until(pilot, lambda: count(first).endswith("match 2 of 2"))
        await pilot.press("n")
        await until(pilot, lambda: pilot.app.screen is not first)
        second = pilot.app.screen
        await until(pilot, lambda: "match 1 of 1" in count(second))
        await pilot.press("n")
        await until(pilot, lambda: "last match" in notices(pilot))
        await pilot.press("N")
        await until(pilot, lambda: pilot.app.screen not in (first, second))
        await until(pilot, lambda: "match 2 of 2" in count(pilot.app.screen))
        await pilot.press("N")
        await until(pilot, lambda: "match 1 of 2" in count(pilot.app.screen))
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is screen)
        # Not where it was opened, at its last match.
        await until(pilot, lambda: head(screen).splitlines()[-1] == "message 1 · match 1 of 2")
        assert "Session 2" in head(screen)
        assert "one apple" in at_cursor(screen)


def burst(pilot: Pilot, keys: str) -> None:
    """All of them are there before the first one is obeyed, as from a slow line."""
    for key in keys:
        pilot.app.post_message(events.Key(key, key))


async def test_steps_typed_at_once_lead_as_far_as_one_by_one(tmp_path):
    """Also those typed before the match after this one is known, or while another session opens."""
    lines = [
        ["an apple", "two apples"],
        ["one apple"],
        ["red apple", "apple", "no pear"],
        ["apple"],
    ]
    store = store_with(tmp_path / "s", *lines)
    # The last session is the newest: matches 1 | 2 3 | 4 | 5 6.
    async with browser(store).run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot, sessions=4)
        await typed(pilot, screen, "apple")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConversationScreen))

        async def there(session: int, match: str) -> None:
            def is_there() -> bool:
                talk = pilot.app.screen
                if not talk.query("#title") or not talk.query("#search"):
                    # It is being opened.
                    return False
                return f"Session {session}" in line(talk, "#title") and match in count(talk)

            await until(pilot, is_there)

        burst(pilot, "nnn")
        await there(2, "match 1 of 1")
        burst(pilot, "NNN")
        await there(4, "match 1 of 1")
        burst(pilot, "nnnnn")
        await there(1, "match 2 of 2")
        # There and back again.
        burst(pilot, "NNnN")
        await there(2, "match 1 of 1")
        burst(pilot, "nNnNNNn")
        await there(3, "match 2 of 2")
        # What is too many ends at the last one, and says so.
        burst(pilot, "n" * 9)
        await there(1, "match 2 of 2")
        await until(pilot, lambda: "last match" in notices(pilot))
        burst(pilot, "N")
        await there(1, "match 1 of 2")


@pytest.mark.parametrize("is_left", [True, False])
async def test_what_is_opened_while_the_next_session_is_read_is_not_replaced_by_it(
    tmp_path, monkeypatch, is_left
):
    may_read, asked, all_hits = threading.Event(), threading.Event(), walk.all_hits

    def slowly(*given):
        asked.set()
        may_read.wait(LIMIT)
        return all_hits(*given)

    store = store_with(tmp_path / "s", ["an apple"], ["one apple"])
    async with browser(store).run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot, sessions=2)
        await typed(pilot, screen, "apple")
        await pilot.press("enter")
        talk = await on_top(pilot, ConversationScreen)
        await until(pilot, lambda: count(talk).endswith("match 1 of 1"))
        monkeypatch.setattr(walk, "all_hits", slowly)
        await pilot.press("n")
        await soon(asked.is_set)
        if is_left:
            await pilot.press("escape")
            await until(pilot, lambda: pilot.app.screen is screen)
            await pilot.press("enter")
            over = await on_top(pilot, ConversationScreen)
        else:
            await pilot.press("question_mark")
            over = await on_top(pilot, HelpScreen)
        may_read.set()
        await worked(pilot)
        assert pilot.app.screen is over
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is (screen if is_left else talk))
        # The step can be taken again.
        await pilot.press("enter" if is_left else "n")
        await until(pilot, lambda: pilot.app.screen not in (screen, talk, over))


async def test_the_cursor_stays_on_its_row_while_all_lines_of_a_session_come_above_it(tmp_path):
    store = store_with(tmp_path / "s", ["a lemur", "one"], ["lemur"] * 12)
    async with browser(store).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, sessions=2)
        await typed(pilot, screen, "lemur")
        shown = screen.rows
        (at,) = (at for at, row in enumerate(shown.results.rows) if isinstance(row, More))
        before = len(shown.results.rows)
        shown.go_to(at)
        # Both before the lines come.
        shown.action_open()
        shown.action_bottom()
        here = shown.row
        await until(pilot, lambda: len(shown.results.rows) > before)
        assert shown.row is here


async def test_lines_that_come_late_do_not_go_among_the_results_of_another_search(tmp_path):
    store = store_with(tmp_path / "s", ["lemur"] * 12)
    async with browser(store).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, sessions=1)
        await typed(pilot, screen, "lemur")
        (more,) = (row for row in screen.rows.results.rows if isinstance(row, More))
        results = Results()
        results.add([more.session])
        listed = list(results.rows)
        screen.walk.expand(more.session)
        screen.rows.show(results)
        await worked(pilot)
        assert results.rows == listed
