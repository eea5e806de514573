"""A message of a conversation while it is imported."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from agcx_format.model.items import FileContext, Item, MessageMetadata
from agcx_format.model.timestamps import Timestamp
from agcx_format.transcript.outputs import CallOutcome

__all__ = ["DraftEntry"]


@dataclass(slots=True, eq=False)
class DraftEntry:
    """A message in progress.

    Fields:
        item, message_id, time: of the message.
        has_time: whether its line has one, rather than a line before.
        words: what the person said in it; None if it is not theirs.
        outcome: how the call went, if this is the output of one.
        files: what the call in it is about.
        branch: the branch that was left, if it is in one.
        is_branch_point: whether a branch that was left begins after it.
        parent: the message that it continues from, if that is not the one before it.
        is_dropped: whether it turned out to be a copy.
    """

    item: Item
    message_id: UUID
    time: Timestamp
    has_time: bool
    words: str | None
    outcome: CallOutcome | None = None
    files: list[FileContext] = field(default_factory=list)
    branch: UUID | None = None
    is_branch_point: bool = False
    parent: UUID | None = None
    is_dropped: bool = False
    # What an export of this program said of it: its metadata and its turn.
    returned: tuple[MessageMetadata, int] | None = None
