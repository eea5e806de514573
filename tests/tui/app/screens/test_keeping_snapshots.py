"""How the screens that keep order look; `--snapshot-update` after a change that is meant."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path

import pytest
from pytest_textual_snapshot import SVGImageExtension
from textual.pilot import Pilot
from textual.widgets import Checkbox, Input, OptionList

from agcx_format import open_store
from agcx_format.importing import import_sessions
from agcx_format.model.timestamps import Timestamp
from agcx_tui.app.dialogs.delete import ConfirmDelete, ConfirmFavorites
from agcx_tui.app.dialogs.empty_trash import EmptyDialog
from agcx_tui.app.dialogs.export import ExportDialog
from agcx_tui.app.dialogs.naming import AskDialog, NewSessionDialog, RenameScreen, TagsDialog
from agcx_tui.app.dialogs.redaction_review import RedactionReview
from agcx_tui.app.dialogs.verify import VerifyDialog
from agcx_tui.app.screens.conversation.conversation import ConversationScreen
from agcx_tui.app.screens.history import HistoryScreen
from agcx_tui.app.screens.importing import ImportScreen
from agcx_tui.app.screens.prune import PruneScreen
from agcx_tui.app.screens.storage import StorageScreen
from agcx_tui.app.screens.trash import TrashScreen
from tests.support import transcript_lines
from tests.support.browsing import (
    browser,
    confirm_deletion,
    demo_copy,
    line,
    notices,
    rows,
    scanned,
    until,
    worked,
)
from tests.support.entries import NOW_SECONDS
from tests.support.rollout_lines import SESSION, meta, user, write

pytestmark = pytest.mark.usefixtures("undrawn")

Steps = Callable[[Pilot], Awaitable[None]]


@pytest.fixture
def home(home, monkeypatch):
    """What is shown does not depend on when it is: acts were done an hour ago."""
    minutes = count(-60, 10)
    now = lambda cls: Timestamp.from_ns((NOW_SECONDS + next(minutes) * 60) * 10**9)  # noqa: E731
    monkeypatch.setattr(Timestamp, "now", classmethod(now))
    for name in ("CODEX_HOME", "CLAUDE_CONFIG_DIR", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    return home


async def shown(pilot: Pilot, kind: type) -> None:
    await until(pilot, lambda: isinstance(pilot.app.screen, kind))
    for field in pilot.app.screen.query(Input):
        field.cursor_blink = False
    await worked(pilot)


async def deleted(pilot: Pilot) -> None:
    """Two acts: a deletion of two, a change of tags."""
    screen = pilot.app.screen
    await pilot.press("down", "space", "space", "d")
    await confirm_deletion(pilot, favorites=True)
    await until(pilot, lambda: len(screen.table) == 13)
    await pilot.press("number_sign")
    await shown(pilot, TagsDialog)
    await pilot.press(*"later", "enter")
    await until(pilot, lambda: "Tagged" in notices(pilot))
    pilot.app.clear_notifications()


async def trash(pilot: Pilot) -> None:
    await deleted(pilot)
    await pilot.press("T")
    await shown(pilot, TrashScreen)
    screen = pilot.app.screen
    await until(pilot, lambda: len(screen.table) == 2)
    screen.sessions.action_top()
    head = screen.query_one("#preview-head")
    title = screen.table.title(screen.sessions.cursor)
    await until(pilot, lambda: title in str(head.render()))
    await shown(pilot, TrashScreen)


async def emptying(pilot: Pilot) -> None:
    await trash(pilot)
    await pilot.press("E")
    await shown(pilot, EmptyDialog)


async def log(pilot: Pilot) -> None:
    await deleted(pilot)
    await pilot.press("L")
    await shown(pilot, HistoryScreen)
    await until(pilot, lambda: pilot.app.screen.query_one(OptionList).option_count == 2)


async def prune(pilot: Pilot) -> None:
    await pilot.press("P")
    await shown(pilot, PruneScreen)
    screen = pilot.app.screen
    screen.query_one("#older", Input).value = "2d"
    await until(pilot, lambda: screen.table.order)
    title = screen.table.title(screen.table.order[0])
    await until(pilot, lambda: title in str(screen.query_one("#preview-head").render()))
    await shown(pilot, PruneScreen)


async def no_rule(pilot: Pilot) -> None:
    await pilot.press("P")
    await shown(pilot, PruneScreen)


async def storage(pilot: Pilot) -> None:
    await pilot.press("S")
    await shown(pilot, StorageScreen)
    await until(pilot, lambda: "on disk" in line(pilot.app.screen, "#title"))
    # The first lines may be there before all has been measured.
    await shown(pilot, StorageScreen)


async def rename(pilot: Pilot) -> None:
    await pilot.press("down")
    # The field is where the title was drawn.
    assert rows(pilot.app.screen)
    await pilot.press("f2")
    await shown(pilot, RenameScreen)


async def favorites(pilot: Pilot) -> None:
    await pilot.press("down", "space", "space", "d")
    await shown(pilot, ConfirmDelete)
    await pilot.press("right", "enter")
    await shown(pilot, ConfirmFavorites)


async def split(pilot: Pilot) -> None:
    await pilot.press("down", "enter")
    await shown(pilot, ConversationScreen)
    transcript = pilot.app.screen.transcript
    await until(pilot, lambda: transcript.source.complete and transcript.source.known() == 24)
    await pilot.press("colon", *"12", "enter", "x")
    await shown(pilot, NewSessionDialog)


async def tags(pilot: Pilot) -> None:
    await pilot.press("down", "space", "space", "number_sign")
    await shown(pilot, TagsDialog)
    await pilot.press(*"later, que")


async def at_work(pilot: Pilot) -> None:
    """An agent saved the session a moment ago."""
    screen = pilot.app.screen
    path = screen.table.path(screen.table.order[1])
    os.utime(path, ns=(NOW_SECONDS * 10**9,) * 2)
    await pilot.press("f5", "down")
    await until(pilot, lambda: not screen.feed.state.reading)
    await pilot.press("f2")
    await shown(pilot, RenameScreen)
    await pilot.press(*" again", "enter")
    await shown(pilot, AskDialog)


async def review(pilot: Pilot) -> None:
    await pilot.press("a", "e")
    await shown(pilot, ExportDialog)
    for name in ("#redact", "#personal"):
        pilot.app.screen.query_one(name, Checkbox).value = True
        await pilot.pause()
    await pilot.press("ctrl+s")
    await shown(pilot, RedactionReview)
    await pilot.press("down", "space", "down")


async def verifying(pilot: Pilot) -> None:
    await pilot.press("slash", *"is:broken", "escape", "V")
    await shown(pilot, VerifyDialog)
    facts = pilot.app.screen.query_one("#facts")
    await until(pilot, lambda: "Checking" not in str(facts.render()))


async def importing(pilot: Pilot) -> None:
    """Of one agent something is new and something has grown; of another, a file cannot be looked at."""
    codex, claude = (Path.home() / name for name in (".codex/sessions", ".claude/projects/site"))
    for folder in (codex, claude):
        folder.mkdir(parents=True)
    write(codex / "a.jsonl", meta(), user("one"))
    store = open_store(Path.home() / "history")
    list(import_sessions(store, [codex]))
    write(codex / "a.jsonl", meta(), user("one"), user("and more"))
    write(codex / "b.jsonl", meta(id=SESSION.replace("a", "b")), user("two"))
    write(claude / "c.jsonl", transcript_lines.user("three"))
    (claude / "gone.jsonl").symlink_to(claude / "nothing")
    for path in (*codex.iterdir(), claude / "c.jsonl", store.path / "imports" / "codex.idx"):
        os.utime(path, ns=((NOW_SECONDS - 120) * 10**9,) * 2)
    await pilot.press("i")
    await shown(pilot, ImportScreen)
    await until(pilot, lambda: "2 new" in line(pilot.app.screen, "#title"))
    await pilot.press("down", "space")


@pytest.mark.parametrize(
    "steps",
    [
        trash,
        emptying,
        log,
        prune,
        no_rule,
        storage,
        rename,
        tags,
        favorites,
        split,
        at_work,
        review,
        verifying,
        importing,
    ],
    ids=lambda steps: steps.__name__,
)
def test_it_looks_as_it_was_accepted(steps: Steps, home, snap_compare, snapshot):
    store = home / "history"
    demo_copy(store)
    app = browser(store, looked=[str(store)])
    app.theme = "agcx-light"
    light = ""

    async def run(pilot: Pilot) -> None:
        nonlocal light
        await scanned(pilot)
        await steps(pilot)
        await pilot.pause()
        light = app.export_screenshot(simplify=True)
        # Another theme is chosen while all of it is shown: half of the starts are enough.
        app.theme = "agcx-dark"
        await worked(pilot)

    assert snap_compare(app, run_before=run, terminal_size=(120, 32))
    assert light == snapshot(name="light", extension_class=SVGImageExtension)
