"""Checkpoints: a conversation as it was at one moment, in the encoding of its layout.

Strategy: the first bytes of a file say which layout wrote it; see `Layout.checkpoint_beginning`.
"""

from __future__ import annotations

from uuid import UUID

from msgspec.structs import replace

from agcx_format.layout import LAYOUTS, Layout, by_version
from agcx_format.layout.v2 import conversation_as_written
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
        TypeError: when a field holds a value that its type cannot hold.
        ValueError: likewise, or when there is no such layout.
    """
    conversation = conversation_as_written(checkpoint.conversation)
    return by_version(layout).encode_checkpoint(replace(checkpoint, conversation=conversation))
