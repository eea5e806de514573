"""What a screen cannot read it says, in its own place, and never as if there were nothing."""

from __future__ import annotations

import shutil

import pytest
from textual.widgets import Static

from agcx_tui.app.screens.history import HistoryScreen
from agcx_tui.app.screens.storage import StorageScreen
from agcx_tui.app.screens.trash import TrashScreen
from tests.support.browsing import SIZE, browser, demo_copy, line, notices, scanned, until

pytestmark = pytest.mark.usefixtures("undrawn")

# What no terminal must obey, in the name of the store, and so in every error about it.
NAME = "his\x1b[31mtory"


@pytest.fixture
def store(tmp_path):
    path = demo_copy(tmp_path / NAME)
    # A file where the directory of the trash should be: nobody can list it, root neither.
    shutil.rmtree(path / "trash", ignore_errors=True)
    (path / "trash").write_text("in the way")
    return path


def text_of(screen) -> str:
    return "\n".join(str(part.render()) for part in screen.query(Static))


@pytest.mark.parametrize(
    ("key", "kind", "words"),
    [
        ("T", TrashScreen, "The trash cannot be read"),
        ("L", HistoryScreen, "The history cannot be read"),
        ("S", StorageScreen, "Not all of it can be read"),
    ],
)
async def test_a_trash_that_cannot_be_read_is_not_an_empty_one(store, key, kind, words):
    async with browser(store).run_test(size=SIZE) as pilot:
        await scanned(pilot)
        await pilot.press(key)
        await until(pilot, lambda: isinstance(pilot.app.screen, kind))
        screen = pilot.app.screen
        said = lambda: text_of(screen) + notices(pilot)  # noqa: E731
        await until(pilot, lambda: words in said())
        assert "\x1b" not in said()
        assert "trash is empty" not in text_of(screen)
        assert "No changes yet" not in text_of(screen)
        if kind is not StorageScreen:
            assert "0 " not in line(screen, "#title")
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is not screen)
