"""What is done with the checkpoints of a session: each is asked first, then one act that `u` undoes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agcx_format.transcript import safe_line
from agcx_tui.app.widgets.checkpoints_view import CheckpointAct
from agcx_tui.core.store import store_work
from agcx_tui.core.words.format import counted, size

if TYPE_CHECKING:
    from textual.screen import Screen

    from agcx_format.store import StoredCheckpoint
    from agcx_tui.app.screens.conversation.session_acts import SessionActs
    from agcx_tui.core.conversation.subject import Conversation
    from agcx_tui.core.store.store_work import Acting

__all__ = ["act_on_checkpoint"]

_FAILED = "Nothing was changed"


async def act_on_checkpoint(
    screen: Screen[None],
    acts: SessionActs,
    conversation: Conversation,
    act: CheckpointAct,
    wanted: StoredCheckpoint | None,
) -> None:
    """Ask, and change the checkpoints of the session that is shown."""
    file = conversation.path, conversation.signature
    if obstacle := acts.obstacle():
        screen.notify(obstacle, severity="warning", markup=False)
        return
    if not await acts.may_change(screen, file):
        return
    asked: tuple[Acting, str] | None = None
    if wanted is None:
        asked = await _create(screen, file)
    elif act is CheckpointAct.RENAME:
        asked = await _rename(screen, wanted)
    elif act is CheckpointAct.DELETE:
        asked = await _delete(screen, wanted)
    elif act is CheckpointAct.GO_BACK:
        asked = await _go_back(screen, conversation, wanted)
    if asked is not None:
        work, done = asked
        await acts.run(screen, work, lambda _: f"{done}. u to undo.", _FAILED)


async def _create(screen: Screen[None], file: store_work.File) -> tuple[Acting, str] | None:
    from agcx_tui.app.dialogs.naming import NameDialog

    dialog = NameDialog("Keep the session as it is now", "Name of the checkpoint", "", "Create")
    name = await screen.app.push_screen_wait(dialog)
    if name is None:
        return None
    return (
        lambda store: store_work.create_checkpoint(store, file, name),
        f"Created checkpoint {safe_line(name)}",
    )


async def _rename(screen: Screen[None], wanted: StoredCheckpoint) -> tuple[Acting, str] | None:
    from agcx_tui.app.dialogs.naming import NameDialog

    question = f"Rename checkpoint {safe_line(wanted.name)}"
    dialog = NameDialog(question, "New name", wanted.metadata.name, "Rename")
    name = await screen.app.push_screen_wait(dialog)
    if name is None or name == wanted.metadata.name:
        return None
    return (
        lambda store: store_work.rename_checkpoint(store, wanted, name),
        f"Renamed to {safe_line(name)}",
    )


async def _delete(screen: Screen[None], wanted: StoredCheckpoint) -> tuple[Acting, str] | None:
    from agcx_tui.app.dialogs.naming import AskToDelete

    name = safe_line(wanted.name)
    question, facts = f"Delete checkpoint {name}?", f"{size(wanted.size)} go to the trash."
    if not await screen.app.push_screen_wait(AskToDelete(question, facts, "Delete")):
        return None
    return (lambda store: store_work.delete_checkpoint(store, wanted), f"Deleted checkpoint {name}")


async def _go_back(
    screen: Screen[None], conversation: Conversation, wanted: StoredCheckpoint
) -> tuple[Acting, str] | None:
    from agcx_tui.app.dialogs.naming import AskDialog

    name = safe_line(wanted.name)
    after = max(0, conversation.metadata.message_count - wanted.metadata.message_index)
    lost = f"The {counted(after, 'message')} after it go to the trash." if after else ""
    facts = f"{lost} c creates a new session from it instead.".strip()
    if not await screen.app.push_screen_wait(AskDialog(f"Go back to {name}?", facts, "Go back")):
        return None
    return (lambda store: store_work.go_back(store, wanted), f"Went back to {name}")
