"""The files of one Codex session: newer versions begin another one when it is resumed or taken back.

Strategy: the header of such a file has the id of the session, and says which file it continues and how many
bytes of that still count. So reading one reads the files of the session before it, too: what was taken back
is a branch that was left. A fork also says which file it continues, but that is of another session.
"""

from __future__ import annotations

import glob
import itertools
import os
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from agcx_format.errors import ConversionError
from agcx_format.importing.codex.family import files_of
from agcx_format.importing.codex.lines import header_in, one_by_one
from agcx_format.importing.fields import as_text
from agcx_format.importing.json_lines import Line, Parsed, Usual, lines_within, read_lines
from agcx_format.importing.source_file import is_large, is_missing
from agcx_format.importing.unavailable import SourceUnavailable, source_errors
from agcx_format.model.ids import uuids_in

__all__ = ["LargeThread", "NextFile", "Place", "read_thread"]

# The folders of at most this many days are searched, from that of the first file of a session on.
_MOST_DAYS = 400


class Place(NamedTuple):
    """Where a file of a session continues from.

    Fields:
        file: the id in the name of another file.
        end: how many bytes of it count.
    """

    file: str
    end: int


class LargeThread(NamedTuple):
    """In place of a line: the files are together too large for memory."""


class NextFile(NamedTuple):
    """In place of a line: what follows is from the next file, and continues a place in an earlier one."""

    name: str
    goes_on_from: Place | None


class _File(NamedTuple):
    path: Path
    meta: dict[str, Any]

    @property
    def name(self) -> str:
        """The id in the name of the file: of the session, or of this file of it."""
        names: list[str] = uuids_in(self.path.name)
        return names[-1] if names else as_text(self.meta.get("id"))

    @property
    def base(self) -> Place | None:
        match self.meta.get("history_base"):
            case {"thread_id": str(file), "end_byte_offset": int(end)} if file:
                return Place(file, end)
        return None

    @property
    def is_next(self) -> bool:
        """Whether it continues another file of its session."""
        session, base = self.meta.get("id"), self.base
        return base is not None and (base.file == session or self.name != session)


def read_thread(path: Path, usual: Usual) -> Iterator[Parsed]:
    """The lines of a rollout, after those of the files that it continues, if any.

    A `NextFile` marks where one file ends and the next begins, and a `Place` where another continues. Before
    all of them is a `LargeThread`, if that is what they are.

    Raises:
        OSError: the file cannot be read.
        PersistenceError: it cannot be opened, or is no regular file; or one of the others is not readable.
    """
    lines = read_lines(path, usual)
    first = next(lines, None)
    if first is None:
        return
    own = _File(path.absolute(), _meta_in(first))
    if not own.is_next:
        yield first
        yield from lines
        return
    files = [*sorted(_before(own), key=lambda file: file.path.name), own]
    if is_large(*(file.path for file in files)):
        yield Line(0, (LargeThread(),))
    bases = [file.base for file in files if file.base is not None]
    for file in files:
        if file.is_next:
            yield Line(0, (NextFile(file.name, file.base),))
        if file is own:
            yield from _with_places(itertools.chain([first], lines), [])
            continue
        with source_errors(file.path):
            places = {place for place in bases if place.file == file.name}
            numbers = lines_within(file.path, [place.end for place in places]) if places else {}
            ends = sorted((numbers[place.end], place) for place in places)
            yield from _with_places(read_lines(file.path, usual), ends)


def _with_places(lines: Iterator[Parsed], ends: list[tuple[int, Place]]) -> Iterator[Line]:
    """The lines one by one, and each place after the number of lines that counts."""
    for line in itertools.chain.from_iterable(map(one_by_one, lines)):
        assert isinstance(line, Line)
        while ends and line.number > ends[0][0]:
            yield Line(line.number, (ends.pop(0)[1],))
        yield line
    yield from (Line(number, (place,)) for number, place in ends)


def _meta_in(line: Parsed) -> dict[str, Any]:
    values = line.values if isinstance(line, Line) else ()
    return next(filter(None, map(header_in, values)), {})


def _before(own: _File) -> list[_File]:
    """The files of the same session that are older than this one, or that it continues."""
    session = as_text(own.meta.get("id"))
    found: dict[str, _File] = {}
    wanted = [own.base.file] if own.base else []
    while wanted:
        name = wanted.pop()
        for path in [*files_of(own.path, name)] or _anywhere(own.path, name):
            file = _opened(path)
            if file.name == name and file.meta.get("id") == session and name not in found:
                found[name] = file
                wanted += [file.base.file] if file.base else []
    for path in _dated_between([file.path for file in found.values()], own.path, session):
        file = _opened(path)
        if file.meta.get("id") == session and path.name < own.path.name:
            found.setdefault(file.name, file)
    # A renamed file without an id in its name has that of the session, as the first file has.
    if uuids_in(own.path.name):
        found.pop(own.name, None)
    return list(found.values())


def _opened(path: Path) -> _File:
    """The file with its header; without one, if it is gone or damaged.

    Raises:
        SourceUnavailable: it may be read another time, so the session must not be taken without it.
    """
    first = None
    try:
        with source_errors(path):
            first = next(read_lines(path), None)
    except SourceUnavailable:
        if not is_missing(path):
            raise
    except ConversionError:
        pass
    return _File(path, _meta_in(first) if first else {})


def _anywhere(own: Path, name: str) -> list[Path]:
    """The files of a name in the folders of all days: an id need not be of the day of its file."""
    if _day_of(own.parent) is None or os.sep in name:
        return []
    return sorted(own.parent.parents[2].glob(f"*/*/*/*{glob.escape(name)}*"))


def _dated_between(found: list[Path], own: Path, session: str) -> Iterator[Path]:
    """The other files named by a session in the folders of all days from its first file on."""
    folders = {own.parent, *(path.parent for path in found)}
    dated = sorted((day, folder) for folder in folders if (day := _day_of(folder)))
    if dated:
        (first, folder), (last, _) = dated[0], dated[-1]
        passed = min((last - first).days, _MOST_DAYS)
        between = (first + timedelta(days=each) for each in range(passed))
        folders |= {folder.parents[2] / day.strftime("%Y/%m/%d") for day in between}
    for folder in sorted(folders):
        try:
            yield from sorted(p for p in folder.iterdir() if session in p.name)
        except OSError:
            continue


def _day_of(folder: Path) -> date | None:
    """The day that a folder sessions/YEAR/MONTH/DAY is of."""
    try:
        return date(*map(int, folder.parts[-3:]))
    except (ValueError, TypeError, OverflowError):
        return None
