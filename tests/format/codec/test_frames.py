"""zstd sections: whole or refused, bounded, and readable up to the damage."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from functools import cache

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from agcx_format import limits
from agcx_format.codec.zstd import frames, steps
from agcx_format.errors import CompressionError
from tests.support.examples import some_of

TEXT = b"".join(b"line %d of a long enough text\n" % i for i in range(40_000))
SHORT = TEXT[:50_000]
SKIPPABLE = b"\x50\x2a\x4d\x18\x03\x00\x00\x00abc"


@cache
def sections() -> dict[str, tuple[bytes, bytes]]:
    """Sections of every build that a frame can have, with what is in them."""
    with_checksum = zstandard.ZstdCompressor(write_checksum=True).compress(b"x" * 1000)
    # Level 22 takes seconds for all of it.
    slowest = zstandard.ZstdCompressor(level=22).compress(SHORT)
    window = zstandard.ZstdCompressionParameters.from_level(1, window_log=26)
    long_window = zstandard.ZstdCompressor(compression_params=window).compressobj()
    one = frames.compress(TEXT, 3)
    return {
        "one frame": (one, TEXT),
        "empty": (frames.compress(b"", 3), b""),
        "two frames": (one + frames.compress(b"more", 3), TEXT + b"more"),
        "checksum and size": (with_checksum, b"x" * 1000),
        "level 22": (slowest, SHORT),
        "long window": (long_window.compress(TEXT) + long_window.flush(), TEXT),
        "skippable last": (one + SKIPPABLE, TEXT),
        "skippable first": (SKIPPABLE + one, TEXT),
        "skippable between": (one + SKIPPABLE + with_checksum, TEXT + b"x" * 1000),
    }


BUILDS = ["one frame", "empty", "two frames", "checksum and size", "level 22", "long window",
          "skippable last", "skippable first", "skippable between"]  # fmt: skip
each_section = pytest.mark.parametrize("name", BUILDS)


@pytest.fixture
def section(name: str) -> bytes:
    return sections()[name][0]


@pytest.fixture
def content(name: str) -> bytes:
    return sections()[name][1]


def test_every_section_is_looked_at():
    assert list(sections()) == BUILDS


@each_section
def test_a_section_decompresses_whole_and_in_pieces(section: bytes, content: bytes):
    assert frames.decompress(section) == content
    assert b"".join(frames.pieces(section)) == content
    assert frames.walk(section)[-1].end == len(section)
    assert sum(frame.bound for frame in frames.walk(section)) >= len(content)


@each_section
def test_pieces_are_small(section: bytes, content: bytes):
    assert all(len(piece) <= 128 * 1024 for piece in frames.pieces(section))


def in_steps(section: bytes) -> Iterator[bytes]:
    return steps.with_all_before_damage(section, (step() for step in steps.steps(section)))


@each_section
def test_steps_give_the_text(section: bytes, content: bytes):
    found = list(in_steps(section))
    assert b"".join(found) == content
    assert all(len(piece) <= limits.MIB for piece in found)


def test_nothing_is_left_of_the_steps_of_a_section():
    # What zstd takes for a frame is up to 128 MiB of addresses.
    assert b"".join(in_steps(frames.compress(TEXT, 3))) == TEXT
    gc.collect()
    ours = frames.__name__, steps.__name__
    assert not [each for each in gc.get_objects() if type(each).__module__ in ours]


def test_steps_give_all_before_the_damage_wherever_it_is():
    section = frames.compress(TEXT * 4, 3)
    for part in (1, 3, 5, 7):
        damaged = bytearray(section)
        at = len(section) * part // 8
        damaged[at : at + 40] = bytes(40)
        for bad in (bytes(damaged), section[:at]):
            assert text_and_reason(in_steps(bad)) == text_and_reason(frames.pieces(bad))


def text_and_reason(pieces: Iterator[bytes]) -> tuple[bytes, str]:
    text, reason = b"", ""
    try:
        for piece in pieces:
            text += piece
    except CompressionError as error:
        reason = str(error)
    return text, reason


def test_blocks_without_text_end_no_step():
    header, empty = b"\x28\xb5\x2f\xfd\x00\x58", (0).to_bytes(3, "little")
    text = (5 << 3 | 1).to_bytes(3, "little") + b"after"
    assert b"".join(in_steps(header + empty * 40 + text)) == b"after"


@each_section
def test_cut_anywhere_it_is_refused(section: bytes, content: bytes):
    whole = {frame.end for frame in frames.walk(section)}
    for length in range(0, len(section), max(1, len(section) // 500)):
        if length in whole:
            continue
        with pytest.raises(CompressionError) as raised:
            frames.walk(section[:length])
        assert 0 <= raised.value.offset <= length
        with pytest.raises(CompressionError):
            frames.decompress(section[:length])
    with pytest.raises(CompressionError):
        frames.decompress(section + b"\0")


@given(st.binary(max_size=200))
@settings(max_examples=some_of(300))
def test_bytes_that_are_no_frame_are_refused(data: bytes):
    if not data.startswith((b"\x28\xb5\x2f\xfd", b"\x50\x2a\x4d\x18")):
        with pytest.raises(CompressionError):
            frames.decompress(data)


def test_what_lies_before_the_damage_is_given():
    section = bytearray(frames.compress(TEXT, 3))
    at = len(section) * 2 // 3
    section[at : at + 40] = bytes(40)
    got = b""
    with pytest.raises(CompressionError) as raised:
        for piece in frames.pieces(bytes(section)):
            got += piece
    assert len(got) >= 256 * 1024
    assert TEXT.startswith(got)
    assert raised.value.offset <= at


def test_a_bomb_is_refused_without_being_inflated():
    # A megabyte of blocks that each say "128 KiB of zeros": 33 GB.
    block = ((128 * 1024) << 3 | 1 << 1).to_bytes(3, "little") + b"\x00"
    last = (1).to_bytes(3, "little")
    bomb = b"\x28\xb5\x2f\xfd\x00\x58" + block * 260_000 + last
    assert frames.walk(bomb)[0].bound > 30 * 10**9
    with pytest.raises(CompressionError, match="decompresses to more than 1,000,000 bytes"):
        frames.decompress(bomb, limit=1_000_000)


def test_one_frame_of_few_bytes_is_refused_when_it_has_too_much_text():
    section = frames.compress(b"again and " * 100_000, 3)
    assert len(section) < 1_000
    with pytest.raises(CompressionError, match="decompresses to more than 999,999 bytes"):
        frames.decompress(section, limit=999_999)
    assert len(frames.decompress(section, limit=1_000_000)) == 1_000_000


def test_a_window_that_needs_too_much_memory_is_refused():
    # Window descriptor: exponent 21, which is 2 GiB.
    section = b"\x28\xb5\x2f\xfd\x00\xa8" + (1 << 3 | 1).to_bytes(3, "little") + b"x"
    with pytest.raises(CompressionError, match="zstd"):
        frames.decompress(section)
    assert limits.WINDOW == 128 * limits.MIB


def test_levels_are_those_of_rust():
    for level, text in ((1, TEXT), (3, TEXT), (9, TEXT), (22, SHORT)):
        section = frames.compress(text, level)
        assert zstandard.get_frame_parameters(section).content_size == 2**64 - 1
        assert frames.decompress(section) == text
