"""Session files with as many messages as a test wants."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from agcx_format import write_session
from agcx_format.codec import bincode, messagepack
from agcx_format.codec.zstd import frames
from agcx_format.layout import v1_sections
from agcx_format.model.items import InputText, Message, MessageSnapshot
from tests.support.stores import golden_session


def message(number: int, size: int) -> MessageSnapshot:
    """A message that says its number and does not compress away entirely."""
    like = golden_session("full")[1].messages[0]
    words = " ".join(str(number * 7919 + i) for i in range(size // 8))
    return replace(like, item=Message(None, "user", [InputText(f"#{number} {words}")]))


def write(path: Path, messages: list[MessageSnapshot], *, framed: bool = False) -> Path:
    """A file whose messages are one zstd frame, or framed as ours are from 8 MiB on."""
    metadata, conversation, state = golden_session("full")
    if framed:
        write_session(path, metadata, replace(conversation, messages=messages), state)
        return path
    sections = (
        bincode.encode(metadata),
        frames.compress(messagepack.encode_messages(messages), 1),
        frames.compress(messagepack.encode(conversation.context), 3),
        bincode.encode(state),
    )
    path.write_bytes(b"".join(v1_sections.join(*sections)))
    return path
