"""What can be said about an image without showing it: type, dimensions, and size.

Strategy: only the header is decoded, the first few bytes of a PNG, GIF or WebP and at most 64 KB of a
JPEG, whose dimensions follow its other segments.  A header that makes no sense gives no dimensions,
never an error: the picture may still be what the user wants to export.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error
from dataclasses import dataclass

from agcx_format.transcript import safe_line
from agcx_tui.core.words import format

__all__ = ["ImageFacts", "image_facts"]

_HEADER = 64 * 1024
_data_url = re.compile(r"data:([\w.+-]+/[\w.+-]+)?((?:;[\w.+-]+=[^;,]*)*)(;base64)?,", re.I)


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """`size` in bytes; `address` only if the image is stored elsewhere."""

    kind: str
    width: int | None = None
    height: int | None = None
    size: int | None = None
    address: str | None = None

    def __str__(self) -> str:
        """`PNG image · 1 × 1 · 70 B`, safe for a screen."""
        words = [f"{self.kind} image" if self.kind else "image"]
        if self.width is not None:
            words.append(f"{self.width:,} × {self.height:,}")
        if self.size is not None:
            words.append(format.size(self.size))
        if self.address is not None:
            words.append(safe_line(self.address))
        return " · ".join(words)


def image_facts(url: str) -> ImageFacts:
    """The facts of an image by its URL, which may be a `data:` URL that holds all of it."""
    match = _data_url.match(url)
    if match is None:
        return ImageFacts("", address=url if len(url) <= 500 else url[:499] + "…")
    kind = (match[1] or "").rpartition("/")[2].upper().removesuffix("+XML")
    if not match[3]:
        return ImageFacts(kind, size=len(url) - match.end())
    padding = len(url) - len(url.rstrip("="))
    size = max(0, (len(url) - match.end()) * 3 // 4 - padding)
    encoded = url[match.end() : match.end() + _HEADER * 4 // 3]
    try:
        header = b64decode(encoded[: len(encoded) & ~3])
    except (Error, ValueError):
        return ImageFacts(kind, size=size)
    width, height = _dimensions(header) or (None, None)
    return ImageFacts(kind, width, height, size)


def _dimensions(data: bytes) -> tuple[int, int] | None:
    if data.startswith(b"\x89PNG\r\n\x1a\n") and len(data) >= 24:
        return _big(data[16:20]), _big(data[20:24])
    if data[:6] in (b"GIF87a", b"GIF89a") and len(data) >= 10:
        return _little(data[6:8]), _little(data[8:10])
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP" and len(data) >= 30:
        return _webp(data)
    if data.startswith(b"\xff\xd8"):
        return _jpeg(data)
    return None


def _webp(data: bytes) -> tuple[int, int] | None:
    form = data[12:16]
    if form == b"VP8X":
        return 1 + _little(data[24:27]), 1 + _little(data[27:30])
    if form == b"VP8 ":
        return _little(data[26:28]) & 0x3FFF, _little(data[28:30]) & 0x3FFF
    if form == b"VP8L":
        bits = _little(data[21:25])
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    return None


def _jpeg(data: bytes) -> tuple[int, int] | None:
    """Walk the segments to the frame header (SOF0…SOF15, of which three are other things)."""
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return _big(data[at + 7 : at + 9]), _big(data[at + 5 : at + 7])
        at += 1 if marker == 0xFF else 2 + max(2, _big(data[at + 2 : at + 4]))
    return None


def _big(data: bytes) -> int:
    return int.from_bytes(data, "big")


def _little(data: bytes) -> int:
    return int.from_bytes(data, "little")
