"""A whole session as one JSON document, in serde's form, and back.

Strategy: the document is `{"metadata", "conversation", "state"}`, each as `to_json` gives it, so that
other programs find the names that the format has.  `from_session_json` gives equal values back; the
exceptions are those of `serde_json`: numbers that were not finite.
"""

from __future__ import annotations

import msgspec

from agcx_format.serde_json import from_json, to_json
from agcx_format.types import ConversationSnapshot, Session, SessionMetadata, SessionState

__all__ = ["from_session_json", "session_json"]


def session_json(
    metadata: SessionMetadata, conversation: ConversationSnapshot, state: SessionState
) -> bytes:
    """Indented UTF-8 JSON with a newline at its end."""
    document = {"metadata": metadata, "conversation": conversation, "state": state}
    return msgspec.json.format(to_json(document), indent=2) + b"\n"


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
