"""One finds what was said while typing it, walks through the matches, opens one, and comes back."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from uuid import UUID

import pytest

from agcx_format import new_session, open_store
from agcx_format.search import Index
from agcx_tui.app.screens.browser.browser import BrowserScreen
from agcx_tui.app.screens.search.status_line import StatusLine
from agcx_tui.app.widgets.lines.edge_line import EdgeLine
from agcx_tui.app.widgets.results import place_preview
from agcx_tui.core.local.config import Config
from agcx_tui.core.local.paths import search_index
from agcx_tui.core.local.searches import LastSearches
from agcx_tui.core.search.hits_of_session import FoundAt, places_of
from agcx_tui.core.search.summary import summary
from tests.support.browsing import browser, demo_copy, line, scanned, until
from tests.support.processes import children
from tests.support.searching import (
    answered,
    at_cursor,
    head,
    opened,
    previewed,
    rows,
    status,
    store_with,
    typed,
)

pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    return demo_copy(tmp_path / "history")


async def test_results_come_while_one_types_grouped_by_session(demo):
    async with browser(demo).run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot)
        await typed(pilot, screen, "the queue")
        drawn = rows(screen)
        assert drawn[0].startswith(" Why does the queue stall after a deploy?")
        assert drawn[0].endswith("3 h ago     33")
        assert drawn[1].startswith("   ❯ After every deploy the queue stands still")
        # Only lines that hold both words, although there is room for one with the common one.
        assert ["the queue" in each for each in drawn[1:4]] == [True, True, False]
        assert drawn[3] == "   + 25 more"
        assert status(screen).startswith(
            "searched 14 of 15 sessions · 33 hits in 1 · 1 only in part"
        )
        await previewed(pilot, screen)
        assert "match 1 of 31 · 2 in the title" in head(screen)


async def test_a_narrow_status_line_says_in_short_what_it_has_no_room_for(demo):
    async with browser(demo).run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        await typed(pilot, screen, "lease")
        line = str(screen.query_one(StatusLine).render())
        assert line.startswith("searched 14 of 15 · ")
        assert line.endswith("no index")
        assert "…" not in line


async def test_a_word_that_is_typed_to_its_end_is_counted_among_all_sessions(demo):
    async with browser(demo).run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot)
        await typed(pilot, screen, "lea")
        first = screen.live.progress
        await pilot.press("s", "e")
        await answered(pilot, screen, "lease")
        now = screen.live.progress
        assert (now.total, now.searched) == (first.total, first.searched)
        assert 0 < now.sessions <= first.sessions
        # The same as searched for at once.
        await pilot.press("escape")
        await typed(pilot, screen, "lease")
        assert summary(screen.live.progress) == summary(now)


async def test_words_of_close_spelling_are_offered_as_such(demo, tmp_path):
    cache = tmp_path / "cache"
    Index(open_store(demo), search_index(cache)).update()
    async with browser(demo, cache=cache).run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot)
        await typed(pilot, screen, "deplyo")
        assert rows(screen)[0] == " Nothing was found in 14 sessions."
        await until(pilot, lambda: any("Words similar to" in row for row in rows(screen)))
        await until(pilot, lambda: at_cursor(screen) == "deploy")
        await pilot.press("enter")
        await answered(pilot, screen, "deploy")
        assert screen.live.progress.hits
        assert screen.bar.input.value == "deploy"


async def test_what_is_wrong_is_said_below_its_place_and_the_rest_is_searched_for(demo):
    async with browser(demo).run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot)
        await typed(pilot, screen, "queue in:nowhere")
        errors = screen.query_one("#search-errors", EdgeLine)
        assert errors.display
        assert errors.render().plain.index("in:") == len("search  queue ")
        assert screen.live.progress.hits
        await pilot.press(*["backspace"] * len("in:nowhere"))
        await answered(pilot, screen, "queue ")
        assert not errors.display


async def test_the_preview_waits_until_the_line_is_typed(demo, monkeypatch):
    async with browser(demo).run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot)
        monkeypatch.setattr(place_preview, "_REST", 1e6)
        await typed(pilot, screen, "queue")
        # The place of the preview is another, which has it show what it has not shown yet.
        await pilot.resize_terminal(130, 36)
        await pilot.pause()
        opening = [each for each in pilot.app.workers if each.group == "preview"]
        await until(pilot, lambda: all(each.is_finished for each in opening))
        assert screen.preview.session is None
        monkeypatch.setattr(place_preview, "_REST", 0)
        await pilot.press("backspace")
        await answered(pilot, screen, "queu")
        await previewed(pilot, screen)


async def test_the_preview_goes_to_what_is_asked_for_while_the_file_comes(demo, monkeypatch):
    async with browser(demo).run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot)
        await typed(pilot, screen, "queue")
        await previewed(pilot, screen)
        preview = screen.preview
        session, show = preview.session, preview._shown_file.show
        first, second = (
            FoundAt(session, screen.live.query, each) for each in places_of(session.hits)[:2]
        )

        async def go_on_and_show(file):
            preview.follow(second)
            return await show(file)

        monkeypatch.setattr(preview._shown_file, "show", go_on_and_show)
        preview.explain("Nothing", "is shown.")
        preview.follow(first)
        await until(pilot, lambda: preview.place == second.place)


async def test_a_search_brings_back_those_before(demo, tmp_path):
    async with browser(demo, state=tmp_path / "state").run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot)
        for words in ("lease", "queue"):
            await typed(pilot, screen, words)
            await pilot.press("down", "/", "escape")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, BrowserScreen))
        kept = LastSearches(tmp_path / "state")
        await until(pilot, lambda: kept.read() == ["queue", "lease"])
    # And so it does at the next start.
    async with browser(demo, state=tmp_path / "state").run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot)
        await until(pilot, lambda: screen.bar.input.earlier)
        await pilot.press("up")
        await answered(pilot, screen, "queue")
        await pilot.press("up")
        await answered(pilot, screen, "lease")
        await pilot.press("down")
        await answered(pilot, screen, "queue")


async def test_b_turns_the_order(tmp_path):
    store = store_with(tmp_path / "s", ["apple apple apple apple"], ["a long text about an apple"])
    async with browser(store).run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot, sessions=2)
        await typed(pilot, screen, "apple")
        assert rows(screen)[0].startswith(" Session 2")
        await pilot.press("down", "b")
        await until(pilot, lambda: "best first" in line(screen, "#search-order"))
        await until(pilot, lambda: not screen.live.running and not screen.live.rows_are_old)
        assert rows(screen)[0].startswith(" Session 1")
        await pilot.press("b")
        await until(pilot, lambda: not screen.live.running and not screen.live.rows_are_old)
        assert rows(screen)[0].startswith(" Session 2")


async def test_what_could_not_be_searched_is_one_key_away(demo):
    async with browser(demo).run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot)
        await typed(pilot, screen, "queue")
        await pilot.press("down", "!")
        assert "cut off in metadata" in at_cursor(screen)
        assert "cannot be read" in head(screen) or "Not all of it" in head(screen)


async def test_how_much_was_searched_is_said_in_fewer_words_where_it_would_be_cut(demo, tmp_path):
    cache = tmp_path / "cache"
    Index(open_store(demo), search_index(cache)).update()
    async with browser(demo, cache=cache).run_test(size=(120, 24)) as pilot:
        screen = await opened(pilot)
        await typed(pilot, screen, "queue")
        in_full = "searched 14 of 15 sessions · 6 hits in 1 · 1 only in part · 1 unreadable"
        await until(pilot, lambda: status(screen) == in_full)
        await pilot.resize_terminal(len(in_full), 24)
        shorter = "searched 14 of 15 · 6 hits in 1 · 1 in part · 1 unreadable"
        await until(pilot, lambda: status(screen) == shorter)
        await pilot.resize_terminal(len(in_full) + 2, 24)
        await until(pilot, lambda: status(screen) == in_full)


@pytest.mark.parametrize("keys", [("slash", "tab"), ("f",)])
async def test_the_search_opens_over_the_list(demo, keys):
    async with browser(demo).run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot, *keys)
        assert screen.focused is screen.bar.input
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, BrowserScreen))
        # That Tab opens it is said as long as nothing is typed.
        hint, status = (
            "tab: search inside all",
            pilot.app.screen.query_one("#filter-status", EdgeLine),
        )
        await until(pilot, lambda: (status.plain == hint) == (keys[0] == "slash"))
        if keys[0] == "slash":
            await pilot.press("q")
            await until(pilot, lambda: status.plain and hint not in status.plain)


@pytest.mark.parametrize("keys", [("tab",), ("enter",)])
async def test_what_no_title_holds_is_searched_for_inside(demo, keys):
    async with browser(demo).run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot, "slash", *"sigterm", *keys)
        assert screen.bar.input.value == "sigterm"
        await answered(pilot, screen, "sigterm")
        assert screen.live.progress.hits


async def test_the_keys_of_the_list_select_the_sessions(demo):
    async with browser(demo).run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot)
        await typed(pilot, screen, "the is:favorite")
        table = screen.table
        favorites = [row for row in table.in_order() if table.favorite(row)]
        assert screen.live.progress.total == len(favorites) > 0


async def test_a_session_of_many_hits_shows_all_its_lines_when_it_is_asked_to(tmp_path):
    store = store_with(tmp_path / "s", ["begin", *[f"apple number {n}" for n in range(40)]])
    async with browser(store).run_test(size=(120, 60)) as pilot:
        screen = await opened(pilot, sessions=1)
        await typed(pilot, screen, "apple")
        assert rows(screen)[-1] == "   + 37 more"
        await pilot.press("down", "G", "enter")
        await until(pilot, lambda: len(rows(screen)) == 41)
        assert rows(screen)[-1] == "   ● apple number 39"


async def test_a_burst_of_keys_is_answered_for_the_last_one(demo):
    """What is typed faster than a search can begin is one search, and no result of an older one stays."""
    async with browser(demo).run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot)
        for words in ("the", "zebra crossing", "lease"):
            screen.bar.input.value = words
        await answered(pilot, screen, "lease")
        assert all("lease" in row.lower() for row in rows(screen) if row.startswith("   ❯"))
        assert screen.live.progress.hits
        await pilot.press("escape")
        assert screen.rows.results.rows == []


async def test_the_card_explains_the_language(demo):
    async with browser(demo).run_test(size=(120, 60)) as pilot:
        screen = await opened(pilot)
        await typed(pilot, screen, "lease")
        await pilot.press("down", "question_mark")
        await pilot.pause()
        text = str(pilot.app.screen.sections)
        assert "/time.?out/" in text
        assert "role:user" in text


async def test_without_an_index_by_configuration_every_session_is_searched_in_its_file(
    demo, tmp_path
):
    cache = tmp_path / "cache"
    Index(open_store(demo), search_index(cache)).update()
    config = Config(search_index=False)
    async with browser(demo, cache=cache, config=config).run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot)
        await typed(pilot, screen, "lease")
        assert screen.live.progress.direct == screen.live.progress.searched > 0
    async with browser(demo, cache=cache).run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot)
        await typed(pilot, screen, "lease")
        assert screen.live.progress.direct == 0


async def test_who_opens_the_search_of_much_text_has_help_that_gives_way_to_keys(demo, monkeypatch):
    monkeypatch.setattr("agcx_format.search.index.WORTH_HELP", 0)
    monkeypatch.setattr("agcx_format.processes.pool.cores", lambda: 3)
    async with browser(demo, follow=False).run_test(size=(120, 40)) as pilot:
        await scanned(pilot, 15)
        before, wanted = children(), min(19, os.nice(0) + 10)

        def helpers() -> set[int]:
            # The lexers of the preview may begin as late.
            return {pid for pid in children() - before if niceness(pid) == wanted}

        await opened(pilot)
        await until(pilot, lambda: len(helpers()) == 2)
        helping = helpers()
        await pilot.press("escape")
        await until(pilot, lambda: not helping & children())


def niceness(pid: int) -> int:
    return os.getpriority(os.PRIO_PROCESS, pid)


async def test_what_ended_a_search_is_said_also_while_sessions_are_listed(demo, monkeypatch):
    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "input/output error")

    app = browser(demo)
    async with app.run_test(size=(120, 36)) as pilot:
        listed = await scanned(pilot)
        screen = await opened(pilot)
        listed.feed.is_looking = True
        monkeypatch.setattr(Index, "_scope_of", fail)
        await pilot.press(*"zebra")
        await until(pilot, lambda: "input/output error" in screen.live.error)
        assert not screen.live.running


async def test_a_search_that_begins_while_sessions_are_listed_ends_with_all_of_them(demo):
    app = browser(demo)
    async with app.run_test(size=(120, 36)) as pilot:
        listed = await scanned(pilot)
        screen = await opened(pilot)
        # As long as the directory is read.
        listed.feed.is_looking = True
        await pilot.press(*"zebra")
        await until(pilot, lambda: screen.live.progress.done)
        await pilot.pause()
        assert status(screen).startswith("searching… 14 of 15 sessions")
        new = new_session(title="A zebra came later", messages=[], id=UUID(int=9))
        open_store(demo).save_session(UUID(int=9), *new)
        listed.feed.read()
        await until(pilot, lambda: not listed.feed.is_looking and not screen.live.running)
        assert rows(screen)[0].startswith(" A zebra came later")
        assert status(screen).startswith("searched 15 of 16 sessions · 1 hit in 1")
