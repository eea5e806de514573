"""The metadata of layout 2 alone: only as much is decompressed as it takes, and never more than may be."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from agcx_format import limits
from agcx_format.codec import messagepack
from agcx_format.codec.zstd import frames
from agcx_format.errors import CompressionError, CorruptData, MessagePackDecodeError
from agcx_format.layout import v2
from agcx_format.layout.v2_metadata import read_metadata, split_metadata
from agcx_format.model.items import InputText, Message
from agcx_format.session.lazy import SessionFile
from tests.support.stores import golden_session

METADATA, CONVERSATION, STATE = golden_session("full")


def pieces(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


WHOLE = b"\x94" + messagepack.encode(METADATA) + messagepack.encode(CONVERSATION) + b"\xc0\xc0"


@pytest.mark.parametrize("size", [1, 2, 7, 100, 10**6])
def test_the_metadata_are_read_however_the_pieces_are_cut(size: int):
    given = iter(pieces(WHOLE, size))
    assert read_metadata(given) == METADATA
    if size == 1:
        # What follows was not asked for.
        rest = b"".join(given)
        assert WHOLE.endswith(rest)
        assert len(rest) > len(messagepack.encode(CONVERSATION)) - 2


@pytest.mark.parametrize("size", [1, 7, 100, 10**6])
def test_the_other_elements_pass_however_the_pieces_are_cut(size: int):
    metadata, others = split_metadata(iter(pieces(WHOLE + b"more", size)))
    assert metadata == METADATA
    assert b"\x94" + messagepack.encode(METADATA) + b"".join(others) == WHOLE


def test_a_message_may_be_much_larger_than_metadata_can_be(monkeypatch):
    monkeypatch.setattr(limits, "METADATA", 10_000)
    long = replace(CONVERSATION.messages[0], item=Message(None, "user", [InputText("x" * 100_000)]))
    conversation = messagepack.encode(replace(CONVERSATION, messages=[long]))
    whole = b"\x94" + messagepack.encode(METADATA) + conversation + b"\xc0\xc0"
    metadata, others = split_metadata(iter(pieces(whole, 5000)))
    assert b"\x94" + messagepack.encode(metadata) + b"".join(others) == whole


@pytest.mark.parametrize(
    ("data", "truncated"),
    [(b"\x93" + WHOLE[1:], False), (WHOLE[:-1], True), (WHOLE[:-2] + b"\xc1\xc0", False)],
    ids=["three elements", "cut", "no MessagePack"],
)
def test_other_elements_that_are_damaged_are_an_error(data: bytes, truncated: bool):
    metadata, others = split_metadata(iter(pieces(data, 100)))
    assert metadata == METADATA
    with pytest.raises(MessagePackDecodeError) as caught:
        list(others)
    assert caught.value.truncated == truncated


@pytest.mark.parametrize(
    ("data", "section"),
    [
        (b"", "metadata"),
        (WHOLE[:1], "metadata"),
        (WHOLE[:40], "metadata"),
        (b"\x93" + WHOLE[1:], "session"),
        (b"\xc1" * 20, "metadata"),
        (b"\x94\xc1", "metadata"),
    ],
    ids=repr,
)
def test_what_holds_no_metadata_says_so(data: bytes, section: str):
    if data.startswith(b"\x93"):
        # A count that is not right is for the check of the whole file.
        assert read_metadata(iter([data])) == METADATA
        return
    with pytest.raises((MessagePackDecodeError, CorruptData)) as caught:
        read_metadata(iter([data]))
    assert caught.value.section == section
    assert caught.value.decompressed


def test_metadata_without_an_end_are_refused_at_the_limit(monkeypatch):
    monkeypatch.setattr(limits, "METADATA", 10_000)
    long = messagepack.encode(replace(METADATA, title="x" * 30_000))
    given = 0

    def counted():
        nonlocal given
        for piece in pieces(b"\x94" + long + WHOLE[1:], 1_000):
            given += len(piece)
            yield piece

    with pytest.raises(CorruptData, match="more than 10,000 bytes are too many") as caught:
        read_metadata(counted())
    assert caught.value.offset == 1
    assert given < 15_000
    # What fits is read.
    fits = messagepack.encode(replace(METADATA, title="x" * 9_000))
    assert read_metadata(iter(pieces(b"\x94" + fits, 500))).title == "x" * 9_000


def test_a_file_cut_in_its_metadata_names_file_and_place(tmp_path: Path):
    section = frames.compress(WHOLE, 3)
    head = v2.MAGIC + (2).to_bytes(4, "little") + len(section).to_bytes(8, "little")
    path = tmp_path / "cut.agcx"
    for end in (4, 8, 15, 16, 20, len(head) + len(section) // 3):
        path.write_bytes((head + section)[:end])
        with pytest.raises((CorruptData, CompressionError, MessagePackDecodeError)) as caught:
            SessionFile(path)
        assert caught.value.path == str(path)
        assert caught.value.section is not None
