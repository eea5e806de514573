"""The export dialog offers one path through a conversation, where there are several."""

from __future__ import annotations

from textual.app import App
from textual.widgets import Input, RadioSet, Static

from agcx_format import write_session
from agcx_tui.app.dialogs.export import ExportDialog, ExportItem
from agcx_tui.app.dialogs.run_export import ask_for_export
from agcx_tui.app.themes import DARK
from tests.support.browsing import until
from tests.support.everything import SESSION, everything
from tests.support.messages import golden


class Exporting(App):
    """Nothing but the export of a session."""

    def __init__(self, path, *, has_checkpoints: bool = False) -> None:
        super().__init__()
        self.item = ExportItem(str(path), str(SESSION), "t", has_checkpoints)
        self.register_theme(DARK)
        self.theme = DARK.name

    def on_mount(self) -> None:
        ask_for_export(self, [self.item])


def said(dialog) -> str:
    return " ".join(str(each.render()) for each in dialog.query(Static))


async def test_a_branch_is_chosen_by_its_first_words(tmp_path):
    path, target = tmp_path / "everything.agcx", tmp_path / "out.md"
    write_session(path, *everything())
    async with Exporting(path, has_checkpoints=True).run_test(size=(100, 40)) as pilot:
        app = pilot.app
        await until(pilot, lambda: app.screen.has_class("-branched"))
        await pilot.pause()
        assert "Checkpoints are not exported" in said(app.screen)
        picks = list(app.screen.query("#branch Pick"))
        assert [str(pick.label) for pick in picks] == [
            "All, under headings", "The path to the last message", "branchwords", "secondbranch",
        ]  # fmt: skip
        picks[2].value = True
        app.screen.query_one("#path", Input).value = str(target)
        await pilot.press("ctrl+s")
        await until(pilot, target.exists)
        assert "branchanswer" in target.read_text()
        assert "secondbranch" not in target.read_text()


async def test_a_conversation_that_does_not_branch_offers_no_choice():
    async with Exporting(golden("large")).run_test(size=(100, 40)) as pilot:
        app = pilot.app
        await until(pilot, lambda: isinstance(app.screen, ExportDialog))
        await until(pilot, lambda: not any(each.group == "branches" for each in app.workers))
        assert not app.screen.query_one("#branch", RadioSet).display
        assert "Checkpoints are not exported" not in said(app.screen)
