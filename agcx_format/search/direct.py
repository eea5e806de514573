"""A session searched in its own file, without the index."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress

from agcx_format.errors import PersistenceError
from agcx_format.search.blocks import Block, cut
from agcx_format.search.examine import Outcome, Request, examine, unsearched
from agcx_format.search.raw import may_hold
from agcx_format.search.results import SessionRef, Unsearched
from agcx_format.search.said import Said
from agcx_format.search.text import read_messages
from agcx_format.session.lazy import SessionFile

__all__ = ["DirectText", "blocks_of_file", "search_file"]

# The outcome of nearly every session, so it is made and pickled only once.
_NOTHING = Outcome(direct=True)


def search_file(path: str, size: int | None, request: Request, *, again: bool = True) -> Outcome:
    """Search a session in its file, which had `size` bytes when it was listed.  Raises `Stopped`."""
    if request.runs and not may_hold(path, request.runs, size):
        return _NOTHING
    try:
        with SessionFile(path, use_mmap=False) as file:
            text = DirectText(file)
            hits = examine(text, request, path)
            return Outcome(hits, unsearched(path, text), direct=True)
    except PersistenceError as error:
        if not os.path.lexists(path):
            return Outcome(gone=True)
        if again and type(error) is PersistenceError:
            # It was moved away and has come back since.
            return search_file(path, size, request, again=False)
        return Outcome(unsearched=Unsearched(path, error))


def blocks_of_file(ref: SessionRef) -> Iterator[Block]:
    """The text of a session, out of its file, as far as it can be read."""
    with suppress(PersistenceError), SessionFile(ref.path, use_mmap=False) as file:
        yield from DirectText(file).blocks()


class DirectText:
    """The text of an open session.

    Fields:
        title, updated: as its metadata have them.
        error: why the messages after those that were read are missing; set while `blocks` is gone through.
        messages: how many were read.
    """

    direct = True

    def __init__(self, file: SessionFile) -> None:
        self._file = file
        self.title = file.metadata.title
        self.updated = file.metadata.updated_at
        self.error: PersistenceError | None = None
        self.messages = 0

    def beginning(self) -> None:
        """None: no part of a file can be read sooner than its blocks."""

    def blocks(self) -> Iterator[Block]:
        """Every block; ends at the first damage."""
        self.error, self.messages = None, 0
        for block in cut(self.title, self._said()):
            self.messages = block.first + block.messages
            yield block

    def _said(self) -> Iterator[Said]:
        try:
            yield from read_messages(self._file)
        except PersistenceError as error:
            self.error = error
