"""What the preview says above the messages fits into its width without a cut word."""

from __future__ import annotations

import pytest

from agcx_tui.app.widgets.preview_heads import SessionFacts, session_head
from tests.support.browsing import browser, scanned, until

FACTS = SessionFacts(
    "A title", "gpt-5", "Build", 45, 3, "/srv/grün", 0, ("codex", "main", "feat/dashboard")
)


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (3, "45 messages"),
        (11, "45 messages"),
        (20, "45 messages"),
        (21, "45 messages · 3 turns"),
        (43, "45 messages · 3 turns · gpt-5 · codex  main"),
        (59, "45 messages · 3 turns · gpt-5 · codex  main  feat/dashboard"),
        (71, "45 messages · 3 turns · gpt-5 · codex  main  feat/dashboard · /srv/grün"),
    ],
)
def test_facts_for_which_there_is_no_room_are_left_out_whole(width, shown):
    assert session_head(FACTS, "first", width).plain == f"A title\n{shown}"


async def test_as_many_facts_are_shown_as_fit_now(store):
    app = browser(store)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await scanned(pilot)
        head = screen.query_one("#preview-head")
        words = lambda: str(head.render()).splitlines()[1:2]  # noqa: E731
        await pilot.press("down")
        await until(pilot, lambda: words() and words()[0].startswith("24 messages"))
        (narrow,) = words()
        assert "~/src" not in narrow
        await pilot.resize_terminal(220, 40)
        await until(pilot, lambda: words()[0].count("24 Nov 2024, "))
