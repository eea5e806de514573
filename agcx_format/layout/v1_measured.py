"""A file of layout 1 whose metadata say its size and ratio, from its sections.

Strategy: the metadata come first and the sizes are known last. So the other sections are compressed before
anything is given. The messages of a conversation that is too large for memory go, as they are compressed,
to where the caller holds them (`Hold`), and from there into the file.
"""

from __future__ import annotations

from msgspec.structs import replace

from agcx_format.codec import bincode, messagepack
from agcx_format.codec.zstd import frames, seekable
from agcx_format.layout.encoded import Chained, Counted, EncodedFile, Hold
from agcx_format.layout.v1_errors import VERSION
from agcx_format.layout.v1_sections import compress_messages, fitted, head, length_of
from agcx_format.model.fields import Float32
from agcx_format.model.session import ConversationSnapshot, SessionMetadata, SessionState

__all__ = ["held", "measured", "whole"]


def measured(
    metadata: SessionMetadata, messages: bytes, context: bytes, state: SessionState, level: int
) -> tuple[SessionMetadata, list[bytes]]:
    """The metadata, and the parts of the file; messages and context are MessagePack."""
    section = compress_messages(messages, level)
    metadata, before, after = _around(metadata, len(section), len(messages), context, state, level)
    return metadata, [*before, section, *after]


def whole(
    metadata: SessionMetadata, conversation: ConversationSnapshot, state: SessionState, level: int
) -> tuple[SessionMetadata, list[bytes]]:
    """The same for a conversation, whose messages are counted."""
    messages = messagepack.encode_messages(conversation.messages)
    context = messagepack.encode(conversation.context)
    return measured(_counted(metadata, conversation), messages, context, state, level)


def _counted(metadata: SessionMetadata, conversation: ConversationSnapshot) -> SessionMetadata:
    count = len(conversation.messages)
    return replace(metadata, message_count=count, format_version=VERSION)


def held(
    metadata: SessionMetadata,
    conversation: ConversationSnapshot,
    state: SessionState,
    level: int,
    hold: Hold,
) -> EncodedFile:
    """The same for messages that are taken one at a time."""
    header = messagepack.array_header(len(conversation.messages))
    messages = Counted(map(messagepack.encode_message, conversation.messages))
    size, section = hold(seekable.compress_each(header, messages, level))
    plain = len(header) + messages.size
    context = messagepack.encode(conversation.context)
    counted = _counted(metadata, conversation)
    metadata, before, after = _around(counted, size, plain, context, state, level)
    return EncodedFile(metadata, Chained(before, section, after), metadata.file_size)


def _around(
    metadata: SessionMetadata,
    packed: int,
    plain: int,
    context: bytes,
    state: SessionState,
    level: int,
) -> tuple[SessionMetadata, list[bytes], list[bytes]]:
    """What comes before and after a section of messages of `packed` bytes, `plain` ones decompressed."""
    third, last = frames.compress(context, level), bincode.encode(state, SessionState)
    ratio = (packed + len(third)) / (plain + len(context))
    metadata = replace(metadata, compression_ratio=Float32(ratio))
    # Three sections follow, each after its length.
    metadata, first = fitted(metadata, 12 + packed + len(third) + len(last))
    before = [*head(first), length_of("messages", packed)]
    after = [
        length_of("context", len(third)),
        third,
        length_of("state", len(last)),
        last,
    ]
    return metadata, before, after
