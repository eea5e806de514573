"""In the smallest terminal that the list is shown in, a dialog shows its question and its buttons."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from textual.content import Content
from textual.errors import NoWidget
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Button, OptionList, Static

from agcx_format import Act, Timestamp
from agcx_format.doctor import FileReport, verify_file
from agcx_format.redaction.find import Find
from agcx_tui.app import dialogs
from agcx_tui.app.dialogs.change_message import ChangeDialog, MessageChange, ReplaceDialog
from agcx_tui.app.dialogs.columns import ColumnsDialog
from agcx_tui.app.dialogs.delete import ConfirmDelete, ConfirmFavorites
from agcx_tui.app.dialogs.dialog import Dialog
from agcx_tui.app.dialogs.empty_trash import EmptyDialog
from agcx_tui.app.dialogs.export import ExportDialog, ExportItem
from agcx_tui.app.dialogs.help import HelpScreen, help_sections
from agcx_tui.app.dialogs.naming import (
    AskDialog,
    AskToDelete,
    NameDialog,
    NewSessionDialog,
    TagsDialog,
)
from agcx_tui.app.dialogs.palette import Palette
from agcx_tui.app.dialogs.progress import ProgressDialog
from agcx_tui.app.dialogs.prune_checkpoints import PruneCheckpoints
from agcx_tui.app.dialogs.redaction_review import RedactionReview
from agcx_tui.app.dialogs.undo import AskToUndo
from agcx_tui.app.dialogs.verify import VerifyDialog
from agcx_tui.app.screens.browser.browser import BrowserScreen
from agcx_tui.app.textual_internals import rendered_strips
from agcx_tui.app.widgets.choices import Pick, Picks
from agcx_tui.core.export.session_export import Looked
from agcx_tui.core.export.write_files import Progress
from tests.support.browsing import browser, scanned, until

pytestmark = pytest.mark.usefixtures("undrawn")

# The smallest one, and others in which the buttons of some dialog were below the screen.
SIZES = [(40, 8), (60, 8), (80, 10), (44, 12)]
LONG = "a long title of a session that was never given a short one, as most are"


def broken(screen: BrowserScreen) -> Callable[[Callable[[], bool]], FileReport]:
    table = screen.table
    path = next(table.path(row) for row in table.order if table.broken(row))
    return lambda stopped: verify_file(path)


def finds() -> tuple[Find, ...]:
    one = Find("token", "hunter2", "message", 0, ("content",), 4, 11, 1, "use hunter2", 4)
    return (one,) * 30


def an_act() -> Act:
    return Act("20240101T000000.000Z-aaaaaa", "import", Timestamp.now(), (), ())


# Each with the most that it says.
DIALOGS: dict[type[Screen], Callable[[BrowserScreen], Screen]] = {
    AskDialog: lambda s: AskDialog("Change it anyway?", f"{LONG}: an agent may use it.", "Change"),
    AskToDelete: lambda s: AskToDelete(f"Delete {LONG}?", f"{LONG}, too", "Delete"),
    AskToUndo: lambda s: AskToUndo(an_act(), s.services.now()),
    ChangeDialog: lambda s: ChangeDialog("Change message 7?", LONG, [(c, "") for c in MessageChange]),
    ColumnsDialog: lambda s: ColumnsDialog(["project"], False),
    ConfirmDelete: lambda s: ConfirmDelete.about(s.table, s.table.order, s.services.now()),
    ConfirmFavorites: lambda s: ConfirmFavorites.among(s.table, s.table.order[:9]),
    EmptyDialog: lambda s: EmptyDialog([an_act()], [], s.services.now()),
    ExportDialog: lambda s: ExportDialog([ExportItem("nowhere.agcx", "7", LONG, True)]),
    HelpScreen: lambda s: HelpScreen(help_sections(s.active_bindings.values())),
    NameDialog: lambda s: NameDialog(f"Rename {LONG}", "New name", "one", "Rename"),
    NewSessionDialog: lambda s: NewSessionDialog("Split in two?", halves(), LONG, "Split"),
    Palette: lambda s: Palette(id="--command-palette"),
    ProgressDialog: lambda s: ProgressDialog("Exporting 3 sessions", Progress(3)),
    PruneCheckpoints: lambda s: PruneCheckpoints(s.services.store.store, s.services.now()),
    RedactionReview: lambda s: RedactionReview({"nowhere.agcx": Looked(finds())}),
    ReplaceDialog: lambda s: ReplaceDialog("Replace in message 7", "nothing", keep=True),
    TagsDialog: lambda s: TagsDialog([["ui"], ["bug"]], {"ui", "bug"}),
    VerifyDialog: lambda s: VerifyDialog(f"Verify “{LONG}”", broken(s)),
}  # fmt: skip


def halves() -> list[Content]:
    return [Content(LONG), Content("12 messages stay"), Content("12 messages go")]


def subclasses(kind: type) -> Iterator[type]:
    for each in kind.__subclasses__():
        yield from subclasses(each)
        yield each


def test_every_dialog_is_looked_at_here():
    for module in pkgutil.iter_modules(dialogs.__path__):
        importlib.import_module(f"{dialogs.__name__}.{module.name}")
    assert {*subclasses(Dialog)} <= {*DIALOGS}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: "{}x{}".format(*size))
async def test_it_shows_its_question_and_its_buttons(size, store: Path, home: Path):
    async with browser(store).run_test(size=size) as pilot:
        screen = await scanned(pilot)
        for make in DIALOGS.values():
            dialog = make(screen)
            pilot.app.push_screen(dialog)
            await until(pilot, lambda d=dialog: d.is_active and d.is_mounted and is_usable(d))
            await until(pilot, lambda d=dialog: has_worked(d))
            await pilot.pause(0)
            asks_and_is_answered(dialog)
            if size == SIZES[0]:
                await reach_all_of(pilot, dialog)
            await pilot.app.pop_screen()


def has_worked(dialog: Screen) -> bool:
    return all(each.is_finished for each in dialog.workers if each.node is dialog)


def is_usable(dialog: Screen) -> bool:
    """All of what has the focus is seen."""
    return dialog.focused is None or is_seen(dialog, dialog.focused)


def is_seen(dialog: Screen, widget: Widget) -> bool:
    try:
        place = dialog.find_widget(widget)
    except NoWidget:
        return False
    seen, parts = place.visible_region, list(widget.query(Pick))
    if parts and widget.has_focus:
        # A group of picks may be higher than there is room for.
        return is_seen(dialog, next(each for each in parts if each.has_class("-selected")))
    return bool(seen) and seen.size == place.region.size and seen in dialog.region


def asks_and_is_answered(dialog: Screen) -> None:
    lines = [strip.text.replace("│", " ") for strip in rendered_strips(dialog)]
    seen = " ".join(" ".join(lines).split())
    for question in dialog.query("#question, #title").results(Static):
        assert str(question.render())[:25] in seen, dialog
    for button in dialog.query(Button):
        assert is_seen(dialog, button), (dialog, button)
        assert f" {button.label} " in "".join(lines), (dialog, button)


async def reach_all_of(pilot: Pilot, dialog: Screen) -> None:
    """The last field by going there, the last line by scrolling."""
    for body in dialog.query(".body"):
        assert body.size.height >= 1, dialog
        fields = [each for each in dialog.focus_chain if body in each.ancestors]
        for picks in [each for each in fields if isinstance(each, Picks)]:
            dialog.set_focus(picks)
            for _ in picks.query(Pick):
                await pilot.press("right")
                await until(pilot, lambda: is_usable(dialog))
        if fields:
            dialog.set_focus(fields[-1])
            await until(pilot, lambda each=fields[-1]: is_seen(dialog, each))
            asks_and_is_answered(dialog)
        elif not isinstance(body, OptionList):
            for _ in range(99):
                if body.scroll_offset.y < body.max_scroll_y:
                    await pilot.press("down")
            assert body.scroll_offset.y == body.max_scroll_y, dialog
