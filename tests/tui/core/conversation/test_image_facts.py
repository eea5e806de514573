"""Images are described from their header alone."""

from __future__ import annotations

import struct
from base64 import b64encode

import pytest

from agcx_tui.core.conversation.image_facts import image_facts

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 640, 480) + bytes(100)
GIF = b"GIF89a" + struct.pack("<HH", 12, 34) + bytes(20)
JPEG = (
    b"\xff\xd8\xff\xe0" + struct.pack(">H", 16) + bytes(14)
    + b"\xff\xc4" + struct.pack(">H", 4) + bytes(2)
    + b"\xff\xc0" + struct.pack(">HBHH", 17, 8, 200, 300) + bytes(12)
)  # fmt: skip
WEBP_X = (
    b"RIFF\0\0\0\0WEBPVP8X" + bytes(8) + (99).to_bytes(3, "little") + (49).to_bytes(3, "little")
)
WEBP_L = (
    b"RIFF\0\0\0\0WEBPVP8L" + bytes(4) + b"\x2f" + (9 | 19 << 14).to_bytes(4, "little") + bytes(9)
)


def url(kind: str, data: bytes) -> str:
    return f"data:image/{kind};base64,{b64encode(data).decode()}"


@pytest.mark.parametrize(
    ("kind", "data", "shown"),
    [
        ("png", PNG, "PNG image · 640 × 480 · 124 B"),
        ("gif", GIF, "GIF image · 12 × 34 · 30 B"),
        ("jpeg", JPEG, f"JPEG image · 300 × 200 · {len(JPEG)} B"),
        ("webp", WEBP_X, "WEBP image · 100 × 50 · 30 B"),
        ("webp", WEBP_L, "WEBP image · 10 × 20 · 34 B"),
        ("png", b"nonsense", "PNG image · 8 B"),
        ("jpeg", b"\xff\xd8" + b"\xff" * 50, "JPEG image · 52 B"),
        ("png", b"", "PNG image · 0 B"),
    ],
)
def test_type_dimensions_and_size(kind, data, shown):
    assert str(image_facts(url(kind, data))) == shown


def test_an_image_elsewhere_shows_its_address_safely():
    assert str(image_facts("https://example.org/a\x1b.png")) == "image · https://example.org/a␛.png"


@pytest.mark.parametrize("text", ["data:", "data:image/png;base64,!!!!", "", "data:,x"])
def test_nonsense_is_no_error(text):
    assert "image" in str(image_facts(text))
