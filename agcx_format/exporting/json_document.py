"""Converts a whole session to one JSON document, in the form of serde, and back.

Strategy: the document is `{"metadata", "conversation", "state"}`, each in the form of `to_json`, so other
programs find the names of the format; characters that a terminal would obey are escaped. It is produced one
message, and one line, at a time, so a session of any size can be written as it is read. `from_session_json`
returns equal values, and `from_json` reads each part, with the exceptions of `serde_json`:

- a number that is not finite is null, and comes back as NaN (serde writes null as well);
- an item of an unknown kind, which JSON cannot represent, is `{"type": tag, "raw": base64}` of its bytes in
  the file, and comes back as these bytes; other readers see only its kind.

With an `ExportChoice`, messages are left out and `message_count` is adjusted. The session's metadata stay,
since a session has no form without them; only the notes on messages go.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec.structs import replace

from agcx_format.codec.json import from_json, to_json
from agcx_format.exporting.choice import EVERYTHING, ExportChoice, check_arguments, chosen
from agcx_format.model.items import MessageSnapshot
from agcx_format.model.session import ConversationSnapshot, Session, SessionMetadata, SessionState
from agcx_format.transcript.escaping import safe_json

__all__ = ["from_session_json", "json_parts", "session_json", "with_count"]


def session_json(
    metadata: SessionMetadata,
    conversation: ConversationSnapshot,
    state: SessionState,
    choice: ExportChoice = EVERYTHING,
) -> bytes:
    """The document as UTF-8, with a newline at its end.

    Raises:
        TypeError: one of the arguments is something else.
    """
    check_arguments(metadata, conversation, choice)
    around, messages = replace(conversation, messages=[]), conversation.messages
    metadata = with_count(metadata, messages, choice)
    return b"".join(json_parts(metadata, messages, around, state, choice))


def with_count(
    metadata: SessionMetadata, messages: Iterable[MessageSnapshot], choice: ExportChoice
) -> SessionMetadata:
    """The metadata with the number of messages that a document of this choice has."""
    if choice == EVERYTHING:
        return metadata
    return replace(metadata, message_count=sum(1 for _ in chosen(messages, choice)))


def json_parts(
    metadata: SessionMetadata,
    messages: Iterable[MessageSnapshot],
    around: ConversationSnapshot,
    state: SessionState,
    choice: ExportChoice = EVERYTHING,
) -> Iterator[bytes]:
    """The document in parts, one for each message; `around` is the conversation without its messages.

    The metadata come before the messages, so their number has to be right already: see `with_count`.
    """
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
    """Like `to_json`, with characters escaped that a terminal would obey."""
    data = to_json(value)
    if data.isascii() and b"\x7f" not in data:
        return data
    return safe_json(data.decode()).encode()


def from_session_json(data: bytes | str) -> Session:
    """The session that `session_json` wrote.

    Raises:
        ValueError: the data is not such a document.
    """
    try:
        parts = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as cause:
        raise ValueError(f"not a session as JSON: {cause}") from None
    if missing := {"metadata", "conversation", "state"} - parts.keys():
        raise ValueError(f"not a session as JSON: {', '.join(sorted(missing))} missing")
    return Session(
        from_json(SessionMetadata, bytes(parts["metadata"])),
        from_json(ConversationSnapshot, bytes(parts["conversation"])),
        from_json(SessionState, bytes(parts["state"])),
    )
