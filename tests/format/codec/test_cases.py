"""One table of values and their bytes drives both codecs, reading and writing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from agcx_format.codec import bincode, messagepack
from agcx_format.errors import BincodeDecodeError, MessagePackDecodeError
from agcx_format.model.items import FileContext, ToolCallMetadata
from agcx_format.model.session import (
    CheckpointMetadata,
    EmbeddingCacheState,
    FilterSettings,
    OperatingMode,
)
from agcx_format.model.timestamps import Timestamp

ID = UUID(int=0x0102030405060708090A0B0C0D0E0F10)
WHEN = Timestamp("2025-01-01T00:00:00Z")
WHEN_BYTES = b"2025-01-01T00:00:00Z"
ID_BYTES = bytes(range(1, 17))


@dataclass(frozen=True)
class Case:
    name: str
    value: Any
    bincode: bytes
    messagepack: bytes


def cache(chunks: int, chunks_bincode: bytes, chunks_messagepack: bytes) -> Case:
    """An integer, in a struct of two others."""
    return Case(
        f"integer {chunks}",
        EmbeddingCacheState(chunks, "m", 7),
        chunks_bincode + b"\x01m\x07",
        b"\x93" + chunks_messagepack + b"\xa1m\x07",
    )


def model(length: int, length_bincode: bytes, length_messagepack: bytes) -> Case:
    """A text of some length, in a struct of two others."""
    text = b"x" * length
    return Case(
        f"text of {length}",
        EmbeddingCacheState(0, "x" * length, 0),
        b"\x00" + length_bincode + text + b"\x00",
        b"\x93\x00" + length_messagepack + text + b"\x00",
    )


CASES = [
    cache(0, b"\x00", b"\x00"),
    cache(127, b"\x7f", b"\x7f"),
    cache(128, b"\x80", b"\xcc\x80"),
    cache(250, b"\xfa", b"\xcc\xfa"),
    cache(251, b"\xfb\xfb\x00", b"\xcc\xfb"),
    cache(256, b"\xfb\x00\x01", b"\xcd\x01\x00"),
    cache(65535, b"\xfb\xff\xff", b"\xcd\xff\xff"),
    cache(65536, b"\xfc\x00\x00\x01\x00", b"\xce\x00\x01\x00\x00"),
    cache(2**32 - 1, b"\xfc" + b"\xff" * 4, b"\xce" + b"\xff" * 4),
    cache(2**32, b"\xfd\x00\x00\x00\x00\x01\x00\x00\x00", b"\xcf\x00\x00\x00\x01\x00\x00\x00\x00"),
    cache(2**64 - 1, b"\xfd" + b"\xff" * 8, b"\xcf" + b"\xff" * 8),
    model(0, b"\x00", b"\xa0"),
    model(31, b"\x1f", b"\xbf"),
    model(32, b"\x20", b"\xd9\x20"),
    model(250, b"\xfa", b"\xd9\xfa"),
    model(251, b"\xfb\xfb\x00", b"\xd9\xfb"),
    model(255, b"\xfb\xff\x00", b"\xd9\xff"),
    model(256, b"\xfb\x00\x01", b"\xda\x01\x00"),
    model(65536, b"\xfc\x00\x00\x01\x00", b"\xdb\x00\x01\x00\x00"),
    Case(
        "none of the optional fields",
        FileContext("p", None, None, None),
        b"\x01p\x00\x00\x00",
        b"\x94\xa1p\xc0\xc0\xc0",
    ),
    Case(
        "all of the optional fields",
        FileContext("p", (1, 2), "é", ""),
        b"\x01p\x01\x01\x02\x01\x02\xc3\xa9\x01\x00",
        b"\x94\xa1p\x92\x01\x02\xa2\xc3\xa9\xa0",
    ),
    Case(
        "booleans",
        ToolCallMetadata("t", 0, True, None),
        b"\x01t\x00\x01\x00",
        b"\x94\xa1t\x00\xc3\xc0",
    ),
    Case(
        "a UUID and a time",
        CheckpointMetadata(ID, "", WHEN, 0, None),
        b"\x10" + ID_BYTES + b"\x00\x14" + WHEN_BYTES + b"\x00\x00",
        b"\x95\xc4\x10" + ID_BYTES + b"\xa0\xb4" + WHEN_BYTES + b"\x00\xc0",
    ),
    Case(
        "a pair of times",
        FilterSettings(False, True, False, None, (WHEN, WHEN)),
        b"\x00\x01\x00\x00\x01" + (b"\x14" + WHEN_BYTES) * 2,
        b"\x95\xc2\xc3\xc2\xc0\x92" + (b"\xb4" + WHEN_BYTES) * 2,
    ),
]

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@each_case
def test_bincode_writes_these_bytes_and_reads_them(case: Case):
    assert bincode.encode(case.value) == case.bincode
    assert bincode.decode(type(case.value), case.bincode) == case.value
    assert bincode.decode_prefix(type(case.value), case.bincode + b"!") == (
        case.value,
        len(case.bincode),
    )


@each_case
def test_messagepack_writes_these_bytes_and_reads_them(case: Case):
    assert messagepack.encode(case.value) == case.messagepack
    assert messagepack.decode(type(case.value), case.messagepack) == case.value
    assert messagepack.decode(type(case.value), case.messagepack + b"!") == case.value


@each_case
def test_every_shortening_is_an_error_within_the_data(case: Case):
    for length in range(min(len(case.bincode), 400)):
        with pytest.raises(BincodeDecodeError) as raised:
            bincode.decode(type(case.value), case.bincode[:length])
        assert 0 <= raised.value.offset <= length
    for length in range(min(len(case.messagepack), 400)):
        with pytest.raises(MessagePackDecodeError) as raised:
            messagepack.decode(type(case.value), case.messagepack[:length])
        assert 0 <= raised.value.offset <= length


@pytest.mark.parametrize(
    ("data", "offset", "reason"),
    [
        (b"\xfe" + b"\x00" * 16, 0, "integer tag 254"),
        (b"\xff", 0, "integer tag 255"),
        (b"\x00\xfd" + b"\xff" * 7 + b"\x0f", 1, "exceeds the 0 bytes left"),
        (b"\x00\x02\xff\xfe\x00", 1, ": not UTF-8$"),
    ],
)
def test_bad_bincode_says_where_and_why(data: bytes, offset: int, reason: str):
    with pytest.raises(BincodeDecodeError, match=reason) as raised:
        bincode.decode(EmbeddingCacheState, data)
    assert raised.value.offset == offset


def test_a_list_that_claims_more_items_than_bytes_takes_no_memory():
    metadata_with_tags = b"\xfd" + (2**60).to_bytes(8, "little") + b"\x01x"
    with pytest.raises(BincodeDecodeError):
        bincode.decode(list[str], metadata_with_tags)


def test_longer_varints_than_needed_are_taken_as_bincode_takes_them():
    assert bincode.decode(EmbeddingCacheState, b"\xfd\x05" + b"\x00" * 7 + b"\x01m\x07") == (
        EmbeddingCacheState(5, "m", 7)
    )


@pytest.mark.parametrize(
    ("data", "offset", "reason"),
    [
        (b"\x92\x00\xa1m", 0, "has 3 fields, not 2"),
        (b"\x94\x00\xa1m\x07\x07", 0, "has 3 fields, not 4"),
        (b"\x93\xff\xa1m\x07", 1, "expected a whole number, got -1"),
        (b"\x93\xc3\xa1m\x07", 1, "expected a whole number, got True"),
        (b"\x93\x00\xa1\xff\x07", 2, ": a text in it is not UTF-8$"),
        (b"\x93\x00\xc4\x01m\x07", 2, "expected a text, got b'm'"),
        (b"\x93\x00\xa1m\xc1", 4, "not MessagePack"),
        (b"\xa1m", 0, "expected EmbeddingCacheState"),
        (b"\x82\xa5model\xa1m\xa5model\xa1m", 9, "appears twice"),
        (b"\x91" * 5000, 0, "fields, not 1"),
    ],
)
def test_bad_messagepack_says_where_and_why(data: bytes, offset: int, reason: str):
    with pytest.raises(MessagePackDecodeError, match=reason) as raised:
        messagepack.decode(EmbeddingCacheState, data)
    assert raised.value.offset == offset


def test_a_struct_as_a_map_with_names_is_read_in_any_order():
    packed = b"\x84\xa5model\xa1m\xa3new\x05\xb0cache_size_bytes\x07\xadcached_chunks\x01"
    assert messagepack.decode(EmbeddingCacheState, packed) == EmbeddingCacheState(1, "m", 7)


@pytest.mark.parametrize(
    "value",
    [
        EmbeddingCacheState.unchecked(-1, "m", 0),
        EmbeddingCacheState.unchecked(2**64, "m", 0),
        EmbeddingCacheState(0, "\ud800", 0),
    ],
)
def test_what_has_no_form_is_refused_when_written(value: EmbeddingCacheState):
    with pytest.raises(ValueError, match="EmbeddingCacheState"):
        bincode.encode(value)


def test_a_mode_is_a_number_in_bincode_and_a_word_in_messagepack():
    for index, mode in enumerate(OperatingMode):
        assert bincode.encode(mode, OperatingMode) == bytes([index])
        assert bincode.decode(OperatingMode, bytes([index])) is mode
        word = bytes([0xA0 + len(mode.value)]) + mode.value.encode()
        assert messagepack.encode(mode) == word
        assert messagepack.decode(OperatingMode, word) is mode
    with pytest.raises(BincodeDecodeError, match="no variant 3"):
        bincode.decode(OperatingMode, b"\x03")
