"""The import screen: what the agents of this machine have, what of it is taken, and its undo."""

from __future__ import annotations

import pytest
from textual.widgets import Input, OptionList, Static

from agcx_tui.app.screens.browser.browser import BrowserScreen
from agcx_tui.app.screens.importing import ImportScreen
from agcx_tui.app.widgets.lines.key_line import KeyLine
from tests.support import transcript_lines as claude
from tests.support.browsing import SIZE, at_cursor, browser, line, notices, until
from tests.support.rollout_lines import SESSION, meta, user, write

pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Of two agents a conversation each; one of them has a file that cannot be read, named for a terminal."""
    home = tmp_path / "home"
    monkeypatch.setenv("HOME", str(home))
    for name in ("CODEX_HOME", "CLAUDE_CONFIG_DIR", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    codex, other = home / ".codex" / "sessions", home / ".claude" / "projects" / "p"
    for folder in (codex, other):
        folder.mkdir(parents=True)
    write(codex / "a.jsonl", meta(), user("said to Codex"))
    (codex / "b\x1b[31m.jsonl").write_text("x\n", encoding="utf-8")
    write(other / "b.jsonl", claude.user("said to Claude"))
    return home


def text_of(screen: ImportScreen) -> str:
    lines = screen.query_one(OptionList)
    return "\n".join(str(lines.get_option_at_index(at).prompt) for at in range(lines.option_count))


def footer(screen: ImportScreen) -> list[str]:
    return [key.description for key in screen.query_one(KeyLine).shown()]


def titles(screen) -> set[str]:
    return {screen.table.title(row) for row in screen.table.order}


async def test_a_first_start_imports_what_is_chosen_and_undoes_it(tmp_path):
    async with browser(tmp_path / "none yet").run_test(size=SIZE) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, BrowserScreen))
        below = pilot.app.screen
        await pilot.press("i")
        await until(pilot, lambda: isinstance(pilot.app.screen, ImportScreen))
        screen = pilot.app.screen
        await until(pilot, lambda: line(screen, "#title").endswith("3 new"))
        assert not (tmp_path / "none yet").exists()
        assert "● Codex             2 new" in text_of(screen)
        await pilot.press("space", "down", "space")
        await until(pilot, lambda: "●" not in text_of(screen))
        assert "import" not in footer(screen)
        await pilot.press("enter")
        await until(pilot, lambda: "Nothing new is chosen" in notices(pilot))
        await pilot.press("space", "up", "space")
        await until(pilot, lambda: "import" in footer(screen))
        # Without Claude Code, which is the second.
        await pilot.press("down", "space")
        await until(pilot, lambda: "○ Claude Code" in text_of(screen))
        await pilot.press("enter")
        await until(pilot, lambda: "1 imported, 1 failed. u to undo." in notices(pilot))
        await until(pilot, lambda: "last import" in text_of(screen))
        # It stays there when the notification is gone.
        assert "\n1 imported, 1 failed. u to undo." in text_of(screen)
        assert "Could not be read" in text_of(screen)
        assert "\x1b" not in text_of(screen)
        assert "Codex             nothing new" in text_of(screen)
        await pilot.press("escape")
        await until(pilot, lambda: titles(below) == {"said to Codex"})
        await pilot.press("i")
        await until(pilot, lambda: pilot.app.screen is not below)
        screen = pilot.app.screen
        await until(pilot, lambda: line(screen, "#title").endswith("1 new"))
        await pilot.press("enter")
        await until(pilot, lambda: "1 imported. u to undo." in notices(pilot))
        await pilot.press("u")
        await until(pilot, lambda: "Undone: imported" in notices(pilot))
        await until(pilot, lambda: "Undone: imported" in text_of(screen))
        assert "1 imported." not in text_of(screen)
        await pilot.press("escape")
        await until(pilot, lambda: titles(below) == {"said to Codex"})


async def test_the_list_shows_what_came_until_all_is_asked_for(tmp_path):
    async def take(pilot, *keys: str) -> None:
        await pilot.press("i")
        await until(pilot, lambda: isinstance(pilot.app.screen, ImportScreen))
        screen = pilot.app.screen
        await until(pilot, lambda: line(screen, "#title").endswith("new"))
        await pilot.press(*keys, "enter")
        # An import before it has its line as well.
        await until(pilot, lambda: "u to undo" in text_of(screen))
        await pilot.press("escape")

    async with browser(tmp_path / "store").run_test(size=SIZE) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, BrowserScreen))
        below = pilot.app.screen
        await take(pilot, "down", "space")
        # They are all that there is.
        await until(pilot, lambda: titles(below) == {"said to Codex"})
        assert below.query_one(Input).value == ""
        await take(pilot)
        await until(pilot, lambda: titles(below) == {"said to Claude"})
        assert below.query_one(Input).value == "is:listed"
        await until(pilot, lambda: at_cursor(below) == "said to Claude")
        await pilot.press("escape")
        await until(pilot, lambda: titles(below) == {"said to Codex", "said to Claude"})


async def test_a_cancel_does_not_wait_for_the_conversation_that_is_being_read(
    tmp_path, home, monkeypatch
):
    monkeypatch.setattr("agcx_format.importing.run.WORTH_A_PROCESS", 1)
    for path in home.rglob("*.jsonl"):
        path.unlink()
    said = user("said to Codex " + "again and again " * 60)
    write(home / ".codex" / "sessions" / "c.jsonl", meta(id=SESSION), *[said] * 15_000)
    async with browser(tmp_path / "store").run_test(size=SIZE) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, BrowserScreen))
        await pilot.press("i")
        await until(pilot, lambda: isinstance(pilot.app.screen, ImportScreen))
        screen = pilot.app.screen
        await until(pilot, lambda: line(screen, "#title").endswith("new"))
        await pilot.press("enter")
        await until(pilot, lambda: "importing" in line(screen, "#title"))
        await pilot.press("escape")
        await until(pilot, lambda: "Canceled after 0 of 1." in notices(pilot))
        await until(pilot, lambda: "importing" not in line(screen, "#title"))
        await until(pilot, lambda: "\nCanceled after 0 of 1." in text_of(screen))
        await until(pilot, lambda: line(screen, "#title").endswith("new"))
        await pilot.press("enter")
        # As long as the next one runs: its undo would do nothing.
        await until(pilot, lambda: "importing" in line(screen, "#title"))
        assert "Canceled" not in text_of(screen)
        await pilot.press("escape")
        await until(pilot, lambda: "importing" not in line(screen, "#title"))
        await until(pilot, lambda: line(screen, "#title").endswith("new"))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, BrowserScreen))


async def test_where_no_agent_is_the_screen_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    async with browser(tmp_path / "none").run_test(size=SIZE) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, BrowserScreen))
        await pilot.press("i")
        await until(pilot, lambda: isinstance(pilot.app.screen, ImportScreen))
        screen = pilot.app.screen
        await until(
            pilot,
            lambda: "No conversations found" in str(screen.query_one("#notice", Static).render()),
        )
        assert not screen.check_action("start", ())
        await pilot.press("enter", "space", "u", "escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, BrowserScreen))
