"""Messages that are too large to be kept, or to be fetched at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from agcx_format import limits
from agcx_format.codec import messagepack
from agcx_format.errors import PersistenceError
from agcx_format.model.items import InputText, Message, MessageSnapshot
from agcx_format.session.lazy import SessionFile
from agcx_format.session.random_access import RandomAccessMessages
from agcx_format.session.source import PENDING
from tests.format.session.files import message, write


def test_a_message_that_is_too_large_is_a_stub_and_can_still_be_taken_out(
    tmp_path: Path, monkeypatch
):
    monkeypatch.setattr(limits, "MESSAGE_SHOWN", 100_000)
    messages = [message(0, 100), message(1, 300_000), message(2, 100)]
    path = write(tmp_path / "large.agcx", messages)
    with SessionFile(path) as session:
        assert len(session) == 3
        stub = session.get(1)
        assert isinstance(stub, PersistenceError)
        assert "too large to show" in stub.reason
        assert f"{session.size_of(1):,}" in stub.reason
        assert messagepack.decode(MessageSnapshot, session.raw(1)) == messages[1]
        assert session.get(2) == messages[2]


@pytest.mark.parametrize("is_framed", [False, True], ids=["one-frame", "seek-table"])
def test_a_message_larger_than_all_that_is_kept_can_be_fetched(
    tmp_path: Path, monkeypatch, is_framed: bool
):
    """However the file is cut: as an item, as its bytes, and shown where it is not too large for that."""
    monkeypatch.setattr(limits, "KEPT_OPEN", limits.MIB)
    monkeypatch.setattr(limits, "KEPT_PACKED", limits.MIB)
    monkeypatch.setattr(limits, "MESSAGE_SHOWN", 3 * limits.MIB)
    sizes = [100, 4 * limits.MIB, 100, 2 * limits.MIB, 6_000, 4 * limits.MIB, 100]
    messages = [message(number, size) for number, size in enumerate(sizes)]
    path = write(tmp_path / "large.agcx", messages, framed=is_framed)
    with SessionFile(path) as session:
        assert isinstance(session._messages, RandomAccessMessages) == is_framed
        assert len(session) == len(messages)
        for number in (1, 3, 5, 1, 0, 6, 2, 4):
            assert session[number] == messages[number]
            assert session.raw(number) == messagepack.encode(messages[number])
            assert session.fetch(number)
            shown = session.get(number)
            if sizes[number] < limits.MESSAGE_SHOWN:
                assert shown == messages[number]
            else:
                assert isinstance(shown, PersistenceError)
                assert "too large to show" in shown.reason
        assert session[-2] == messages[-2]
        assert list(session) == messages


def test_a_message_that_nearly_fills_what_is_kept_is_not_pushed_out_by_its_own_end(
    tmp_path: Path, monkeypatch
):
    monkeypatch.setattr(limits, "KEPT_OPEN", limits.MIB)
    monkeypatch.setattr(limits, "KEPT_PACKED", 0)
    messages = [message(number, 900_000) for number in range(5)]
    path = write(tmp_path / "large.agcx", messages)
    with SessionFile(path) as session:
        assert len(session) == 5
        for number in (0, 4, 2, 3, 1, 2):
            assert session.fetch(number)
            assert session.get(number) == messages[number]


def test_fetching_a_large_message_can_be_stopped(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(limits, "KEPT_OPEN", limits.MIB)
    messages = [message(number, 2 * limits.MIB) for number in range(3)]
    with SessionFile(write(tmp_path / "large.agcx", messages)) as session:
        assert len(session) == 3
        assert session.fetch(0, should_stop=lambda: True) is False
        assert session.get(0) is PENDING
        assert session.fetch(0)
        assert session.get(0) == messages[0]


@pytest.mark.parametrize("is_framed", [False, True], ids=["one-frame", "seek-table"])
def test_a_message_of_more_than_sixty_four_mebibytes(request, tmp_path: Path, is_framed: bool):
    if not request.config.getoption("--full", default=False):
        pytest.skip("the same as with lower limits, at full size: --full")
    large = message(1, 8)
    large = replace(large, item=Message(None, "user", [InputText("wörds " * (10 * limits.MIB))]))
    messages = [message(0, 100), large, message(2, 100)]
    with SessionFile(write(tmp_path / "large.agcx", messages, framed=is_framed)) as session:
        assert session[1] == large
        assert session[-1] == messages[-1]
        assert session.raw(1) == messagepack.encode(large)
        assert "too large to show" in session.get(1).reason
