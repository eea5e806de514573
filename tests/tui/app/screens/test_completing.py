"""Tab completes what can be typed into the filter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agcx_format.catalog import Opening
from agcx_tui.core.sessions.completion import begins_anew, complete
from agcx_tui.core.sessions.query import KEYS, parse
from agcx_tui.core.sessions.table import SessionTable
from tests.support.browsing import SIZE, browser, line, scanned, titles
from tests.support.entries import NOW, session

pytestmark = pytest.mark.usefixtures("undrawn")


def table() -> SessionTable:
    made = SessionTable()
    made.put(
        [
            session(1, model="gpt-5", tags=("ui", "to do")),
            session(2, model="gpt-5-codex", tags=("ui",)),
            session(3, model="gpt-5-codex", tags=("audio", 'a "b"', "\x1b[0m")),
            session(4, model="claude-opus", tags=("ui", "bug", "claude-code")),
        ]
    )
    made.set_openings(
        [
            (0, Opening("", "/home/my site", "/home/my site", "main")),
            (1, Opening("", "/home/wt/fix", "/home/site", "fix")),
            (2, Opening("", "/home/site", "/home/site", "main")),
        ]
    )
    return made


@pytest.mark.parametrize(
    ("typed", "candidates"),
    [
        ("mod", ("model:", "mode:")),
        ("mode", ("mode:", "model:")),
        ("grid -t", ("-tag:", "-turns:", "-tool:")),
        ("MESS", ("messages:",)),
        ("model:", ("model:gpt-5-codex", "model:claude-opus", "model:gpt-5")),
        ("model:opus", ("model:claude-opus",)),
        ("proj", ("project:",)),
        ("project:", ("project:site", 'project:"my site"')),
        ("project:my", ('project:"my site"',)),
        ("dir:fix", ("dir:/home/wt/fix",)),
        ("branch:", ("branch:main", "branch:fix")),
        ("agent:", ("agent:agcodex", "agent:claude-code")),
        ("tag:u", ("tag:ui", "tag:audio", "tag:bug", "tag:claude-code")),
        ("-tag:to", ('-tag:"to do"',)),
        ('tag:"to d', ('tag:"to do"',)),
        ("is:im", ("is:imported",)),
        ("mode:p", ("mode:plan",)),
        ("Is:F", ("is:favorite", "is:failed")),
        ("after:y", ("after:yesterday", "after:today", "after:1y")),
        ("", ()),
        ("grid ", ()),
        ("zebra", ()),
        ("id:5", ()),
        ("http://", ()),
    ],
)
def test_candidates_are_what_may_stand_there_the_most_used_first(typed, candidates):
    found = complete(typed, table())
    assert found.candidates == candidates
    assert typed[: found.start].strip() in ("", "grid")


@pytest.mark.parametrize(
    ("taken", "typed", "anew"),
    [
        ("after:today", "1", True),
        ("-larger:10MB", "5", True),
        ("messages:>10", "0", False),
        ("after:today", " ", False),
        ("model:gpt-5", "x", False),
        ("model:", "x", False),
    ],
)
def test_what_cannot_go_on_with_a_completed_value_replaces_it(taken, typed, anew):
    assert begins_anew(taken, typed) == anew


@given(st.text() | st.lists(st.sampled_from([*KEYS, ":", '"', "-", " ", "u"])).map("".join))
def test_every_candidate_can_be_understood(typed):
    found = complete(typed, table())
    for candidate in found.candidates:
        assert parse(typed[: found.start] + candidate, NOW).errors in (
            (),
            parse(typed[: found.start], NOW).errors,
        )


async def test_tab_completes_in_place_and_again_offers_the_next(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        field = screen.query_one("#filter")
        await pilot.press("slash", *"is:", "tab")
        assert field.value == "is:favorite"
        assert "broken" in line(screen, "#filter-status")
        await pilot.press("tab")
        assert field.value == "is:broken"
        assert len(titles(screen)) == 2
        await pilot.press("shift+tab")
        assert field.value == "is:favorite"
        assert screen.focused is field
        await pilot.press("space", *"after:", "tab")
        assert field.value == "is:favorite after:today"
        await pilot.press(*"1w")
        assert field.value == "is:favorite after:1w"
        await pilot.press("x")
        assert "after: a date such as" in line(screen, "#filter-status")


async def test_tab_completes_a_key_shows_its_values_and_takes_the_first(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        field = screen.query_one("#filter")
        await pilot.press("slash", *"mod")
        assert line(screen, "#filter-status").startswith("tab: model:  mode:  ")
        await pilot.press("tab")
        assert field.value == "model:"
        shown = line(screen, "#filter-status")
        assert shown.startswith("tab: gpt-5-codex  claude-sonnet-4  ")
        await pilot.press("shift+tab")
        assert field.value == "mode:"
        await pilot.press("shift+tab", "tab")
        assert field.value == "model:gpt-5-codex"
        assert len(titles(screen)) == 6
        await pilot.press("escape")
        assert line(screen, "#filter-status") == "6 of 15"


async def test_tab_stays_where_nothing_completes_and_says_so(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("slash", *"queu", "tab", "e")
        assert screen.query_one("#filter").value == "queue"
        await pilot.press("tab")
        assert "no completion" in line(screen, "#filter-status")
        assert screen.focused is screen.query_one("#filter")
