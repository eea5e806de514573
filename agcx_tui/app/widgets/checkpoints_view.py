"""The checkpoints of a session as facts, with the keys that make, rename, delete, and restore them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from textual.message import Message

from agcx_format.store import StoredCheckpoint
from agcx_tui.app.keys.bindings import bindings
from agcx_tui.app.widgets.facts_view import FactsView

__all__ = ["CheckpointAct", "CheckpointsView"]


class CheckpointAct(Enum):
    """What can be done with the checkpoints of a session."""

    NEW_SESSION = auto()
    CREATE = auto()
    RENAME = auto()
    DELETE = auto()
    GO_BACK = auto()
    EXPORT = auto()


# What needs no file of the checkpoint.
_WITHOUT_FILE = (CheckpointAct.DELETE,)
# The actions that are about the current checkpoint.
_ON_A_CHECKPOINT = ("make_session", "rename", "delete", "go_back", "export")


class CheckpointsView(FactsView):
    """Posts `Wanted` for the current checkpoint."""

    BINDINGS = bindings("checkpoints")

    @dataclass
    class Wanted(Message):
        """Something is to be done with a checkpoint; None for a new one."""

        act: CheckpointAct
        checkpoint: StoredCheckpoint | None

    @property
    def _checkpoint(self) -> StoredCheckpoint | None:
        target = self.fact.target if self.fact is not None else None
        return target if isinstance(target, StoredCheckpoint) else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without a checkpoint only the keys are offered that need none."""
        if action in _ON_A_CHECKPOINT and self._checkpoint is None:
            return False
        return super().check_action(action, parameters)

    def action_make_session(self) -> None:
        self._want(CheckpointAct.NEW_SESSION)

    def action_create(self) -> None:
        self.post_message(self.Wanted(CheckpointAct.CREATE, None))

    def action_rename(self) -> None:
        self._want(CheckpointAct.RENAME)

    def action_delete(self) -> None:
        self._want(CheckpointAct.DELETE)

    def action_go_back(self) -> None:
        self._want(CheckpointAct.GO_BACK)

    def action_export(self) -> None:
        self._want(CheckpointAct.EXPORT)

    def _want(self, act: CheckpointAct) -> None:
        checkpoint = self._checkpoint
        if checkpoint is None:
            return
        if checkpoint.path is None and act not in _WITHOUT_FILE:
            words = "The file of this checkpoint is missing."
            self.notify(words, severity="warning", markup=False)
        else:
            self.post_message(self.Wanted(act, checkpoint))
