"""Modes, context, and times of a conversation, as each layout stores them."""

from __future__ import annotations

from pathlib import Path

import pytest

from agcx_format import write_session
from agcx_format.codec import messagepack
from agcx_format.errors import PersistenceError
from agcx_format.layout import v2
from agcx_format.model.session import OperatingMode
from agcx_format.session.lazy import SessionFile
from tests.format.session.files import message
from tests.support.stores import golden_session


def test_times_that_rust_would_write_otherwise_are_brought_to_its_form(tmp_path: Path):
    messages = [message(i, 100) for i in range(9)]
    packed = [messagepack.encode(each) for each in messages]
    packed[4] = packed[4].replace(b"2025-10-14T23:00:32Z", b"2025-10-14 23:00:32Z")
    # One text that is two of them is no timestamp.
    two_lines = b"2025-10-14T23:00:32Z\n2025-10-14T23:00:32Z"
    packed[6] = packed[6].replace(b"\xb42025-10-14T23:00:32Z", b"\xd9\x29" + two_lines)
    raw = b"\x99" + b"".join(packed)
    with pytest.raises(PersistenceError, match="not a timestamp"):
        messagepack.decode_messages(raw)
    packed[6] = packed[5]
    got = messagepack.decode_messages(b"\x99" + b"".join(packed))
    assert got[4] == messages[4]
    assert [each.timestamp for each in got] == [messages[0].timestamp] * 9


@pytest.mark.parametrize("layout", [1, 2])
def test_the_modes_are_there_as_far_as_a_layout_stores_them(tmp_path: Path, layout: int):
    metadata, conversation, state = golden_session("full")
    history = [
        (OperatingMode.PLAN, metadata.created_at),
        (OperatingMode.REVIEW, metadata.updated_at),
    ]
    path = tmp_path / "modes.agcx"
    write_session(path, metadata, conversation.replace(mode_history=history), state, layout=layout)
    with SessionFile(path) as session:
        current = [(metadata.current_mode, metadata.created_at)]
        assert session.mode_history == (current if layout == 1 else history)
        assert session.context == conversation.context


def test_context_and_modes_of_a_conversation_that_is_a_map_of_fields(tmp_path: Path):
    metadata, conversation, state = golden_session("full")
    fields = ("id", "messages", "context", "mode_history")
    encoded = [messagepack.encode(getattr(conversation, name)) for name in fields]
    named = b"".join(messagepack.encode(n) + e for n, e in zip(fields, encoded, strict=True))
    elements = [messagepack.encode(metadata), b"\x84" + named, messagepack.encode(state), b"\xc0"]
    path = tmp_path / "named.agcx"
    path.write_bytes(b"".join(v2.pack(elements, 3)))
    with SessionFile(path) as session:
        assert session.mode_history == conversation.mode_history
        assert session.context == conversation.context
