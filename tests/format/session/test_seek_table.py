"""Large sections in frames with a seek table: read by any decoder, and never trusted."""

from __future__ import annotations

import os
import struct
import subprocess
from pathlib import Path

import pytest
import zstandard

from agcx_format.codec import messagepack
from agcx_format.codec.zstd import frames, seekable
from agcx_format.errors import PersistenceError
from agcx_format.layout import v1, v1_sections
from agcx_format.model.items import MessageSnapshot
from agcx_format.session.lazy import SessionFile
from agcx_format.session.random_access import RandomAccessMessages
from agcx_format.session.sequential import SequentialMessages
from agcx_format.session.source import PENDING
from tests.format.session.files import message


def test_with_a_seek_table_every_message_is_known_at_once(framed: Path, messages):
    with SessionFile(framed) as session:
        assert isinstance(session._messages, RandomAccessMessages)
        assert session.complete
        assert session.known() == len(messages)
        assert session.get(1234) is PENDING
        assert session.fetch(1234)
        assert session.get(1234) == messages[1234]
        # One frame of a mebibyte was decompressed, not the twelve before it.
        assert len(session._messages._frames) == 1


def test_frames_are_read_by_any_decoder_from_the_first_byte_to_the_last(framed: Path, messages):
    data = framed.read_bytes()
    span = v1_sections.split(data)[1]
    section = data[span.start : span.end]
    whole = messagepack.encode_messages(messages)
    found = frames.walk(section)
    assert sum(not frame.skippable for frame in found) > 8
    assert [frame.skippable for frame in found[-2:]] == [True, True]
    reader = zstandard.ZstdDecompressor().stream_reader(section, read_across_frames=True)
    assert reader.read(len(whole) + 1) == whole
    # And as Rust reads: strictly, all in one.
    assert v1.LAYOUT.decode(data)[1].messages == messages
    # zstd's own seekable format, as its specification has it, at the very end.
    count, descriptor, magic = struct.unpack("<IBI", section[-9:])
    assert (descriptor, magic) == (0, 0x8F92EAB1)
    assert count == sum(not frame.skippable for frame in found)


@pytest.mark.skipif(not os.path.exists("/usr/bin/zstd"), reason="needs the zstd program")
def test_the_zstd_program_reads_the_frames(framed: Path, messages, tmp_path: Path):
    data = framed.read_bytes()
    span = v1_sections.split(data)[1]
    (tmp_path / "section.zst").write_bytes(data[span.start : span.end])
    done = subprocess.run(
        ["/usr/bin/zstd", "-dc", tmp_path / "section.zst"], capture_output=True, check=True
    )
    assert done.stdout == messagepack.encode_messages(messages)


def test_sections_up_to_eight_mebibytes_are_one_frame_as_in_rust():
    messages = [message(i, 6_000) for i in range(500)]
    raw = messagepack.encode_messages(messages)
    assert len(raw) < seekable.THRESHOLD
    assert v1_sections.compress_messages(raw, 3) == frames.compress(raw, 3)


@pytest.mark.parametrize("lie", ["sizes", "counts", "footer", "cut"])
def test_a_table_that_lies_is_found_out(framed: Path, messages, tmp_path: Path, lie: str):
    data = bytearray(framed.read_bytes())
    span = v1_sections.split(data)[1]
    section = data[span.start : span.end]
    if lie == "sizes":
        # One entry larger by one, the next smaller: the sum still adds up.
        at = len(section) - 9 - 8 * 5
        section[at] = section[at] + 1 & 0xFF
        section[at + 8] = section[at + 8] - 1 & 0xFF
    elif lie == "counts":
        count = struct.unpack("<I", section[-9:-5])[0]
        at = len(section) - 9 - 8 * count - 8 - 4 * 3
        section[at] = section[at] + 1 & 0xFF
    elif lie == "footer":
        section[-9:-5] = b"\xff\xff\xff\x7f"
    else:
        section[-12:-9] = b""
    parts = [
        data[: span.start - 4],
        len(section).to_bytes(4, "little"),
        section,
        data[span.end :],
    ]
    path = tmp_path / "lie.agcx"
    path.write_bytes(b"".join(parts))
    with SessionFile(path) as session:
        right = 0
        for index in range(session.known()):
            session.fetch(index)
            found = session.get(index)
            assert isinstance(found, MessageSnapshot | PersistenceError)
            right += found == (messages[index] if index < len(messages) else None)
        if isinstance(session._messages, SequentialMessages):
            assert len(session) == len(messages)
        else:
            # Only the frames that the lie is about are lost.
            assert 0 < right < session.known()
