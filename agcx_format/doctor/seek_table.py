"""Checks the seek table of a messages section against its frames.

Strategy: a table is only a shortcut. If it is wrong, the messages can still be read in order, but a reader
that jumps would not find them.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator

from agcx_format.codec.zstd import frames, seekable
from agcx_format.codec.zstd.seekable import Table
from agcx_format.disk.open_file import OpenFile
from agcx_format.doctor.report import ReportDraft, Severity
from agcx_format.errors import PersistenceError
from agcx_format.session.file_section import FileSection
from agcx_format.session.message_walk import MessageWalk

__all__ = ["TableCheck"]

# The last bytes of a table in zstd's seekable format.
_FOOTER = 0x8F92EAB1.to_bytes(4, "little")


class TableCheck:
    """Decompresses a section (`pieces`) and notes where its frames are."""

    def __init__(self, file: OpenFile, start: int, end: int) -> None:
        self._file, self._start = file, start
        self.section = FileSection(file, start, end)
        self.table: Table | None = seekable.read_table(self.section)
        self._claimed = False
        # The check of the messages cannot read this either, and reports it.
        with contextlib.suppress(PersistenceError):
            self._claimed = self.section[max(0, end - start - 4) : end - start] == _FOOTER
        self._text = [0]
        self._frames: list[frames.Frame] = []

    def pieces(self) -> Iterator[bytes]:
        if self.table is None:
            yield from frames.pieces(self.section)
            return
        try:
            every = frames.walk(self.section)
        except PersistenceError:
            # The check of the messages reports this damage in its place.
            yield from frames.pieces(self.section)
            return
        self._frames = [frame for frame in every if not frame.skippable]
        for frame in self._frames:
            part = FileSection(self._file, self._start + frame.start, self._start + frame.end)
            size = 0
            try:
                for piece in frames.pieces(part):
                    size += len(piece)
                    yield piece
            except PersistenceError as error:
                raise error.located(base=frame.start) from None
            self._text.append(self._text[-1] + size)

    def report(self, draft: ReportDraft, walk: MessageWalk) -> None:
        """Report what is wrong with the table; call it after `pieces` is exhausted."""
        if self.table is None:
            if self._claimed:
                self._add(draft, "its seek table does not add up and is not used")
        elif walk.error is None and not self._fits(self.table, walk):
            self._add(draft, "its seek table is not that of its frames: jumps will fail")

    def _add(self, draft: ReportDraft, reason: str) -> None:
        draft.add(Severity.WARNING, "seek-table", "messages", reason)

    def _fits(self, table: Table, walk: MessageWalk) -> bool:
        starts = walk.scanner.starts
        return (
            list(table.section[:-1]) == [frame.start for frame in self._frames]
            and list(table.text) == self._text
            and table.messages[-1] == walk.found
            and all(
                starts[number] == text
                for number, text in itertools.islice(
                    zip(table.messages, table.text, strict=True), 1, None
                )
            )
        )
