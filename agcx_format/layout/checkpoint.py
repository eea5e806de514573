"""Checkpoints: a conversation as it was at one moment, in either layout's encoding.

Strategy: the first bytes tell them apart.  Layout 1's have no header: one zstd frame of bincode.  Rust
cannot read these back when they hold a message, since an internally tagged enum needs a format that
describes itself; a reader that knows the schema can.  Layout 2's have that layout's header and hold
MessagePack, but not their own metadata, which stands in the session's.
"""

from __future__ import annotations

from uuid import UUID

from agcx_format.codec import bincode, messagepack
from agcx_format.codec.zstd import frames
from agcx_format.errors import PersistenceError
from agcx_format.layout import v2
from agcx_format.model.session import (
    Checkpoint,
    CheckpointMetadata,
    ConversationSnapshot,
    SessionState,
)

__all__ = ["NAME", "decode", "encode", "file_name", "ids_of"]

NAME = "checkpoint"
LEVEL = 3
SUFFIX = ".ckpt"


def file_name(session_id: UUID, checkpoint_id: UUID) -> str:
    return f"{session_id}_{checkpoint_id}{SUFFIX}"


def ids_of(name: str) -> tuple[UUID, UUID] | None:
    """Session and checkpoint of a file's name; None when it is not a checkpoint's."""
    session, separator, checkpoint = name.removesuffix(SUFFIX).partition("_")
    try:
        return (UUID(session), UUID(checkpoint)) if separator and name.endswith(SUFFIX) else None
    except ValueError:
        return None


def decode(data: bytes, metadata: CheckpointMetadata) -> Checkpoint:
    """A whole file; `metadata` is what is known of it from elsewhere, which layout 2 relies on."""
    if data[:4] == v2.MAGIC:
        return _decode_layout2(data, metadata)
    try:
        raw = frames.decompress(data)
    except PersistenceError as error:
        raise error.located(section=NAME) from None
    try:
        return bincode.decode(Checkpoint, raw)
    except PersistenceError as error:
        raise error.located(section=NAME, decompressed=True) from None


def _decode_layout2(data: bytes, metadata: CheckpointMetadata) -> Checkpoint:
    raw = v2.decompress(data)
    conversation, state = v2.split(raw, ("conversation", "state"))
    return Checkpoint(
        metadata,
        v2.element(raw, conversation, ConversationSnapshot),
        v2.element(raw, state, SessionState),
    )


def encode(checkpoint: Checkpoint, layout: int) -> list[bytes]:
    """The parts of the file, in the encoding of the store's layout."""
    conversation = v2.conversation_as_written(checkpoint.conversation)
    if layout == v2.VERSION:
        elements = [messagepack.encode(conversation), messagepack.encode(checkpoint.state)]
        return v2.pack(elements, v2.CHECKPOINT_LEVEL)
    whole = Checkpoint(checkpoint.metadata, conversation, checkpoint.state)
    return [frames.compress(bincode.encode(whole, Checkpoint), LEVEL)]
