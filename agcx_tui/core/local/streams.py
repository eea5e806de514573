"""Standard streams that accept any text in any locale, even if they were closed.

Strategy: a character that the stream's encoding lacks is replaced by one of the same width, so that columns
and frames stay aligned.  A stream that was closed when the program started is opened on /dev/null before
one of the program's files gets its number: reading ends at once, messages on stderr vanish, and writing to
stdout fails as on a closed stream.
"""

from __future__ import annotations

import codecs
import io
import os
import sys

__all__ = ["STAND_INS", "prepare"]

# The name of our error handler for characters that an encoding lacks.
STAND_INS = "agcx-stand-ins"

# Python's own handlers: an exception, escapes that break every column, or raw bytes for the terminal.
_TO_BE_REPLACED = ("strict", "backslashreplace", "surrogateescape")

_LOOK_ALIKES = {
    0xA0: " ", 0x2039: "<", 0x203A: ">", 0xAB: "<", 0xBB: ">",
    **dict.fromkeys((0x2018, 0x2019, 0x201A, 0x2032), "'"),
    **dict.fromkeys((0x201C, 0x201D, 0x201E, 0x2033), '"'),
    **dict.fromkeys(range(0x2010, 0x2016), "-"),
    **dict.fromkeys((0xB7, 0x2026, 0x22EF), "."),
    **dict.fromkeys((0x2022, 0x25CF, 0x25CB, 0x25C6, 0x2605, 0x2606), "*"),
    **dict.fromkeys((0x2192, 0x276F, 0x25B6, 0x25B8, 0x25BA), ">"),
    **dict.fromkeys((0x2190, 0x276E, 0x25C0, 0x25C2, 0x25C4), "<"),
    **dict.fromkeys((0x2191, 0x25B2, 0x25B4), "^"),
    **dict.fromkeys((0x2193, 0x25BC, 0x25BE), "v"),
    **dict.fromkeys((0x2713, 0x2714, 0x221A), "v"), **dict.fromkeys((0x2717, 0x2718, 0xD7), "x"),
    0x2212: "-", 0x2260: "#",
    # Frames: lines one way, the other way, and where they meet; then blocks.
    **dict.fromkeys(range(0x2500, 0x2580), "+"),
    **dict.fromkeys((0x2500, 0x2501, 0x2504, 0x2505, 0x2508, 0x2509, 0x254C, 0x254D, 0x2550), "-"),
    **dict.fromkeys((0x2574, 0x2576, 0x2578, 0x257A, 0x257C, 0x257E, 0x2594), "-"),
    **dict.fromkeys((0x2502, 0x2503, 0x2506, 0x2507, 0x250A, 0x250B, 0x254E, 0x254F, 0x2551), "|"),
    **dict.fromkeys((0x2575, 0x2577, 0x2579, 0x257B, 0x257D, 0x257F, 0x2595), "|"),
    **dict.fromkeys(range(0x2580, 0x2594), "#"), **dict.fromkeys(range(0x2589, 0x2590), "|"),
    **dict.fromkeys(range(0x2581, 0x2584), "_"), **dict.fromkeys(range(0x2596, 0x25A1), "#"),
}  # fmt: skip


def prepare() -> None:
    """Prepare the standard streams; call it once, before anything is opened."""
    _open_closed()
    codecs.register_error(STAND_INS, _stand_ins)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors in _TO_BE_REPLACED:
            stream.reconfigure(errors=STAND_INS)


def _open_closed() -> None:
    # Reading from a descriptor that is open for writing only is an error, and vice versa.
    for number, mode in enumerate((os.O_RDONLY, os.O_RDONLY, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            # Gets the lowest free number, which is this one.
            os.set_inheritable(os.open(os.devnull, mode), True)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            stream = open(number, "w" if number else "r", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)


def _stand_ins(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_stand_in, error.object[error.start : error.end])), error.end


def _stand_in(character: str) -> str:
    """A replacement as wide as the character on a terminal: nothing, one cell, or two."""
    import unicodedata

    if (found := _LOOK_ALIKES.get(ord(character))) is not None:
        return found
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return ""
    if unicodedata.east_asian_width(character) in "WF":
        return "??"
    plain = unicodedata.normalize("NFKD", character)[0]
    return plain if " " <= plain <= "~" else "?"
