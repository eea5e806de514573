"""Two real PNGs, generated here so that the package contains no binary files.

One is a web page with a broken grid: a list of colored rectangles, painted in order onto rows of RGB bytes.
The other is the sky at dusk, with the grain and therefore the size of a photo.
"""

from __future__ import annotations

import struct
import zlib
from base64 import b64encode
from random import Random

WIDTH, HEIGHT = 160, 100

# X, y, width, height, color.
_PAGE = [
    (0, 0, WIDTH, HEIGHT, 0xF4F4F0),
    (0, 0, WIDTH, 12, 0x2B3A55),
    (4, 4, 28, 4, 0xFFFFFF),
    (126, 4, 12, 4, 0xA9B8D4),
    (142, 4, 12, 4, 0xA9B8D4),
    # The menu, and the cards that should be in three columns: the last one slid under the others.
    (4, 18, 30, 76, 0xDDE3EE),
    (40, 18, 54, 34, 0xE07A5F),
    (98, 18, 54, 34, 0x81B29A),
    (40, 60, 112, 34, 0xF2CC8F),
    (92, 44, 40, 34, 0x3D405B),
]


def layout() -> str:
    """The page as a `data:` URL."""
    rows = [bytearray(WIDTH * 3) for _ in range(HEIGHT)]
    for x, y, width, height, color in _PAGE:
        for row in rows[y : y + height]:
            row[x * 3 : (x + width) * 3] = color.to_bytes(3, "big") * width
    return _data_url(rows)


def photo(width: int = 480, height: int = 320) -> str:
    """The sky, as a `data:` URL of about 200 kB."""
    random = Random(31)
    rows = []
    for y in range(height):
        dusk = y / height
        red, green, blue = 40 + int(180 * dusk), 50 + int(90 * dusk), 120 - int(40 * dusk)
        # The same grain in all three colors looks like film and compresses a little.
        grain = [value & 15 for value in random.randbytes(width)]
        rows.append(bytes(c + g for g in grain for c in (red, green, blue)))
    return _data_url(rows)


def _data_url(rows: list[bytes] | list[bytearray]) -> str:
    width, height = len(rows[0]) // 3, len(rows)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    # Each row begins with its filter; 0 means none.
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows), 6)
    png = b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(kind, content)
        for kind, content in ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
    )
    return "data:image/png;base64," + b64encode(png).decode("ascii")


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return len(content).to_bytes(4, "big") + kind + content + checksum.to_bytes(4, "big")
