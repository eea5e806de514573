"""Undo, with a question first about what this run did not do, what added many sessions, or what came before
something was destroyed.

Strategy: all screens undo through `undo`; the queue knows which act it is about, and whether to ask.  An act
that was confirmed is undone by its id, whatever was done meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual.app import App

from agcx_format import Act, ns_of
from agcx_format.errors import NothingToUndo
from agcx_format.transcript import safe_line
from agcx_tui.app.dialogs.naming import AskDialog
from agcx_tui.app.keys.bindings import bindings
from agcx_tui.app.services import Services
from agcx_tui.core.store.act_queue import NOTHING, ActQueue, NotConfirmed
from agcx_tui.core.store.store_work import Outcome
from agcx_tui.core.words import format
from agcx_tui.core.words.acts import cannot_be_undone, describe, destroyed_by_undo

__all__ = ["AskToUndo", "say_nothing_to_undo", "undo"]


async def undo(
    app: App[object], services: Services, acts: ActQueue, act_id: str | None = None
) -> Outcome | None:
    """Undo an act, by default the last; call it in a worker.

    Returns:
        None if the person did not want it after all.

    Raises:
        PersistenceError: Nothing was undone.
    """
    try:
        return await acts.undo(act_id)
    except NotConfirmed as question:
        asked = question
    if isinstance(app.screen, AskToUndo):
        # The key was pressed again before its question appeared.
        return None
    services.hold_keys()
    if not await app.push_screen_wait(AskToUndo(asked.act, services.now(), asked.destroyed)):
        return None
    return await acts.undo(asked.act.id, confirmed=asked)


def say_nothing_to_undo(app: App[object], error: NothingToUndo) -> None:
    """Say why nothing was undone; a reason that is longer takes the lines that it needs."""
    text = f"{format.capitalized(safe_line(error.reason))}."
    is_plain = error.reason == NOTHING
    app.notify(text, severity="information" if is_plain else "warning", markup=False)


class AskToUndo(AskDialog):
    """Names the act.  The key that asked answers, too, where the undo only moves files back."""

    BINDINGS = bindings("ask-to-undo")
    ANSWERS: ClassVar[Mapping[str, str]] = {"yes": "undo"}

    def __init__(self, act: Act, now: int, destroyed: Sequence[Act] = ()) -> None:
        """`destroyed` are acts that came after it, or whose trash was emptied after it."""
        words = describe(act)
        when = format.age_in_words(ns_of(act.created_at) // 1000, now)
        facts = f"{format.counted(act.count, 'session')}, {when}."
        self._destroys = destroyed_by_undo(act)
        if self._destroys:
            facts += " There is no redo."
        if destroyed:
            facts = f"{cannot_be_undone(destroyed)}. This came before it: {facts}"
        super().__init__(f"Undo: {words[:1].lower()}{words[1:]}?", facts, "Undo")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "undo" or not self._destroys

    def action_undo(self) -> None:
        self.dismiss(True)
