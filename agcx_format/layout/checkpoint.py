"""Checkpoints: a conversation as it was at one moment, in the encoding of its layout.

Strategy: the first bytes of a file say which layout wrote it; see `Layout.checkpoint_beginning`.
"""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from msgspec.structs import replace

from agcx_format.errors import LayoutCannotHold
from agcx_format.layout import LAYOUTS, Layout, by_version
from agcx_format.layout.v2 import conversation_as_written
from agcx_format.model.items import MessageSnapshot, UnknownItem
from agcx_format.model.session import Checkpoint, CheckpointMetadata

__all__ = ["SUFFIX", "decode", "encode", "file_name", "ids_of", "layout_of"]

SUFFIX = ".ckpt"


def file_name(session_id: UUID, checkpoint_id: UUID) -> str:
    """The name of a checkpoint's file."""
    return f"{session_id}_{checkpoint_id}{SUFFIX}"


def ids_of(name: str) -> tuple[UUID, UUID] | None:
    """Session and checkpoint by a file's name; None when it is not that of a checkpoint."""
    session, separator, checkpoint = name.removesuffix(SUFFIX).partition("_")
    try:
        return (UUID(session), UUID(checkpoint)) if separator and name.endswith(SUFFIX) else None
    except ValueError:
        return None


def layout_of(head: bytes) -> Layout:
    """The layout that wrote a checkpoint file with these first bytes."""
    fitting = (each for each in LAYOUTS.values() if head.startswith(each.checkpoint_beginning))
    return max(fitting, key=lambda each: len(each.checkpoint_beginning))


def decode(data: bytes, metadata: CheckpointMetadata) -> Checkpoint:
    """A whole file; `metadata` is what the session says of it, since layout 2's files do not.

    Raises:
        PersistenceError: when it is damaged.
    """
    return layout_of(data).decode_checkpoint(data, metadata)


def encode(checkpoint: Checkpoint, layout: int) -> list[bytes]:
    """The parts of the file, in the encoding of the layout with this number.

    Raises:
        LayoutCannotHold: when it has an item of an unknown kind, for which bincode has no place.
        TypeError: when a field holds a value that its type cannot hold.
        ValueError: likewise, or when there is no such layout.
    """
    conversation = conversation_as_written(checkpoint.conversation)
    try:
        return by_version(layout).encode_checkpoint(replace(checkpoint, conversation=conversation))
    except TypeError:
        for number, message in enumerate(conversation.messages, 1):
            for tag in _unknown_in(message):
                raise LayoutCannotHold(
                    f"message {number:,}: a checkpoint of layout {layout} cannot hold an item of the "
                    f"unknown kind {tag!r:.100}",
                    section="checkpoint",
                ) from None
        raise


def _unknown_in(message: MessageSnapshot) -> Iterator[str]:
    """The tags of items and content parts in a message that are of unknown kinds."""
    for item in (message.item, *(item for _, item in message.metadata.edit_history)):
        for part in (item, *(getattr(item, "content", None) or ())):
            if isinstance(part, UnknownItem):
                yield part.tag
