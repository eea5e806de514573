"""The page that the list last showed, ready for the terminal, kept beside the catalog.

    agcx-page 1 CHECKSUM
    the store's real path
    what the page depends on: the size and kind of the terminal, colors, the configuration
    one line for each row of the screen: parts separated by \\x1f

Strategy: the next start paints it before almost anything is imported, so reading it is nothing but
splitting.  A line is its text, with \\x1e in place of an age, the time that the age counts from, and the
file that it shows; the last two may be empty.  Ages are computed again, and rows of files that are gone are
left out.  All text was made safe before it was written, and a checksum guards it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from agcx_tui.core.local.small_file import read_regular

__all__ = ["AGE", "Line", "conditions", "load", "page_path", "save"]

MAGIC = "agcx-page 1"
AGE = "\x1e"
_PART = "\x1f"

# Times are 64-bit everywhere.
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
    """A row; `text` contains AGE where the age of `moment` goes, in microseconds since 1970."""

    text: str
    moment: int | None = None
    path: str = ""


def page_path(cache: str | os.PathLike[str], store: str | os.PathLike[str]) -> str:
    """The file of a store's page in the cache directory."""
    real = os.fsencode(os.path.realpath(store))
    return os.path.join(cache, "catalog", f"{crc32(real):08x}.page")


def conditions(
    size: tuple[int, int], environment: Mapping[str, str], config: str | os.PathLike[str]
) -> str:
    """All that a page depends on; it is painted only while this is unchanged.

    `size` is columns and rows.
    """
    try:
        written = os.stat(config).st_mtime_ns
    except OSError:
        written = 0
    facts = [f"{size[0]}x{size[1]}", str(written), os.fspath(config)]
    facts += [environment.get(name, "-") for name in _DEPENDS_ON]
    return " ".join(facts).replace("\n", " ")


def save(path: str, store: str, depends: str, lines: list[Line]) -> None:
    """Replace the page.

    Raises:
        PersistenceError: It cannot be written.
        OSError: Its directory cannot be made.
    """
    from agcx_format.disk import replace_file

    rows = [_PART.join((text, "" if at is None else str(at), of)) for text, at, of in lines]
    body = "\n".join((os.path.realpath(store), depends, *rows)).encode("utf-8", "surrogateescape")
    target = Path(path)
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    replace_file(target, [f"{MAGIC} {crc32(body):08x}\n".encode(), body])


def load(path: str, store: str, depends: str) -> list[Line] | None:
    """The page of this store, if there is one made under the same conditions."""
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
    """A row as `save` writes it.

    Raises:
        ValueError: `save` did not write it.
    """
    text, moment, shown = row.split(_PART)
    at = int(moment) if moment else None
    if at is not None and not -_MOST <= at < _MOST:
        raise ValueError("a moment that cannot be")
    return Line(text, at, shown)
