"""The checkpoints of a session as facts, with the key that makes a session of one."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from agcx_format import CheckpointMetadata
from agcx_tui.app.keys.bindings import bindings
from agcx_tui.app.widgets.facts_view import FactsView

__all__ = ["CheckpointsView"]


class CheckpointsView(FactsView):
    """Posts `Wanted` for the current checkpoint."""

    BINDINGS = bindings("checkpoints")

    @dataclass
    class Wanted(Message):
        """A session is to be made of this checkpoint."""

        checkpoint: CheckpointMetadata

    def action_make_session(self) -> None:
        fact = self.fact
        if fact is None:
            self.notify("There is no checkpoint here.", markup=False)
        elif isinstance(fact.target, CheckpointMetadata):
            self.post_message(self.Wanted(fact.target))
        else:
            self.notify("The file of this checkpoint is missing.", severity="warning", markup=False)
