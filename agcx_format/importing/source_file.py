"""Finds and opens the files of other agents, and recognizes their formats by shape.

Strategy: a file's date and directory say nothing reliable about its format, so only the shape of its
first lines counts. What every importer does before it reads a conversation is here.
"""

from __future__ import annotations

import fnmatch
import itertools
import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from agcx_format import limits
from agcx_format.collecting import collecting_seldom
from agcx_format.errors import ConversionError
from agcx_format.importing.imported import Imported
from agcx_format.importing.json_lines import Parsed, UsualLines, read_lines
from agcx_format.importing.unavailable import source_errors
from agcx_format.model.timestamps import Timestamp

__all__ = [
    "detect",
    "find_files",
    "is_large",
    "is_missing",
    "known_shape",
    "read_source",
    "shape_of",
]

# How much smaller a compressed file is.
_COMPRESSED = 8


def _raise(error: OSError) -> None:
    raise error


def is_missing(path: Path) -> bool:
    """Whether nothing is there.  What cannot be looked at may exist: reading it says what is wrong."""
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def find_files(
    paths: Iterable[Path],
    patterns: Iterable[str],
    onerror: Callable[[OSError], None] | None = None,
) -> Iterator[Path]:
    """The files among `paths`, and those below its directories whose names match one of `patterns`.

    Files below a directory come sorted by name. `onerror` is called with the error of each path that
    does not exist or cannot be read; by default the error is raised.

    Raises:
        OSError: a path cannot be read and there is no `onerror`.
    """
    report = onerror or _raise
    matches = re.compile("|".join(map(fnmatch.translate, patterns))).match
    for path in map(Path, paths):
        if os.path.isdir(path):
            for directory, below, names in os.walk(path, onerror=report):
                below.sort()
                yield from (Path(directory, n) for n in sorted(names) if matches(n))
            continue
        try:
            path.stat()
        except OSError as error:
            report(error)
        else:
            yield path


def read_source(
    path: Path,
    convert: Callable[[Iterable[Parsed], Path, Timestamp], Imported],
    read: Callable[[Path], Iterable[Parsed]] = read_lines,
) -> Imported:
    """Open a file and convert its lines.

    Raises:
        ConversionError: the file cannot be read, or `convert` does not recognize it.
    """
    path = Path(path)
    with source_errors(path):
        modified = Timestamp.from_ns(os.stat(path).st_mtime_ns)
        with collecting_seldom():
            return convert(read(path), path, modified)


def is_large(*paths: Path) -> bool:
    """Whether files may together hold more than fits comfortably into memory."""
    return sum(map(_decompressed_size, paths)) > limits.SOURCE_IN_MEMORY


def _decompressed_size(path: Path) -> int:
    """About how many bytes are in a file; 0 if that cannot be known."""
    try:
        size = os.stat(path).st_size
    except OSError:
        return 0
    return size * (_COMPRESSED if Path(path).suffix == ".zst" else 1)


def known_shape(
    lines: Iterable[Parsed],
    at_most: int,
    wanted: str,
    shape: Callable[[Any], str | None] | None = None,
) -> tuple[str, list[Parsed], Iterator[Parsed]]:
    """As `shape_of`, for a file that must have a shape; `wanted` says what it should be.

    Raises:
        ConversionError: none of the first lines has a shape, with the reason if no line can be read.
    """
    found, first, lines = shape_of(lines, at_most, shape or detect)
    if found is not None:
        return found, first, lines
    errors = [line.error for line in first if line.error]
    readable = any(line.values for line in first)
    reason = errors[-1] if errors and not readable else f"no line has the shape of {wanted}"
    raise ConversionError(reason)


def shape_of(
    lines: Iterable[Parsed], at_most: int, shape: Callable[[Any], str | None]
) -> tuple[str | None, list[Parsed], Iterator[Parsed]]:
    """The shape of a file by its first `at_most` lines; the usual ones come last.

    Gives what `shape` says of a value, as `detect` does (None if no line has one), those first lines, and all
    lines.
    """
    rest = iter(lines)
    first: list[Parsed] = []
    for line in itertools.islice(rest, at_most):
        first.append(line)
        if isinstance(line, UsualLines):
            break
    shapes = (shape(value) for line in first for value in line.values)
    return next(filter(None, shapes), None), first, itertools.chain(first, rest)


def detect(value: Any) -> str | None:
    """Which format a line belongs to by its shape; None if that cannot be said.

    `envelope` (Codex since 0.34), `bare` (Codex before), `document` (Codex in April 2025), or `claude`.
    """
    match value:
        case {"type": str(), "payload": dict()}:
            return "envelope"
        case {"session": dict(), "items": list()}:
            return "document"
        case {"sessionId": str()} | {"type": "summary", "leafUuid": _}:
            return "claude"
        case {"record_type": str(kind)}:
            # Rollouts of any age have lines that say `state` and nothing else.
            return "bare" if kind != "state" else None
        case {"id": str(), "timestamp": str() | int() | float()} if "type" not in value:
            return "bare"
    return None
