"""A whole session as one JSON document, in serde's form, and back.

Strategy: the document is `{"metadata", "conversation", "state"}`, each as `to_json` gives it, so that
other programs find the names that the format has; what a terminal would obey is escaped.  It is made a
message at a time, one a line: a session of
any size can be written out as it is read.  `from_session_json` gives equal values back, and each part reads
back with `from_json`; the exceptions are those of `serde_json`:

- a number that is not finite is null, and comes back as NaN (serde writes null as well);
- an item of an unknown kind, which JSON cannot hold as it is, is `{"type": tag, "raw": base64}` of the
  bytes in the file, and comes back as these bytes; other readers find only its kind.

With a `ExportChoice`, messages are left out and `message_count` says how many there are; the
metadata stays, since a session has no form without it, but for the notes on messages.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec.structs import replace

from agcx_format.codec.json import from_json, to_json
from agcx_format.exporting.choice import EVERYTHING, ExportChoice, chosen
from agcx_format.model.items import MessageSnapshot
from agcx_format.model.session import ConversationSnapshot, Session, SessionMetadata, SessionState
from agcx_format.transcript.escaping import safe_json

__all__ = ["from_session_json", "json_parts", "session_json"]


def session_json(
    metadata: SessionMetadata,
    conversation: ConversationSnapshot,
    state: SessionState,
    choice: ExportChoice = EVERYTHING,
) -> bytes:
    """UTF-8 JSON with a newline at its end."""
    around = replace(conversation, messages=[])
    if choice != EVERYTHING:
        count = sum(1 for _ in chosen(conversation.messages, choice))
        metadata = replace(metadata, message_count=count)
    return b"".join(json_parts(metadata, conversation.messages, around, state, choice))


def json_parts(
    metadata: SessionMetadata,
    messages: Iterable[MessageSnapshot],
    around: ConversationSnapshot,
    state: SessionState,
    choice: ExportChoice = EVERYTHING,
) -> Iterator[bytes]:
    """The document in parts, a message in each; `around` is the conversation without its messages."""
    yield b'{"metadata":' + _safe(metadata)
    yield b',\n"conversation":{"id":' + _safe(around.id) + b',"messages":['
    comma = b"\n"
    for _, message in chosen(messages, choice):
        yield comma + _safe(message)
        comma = b",\n"
    yield b'\n],\n"context":' + _safe(around.context)
    yield b',\n"mode_history":' + _safe(around.mode_history)
    yield b'},\n"state":' + _safe(state) + b"}\n"


def _safe(value: Any) -> bytes:
    """As `to_json`, without a character that a terminal would obey."""
    data = to_json(value)
    if data.isascii() and b"\x7f" not in data:
        return data
    return safe_json(data.decode()).encode()


def from_session_json(data: bytes | str) -> Session:
    """The values that `session_json` gave; `ValueError` says what does not fit."""
    try:
        parts = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError) as cause:
        raise ValueError(f"not a session as JSON: {cause}") from None
    if missing := {"metadata", "conversation", "state"} - parts.keys():
        raise ValueError(f"not a session as JSON: {', '.join(sorted(missing))} missing")
    return (
        from_json(SessionMetadata, bytes(parts["metadata"])),
        from_json(ConversationSnapshot, bytes(parts["conversation"])),
        from_json(SessionState, bytes(parts["state"])),
    )
