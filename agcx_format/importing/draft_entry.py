"""A message while it is imported, and what an export of this program noted of its session."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from agcx_format.model.items import FileContext, Item, MessageMetadata, ResponseItem
from agcx_format.model.session import OperatingMode
from agcx_format.model.timestamps import Timestamp
from agcx_format.transcript.outputs import CallOutcome

__all__ = ["DraftEntry", "ReturnedSession"]


if TYPE_CHECKING:
    _Item = Item
else:
    # What msgspec decodes (see `model.items`).
    _Item = ResponseItem


class DraftEntry(msgspec.Struct, eq=False, gc=False, array_like=True):
    """A message in progress.

    Fields:
        item, time: of the message.
        position: among all messages of the draft.
        name: what its id derives from, with that of the session.
        has_time: whether its line has one, rather than a line before.
        words: what the person said in it; None if it is not theirs.
        outcome: how the call went, if this is the output of one.
        files: what the call in it is about.
        branch: the branch that was left, if it is in one.
        is_branch_point: whether a branch that was left begins after it.
        parent: the position of the message that it continues from, if that is not the one before it.
        is_task: whether it is what the parent of a subagent asked it to do.
        is_dropped: whether it turned out to be a copy.
        call: the position of the call whose output this is, if that comes before it.
        returned: what an export of this program said of it: its metadata and its turn.
    """

    item: _Item
    position: int
    name: str
    time: str
    has_time: bool
    words: str | None
    outcome: CallOutcome | None = None
    files: Sequence[FileContext] = ()
    branch: UUID | None = None
    is_branch_point: bool = False
    parent: int | None = None
    is_dropped: bool = False
    is_task: bool = False
    call: int | None = None
    returned: tuple[MessageMetadata, int] | None = None


@dataclass
class ReturnedSession:
    """What an export of this program noted of a session.

    Fields:
        environment: what the import of the session had said of it; None in exports of older versions.
    """

    title: str
    tags: list[str]
    model: str
    environment: dict[str, str] | None
    created: Timestamp | None
    updated: Timestamp | None
    mode: OperatingMode | None = None
    is_favorite: bool = False
