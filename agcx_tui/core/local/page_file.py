"""The page that the list showed last, as bytes for the terminal, kept beside the catalog.

    agcx-page 1 CHECKSUM
    the store's real path
    what the picture depends on: size of the terminal, its kind, colours, the configuration
    a line a row of the screen: parts divided by \\x1f

Strategy: who paints it may import next to nothing, so it is text that needs no reading but splitting.  A
line is its text, with \\x1e where an age goes, the moment of the age, and the file that it shows, the
last two empty where there is none: ages are told anew, and what is gone by then is left out.
All of it was made safe before: whatever changes it breaks its checksum.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Mapping
from typing import NamedTuple
from zlib import crc32

from agcx_tui.core.local.small_file import read_regular

__all__ = ["AGE", "Line", "conditions", "load", "page_path", "save"]

MAGIC = "agcx-page 1"
AGE = "\x1e"
_PART = "\x1f"

# As a moment is kept anywhere else.
_MOST = 1 << 63

_DEPENDS_ON = (
    "TERM",
    "COLORTERM",
    "TERM_PROGRAM",
    "NO_COLOR",
    "COLORFGBG",
    "COLUMNS",
    "LINES",
    "TZ",
)


class Line(NamedTuple):
    """`text` has AGE in it where `moment` is, in microseconds since 1970."""

    text: str
    moment: int | None = None
    path: str = ""


def page_path(cache: str | os.PathLike[str], store: str | os.PathLike[str]) -> str:
    """Where the page of a store is kept in the cache directory."""
    real = os.fsencode(os.path.realpath(store))
    return os.path.join(cache, "catalog", f"{crc32(real):08x}.page")


def conditions(
    size: tuple[int, int], environment: Mapping[str, str], config: str | os.PathLike[str]
) -> str:
    """What must be as it was for the picture to be right; `size` is columns, rows."""
    try:
        written = os.stat(config).st_mtime_ns
    except OSError:
        written = 0
    told = [f"{size[0]}x{size[1]}", str(written), os.fspath(config)]
    told += [environment.get(name, "-") for name in _DEPENDS_ON]
    return " ".join(told).replace("\n", " ")


def save(path: str, store: str, depends: str, lines: list[Line]) -> None:
    """Put it in place at once; `OSError` when that cannot be done."""
    rows = [_PART.join((text, "" if at is None else str(at), of)) for text, at, of in lines]
    body = "\n".join((os.path.realpath(store), depends, *rows)).encode("utf-8", "surrogateescape")
    os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
    folder, name = os.path.split(path)
    # A name that `forget` knows as a leftover, if nobody has it locked.
    temporary = os.path.join(folder, f".{name}.{os.urandom(6).hex()}.agcx-tmp")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(fd, "wb") as file:
            with contextlib.suppress(OSError):
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            file.write(f"{MAGIC} {crc32(body):08x}\n".encode() + body)
            file.flush()
            os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def load(path: str, store: str, depends: str) -> list[Line] | None:
    """None when there is none for this store as things are."""
    try:
        head, _, body = read_regular(path, 1 << 20).partition(b"\n")
    except OSError:
        return None
    if head != f"{MAGIC} {crc32(body):08x}".encode():
        return None
    of, then, *rows = [*body.decode("utf-8", "surrogateescape").split("\n"), ""]
    if of != os.path.realpath(store) or then != depends:
        return None
    try:
        return [_line(row) for row in rows[:-1]]
    except ValueError:
        return None


def _line(row: str) -> Line:
    """`ValueError` when it is none that `save` wrote."""
    text, moment, shown = row.split(_PART)
    at = int(moment) if moment else None
    if at is not None and not -_MOST <= at < _MOST:
        raise ValueError("a moment that cannot be")
    return Line(text, at, shown)
