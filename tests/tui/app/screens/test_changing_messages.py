"""`X` puts right what is in a session: each change is one act, and what is left is valid."""

from __future__ import annotations

import os
import time

import pytest
from msgspec.structs import replace
from textual.widgets import Input, OptionList

from agcx_format import SessionStore, open_store, read_session
from agcx_format.doctor import verify_store
from agcx_tui.app.dialogs.change_message import ChangeDialog, MessageChange, ReplaceDialog
from agcx_tui.app.dialogs.empty_trash import EmptyDialog
from agcx_tui.app.dialogs.naming import NewSessionDialog
from agcx_tui.app.dialogs.redaction_review import RedactionReview
from tests.support.browsing import SIZE, browser, notices, on_top, scanned, until
from tests.support.everything import everything
from tests.support.stores import contents
from tests.tui.app.screens.test_deriving import opened

pytestmark = pytest.mark.usefixtures("undrawn")

SECRET = "hunter2" + "hunter2"


@pytest.fixture
def root(tmp_path):
    """A store with one session that holds everything, a checkpoint of it, and nobody at work."""
    # A checkpoint of layout 1 cannot hold an item of an unknown kind.
    store = SessionStore(tmp_path / "history")
    metadata, conversation, state = everything()
    metadata = replace(metadata, checkpoints=[], is_favorite=False)
    store.save_session(metadata.id, metadata, conversation, state)
    (entry,) = store.scan()
    store.checkpoints.create(entry, "pointname")
    past = time.time() - 3600
    os.utime(entry.path, (past, past))
    return store.path


def messages(root):
    (entry,) = open_store(root).scan()
    return read_session(entry.path)[1].messages


def findings(root) -> set[str]:
    """What `agcx verify` says, besides of the kinds of items that are there from the beginning."""
    reports = verify_store(open_store(root))
    found = {finding.reason for report in reports for finding in report.findings}
    return {text for text in found if "kind that is not known" not in text and "repair" not in text}


async def at_message(pilot, number: int):
    await scanned(pilot, 1)
    await pilot.press("enter")
    screen = await opened(pilot, 17)
    screen.transcript.seek(number - 1)
    await pilot.pause()
    return screen


async def choose(pilot, what: MessageChange) -> None:
    await pilot.press("X")
    dialog = await on_top(pilot, ChangeDialog)
    assert dialog.focused.id == "cancel"
    choices = dialog.query_one(OptionList)
    await pilot.press("down")
    assert choices.highlighted == 0
    choices.highlighted = choices.get_option_index(what.name)
    await pilot.press("enter")


async def press(pilot, key: str) -> None:
    """Choose by a key."""
    await pilot.press("X")
    dialog = await on_top(pilot, ChangeDialog)
    shown = [str(option.prompt) for option in dialog.query_one(OptionList).options]
    assert any(words.startswith(f"{key} ") for words in shown)
    await pilot.press(key)


async def test_a_message_is_deleted_with_its_output_and_u_restores_both(root):
    before = contents(root)
    async with browser(root).run_test(size=SIZE) as pilot:
        screen = await at_message(pilot, 5)
        await press(pilot, "d")
        await until(pilot, lambda: "Deleted messages 5 and 6" in notices(pilot))
        assert len(messages(root)) == 15
        assert findings(root) == set()
        await until(pilot, lambda: screen.transcript.source.known() == 15)
        await pilot.press("u")
        await until(pilot, lambda: screen.transcript.source.known() == 17)
    assert contents(root) == before


async def test_a_text_is_replaced_and_the_earlier_version_kept_or_removed(root):
    async with browser(root).run_test(size=SIZE) as pilot:
        await at_message(pilot, 2)
        await choose(pilot, MessageChange.REPLACE)
        dialog = await on_top(pilot, ReplaceDialog)
        dialog.query_one("#old", Input).value = "askedwords"
        dialog.query_one("#new", Input).value = "otherwords"
        await pilot.press("enter", "enter")
        await until(pilot, lambda: "Changed message 2." in notices(pilot))
        message = messages(root)[1]
        assert message.item.content[0].text == "otherwords"
        assert len(message.metadata.edit_history) == 2
        await until(pilot, lambda: pilot.app.screen.opened.signature)
        await choose(pilot, MessageChange.PURGE)
        await until(pilot, lambda: "Removed the earlier versions" in notices(pilot))
        assert messages(root)[1].metadata.edit_history == []
        assert messages(root)[4].metadata.edit_history
        assert findings(root) == set()


async def test_what_is_not_in_a_message_is_not_replaced(root):
    before = contents(root)
    async with browser(root).run_test(size=SIZE) as pilot:
        await at_message(pilot, 2)
        await choose(pilot, MessageChange.REPLACE)
        dialog = await on_top(pilot, ReplaceDialog)
        dialog.query_one("#old", Input).value = "nowhere"
        await pilot.press("enter", "enter")
        await until(pilot, lambda: "does not contain this text" in notices(pilot))
    assert contents(root) == before


async def test_a_text_is_taken_out_everywhere_after_a_review_and_then_destroyed(root):
    async with browser(root).run_test(size=SIZE) as pilot:
        await at_message(pilot, 2)
        await press(pilot, "t")
        dialog = await on_top(pilot, ReplaceDialog)
        dialog.query_one("#old", Input).value = "askedbefore"
        await pilot.press("enter", "enter")
        review = await on_top(pilot, RedactionReview)
        # In the edit history of the session, and in that of the checkpoint.
        assert review.query_one(OptionList).option_count == 3
        await pilot.press("ctrl+s")
        emptying = await on_top(pilot, EmptyDialog)
        assert "askedbefore" not in str(messages(root))
        assert findings(root) == set()
        emptying.query_one("#word", Input).value = "delete"
        await pilot.pause()
        await pilot.click("#empty")
        await until(pilot, lambda: "Destroyed; " in notices(pilot))
    assert not any(act.can_be_undone for act in open_store(root).acts())


def highlighted(choices: OptionList) -> str | None:
    return choices.get_option_at_index(choices.highlighted or 0).id


async def test_cancel_changes_nothing_and_split_is_offered_here_too(root):
    before = contents(root)
    async with browser(root).run_test(size=SIZE) as pilot:
        await at_message(pilot, 4)
        await pilot.press("X")
        dialog = await on_top(pilot, ChangeDialog)
        choices = dialog.query_one(OptionList)
        # No earlier versions here: their key does nothing. The last choice is above Cancel.
        await pilot.press("e", "up")
        assert (highlighted(choices), dialog.focused) == ("SECRETS", choices)
        await pilot.press("tab", "enter")
        await choose(pilot, MessageChange.SPLIT)
        await on_top(pilot, NewSessionDialog)
        await pilot.press("escape")
    assert contents(root) == before
