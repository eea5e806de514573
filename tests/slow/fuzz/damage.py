"""Damage to files: what disks, cut-off writes and ill will do to bytes.

A damage is a list of edits, drawn before the file is known: places are fractions of its length, so that
the same list applies to any file and shrinks well.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from hypothesis import strategies as st

from agcx_format import layout
from agcx_format.codec.zstd import frames
from agcx_format.layout import v1_sections, v2

# Headers of MessagePack that claim far more than there is, bincode's large numbers, and others.
_LIES = [
    b"\xdd\xff\xff\xff\xff",
    b"\xdf\xff\xff\xff\xff",
    b"\xdb\xff\xff\xff\xff",
    b"\xc6\xff\xff\xff\xff",
    b"\xc9\xff\xff\xff\xff\x01",
    b"\xdd\x10\x00\x00\x00",
    b"\xfd" + b"\xff" * 8,
    b"\xfd" + (2**60).to_bytes(8, "little"),
    b"\xfc\xff\xff\xff\xff",
    b"\xff\xff\xff\xff",
    b"\x91" * 2000,
    b"\x81\x90" * 100,
    b"\xd6\xff\xff\xff\xff\xff",
    b"\xc7\x03\xffabc",
    b"\xc0",
    b"\x00",
    b"\xca\x7f\x80\x00\x01",
    b"+999999-12-31T23:59:59Z",
    b"\xed\xa0\x80",
]


@dataclass(frozen=True)
class Edit:
    """One change; `place` and `other` are fractions of the length."""

    kind: str
    place: float
    other: float
    data: bytes

    def apply(self, data: bytes) -> bytes:
        at, end = sorted((round(self.place * len(data)), round(self.other * len(data))))
        match self.kind:
            case "flip" if data:
                at = min(at, len(data) - 1)
                flipped = data[at] ^ (1 << (self.data[0] & 7) if self.data else 255)
                return data[:at] + bytes([flipped]) + data[at + 1 :]
            case "cut":
                return data[:end]
            case "insert":
                return data[:at] + self.data + data[at:]
            case "overwrite":
                return data[:at] + self.data + data[at + len(self.data) :]
            case "remove":
                # Not so much that nothing is left to read.
                return data[:at] + data[min(end, at + 64) :]
            case "copy":
                return data[:at] + data[at : at + 200] + data[at:]
            case "zero":
                return data[:at] + bytes(min(end - at, 512)) + data[min(end, at + 512) :]
        return data


_pieces = st.one_of(st.sampled_from(_LIES), st.binary(max_size=8))
_kinds = st.sampled_from(["flip", "flip", "overwrite", "overwrite", "insert", "remove", "copy"])
_places = st.floats(0, 1, allow_nan=False, width=32)
edits = st.lists(st.builds(Edit, _kinds, _places, _places, _pieces), min_size=1, max_size=4)
rough_edits = st.lists(
    st.builds(Edit, st.one_of(_kinds, st.sampled_from(["cut", "zero"])), _places, _places, _pieces),
    min_size=1,
    max_size=4,
)


def apply(data: bytes, changes: list[Edit]) -> bytes:
    for edit in changes:
        data = edit.apply(data)
    return data


def inside(data: bytes, which: int, changes: list[Edit]) -> bytes:
    """Damage what a section holds, and pack it again: header, lengths and frames are in order.

    `which` picks one of the file's sections.
    """
    if layout.of(data) is v2.LAYOUT:
        raw = apply(v2.decompress(data), changes)
        section = frames.compress(raw, 1)
        return data[:8] + len(section).to_bytes(8, "little") + section
    sections = []
    for number, span in enumerate(v1_sections.split(data)):
        section = data[span.start : span.end]
        if number == which % 4:
            if span.section in ("messages", "context"):
                section = frames.compress(apply(frames.decompress(section), changes), 1)
            else:
                section = apply(section, changes)
        sections.append(section)
    return b"".join(v1_sections.join(*sections))


def with_lengths(data: bytes, which: int, length: int) -> bytes:
    """One of the file's length fields says `length`."""
    if layout.of(data) is v2.LAYOUT:
        return data[:8] + struct.pack("<Q", length) + data[16:]
    span = v1_sections.split(data)[which % 4]
    return data[: span.start - 4] + struct.pack("<I", length & 0xFFFFFFFF) + data[span.start :]
