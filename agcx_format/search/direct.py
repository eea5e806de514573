"""A session searched in its own file, without the index."""

from __future__ import annotations

from collections.abc import Iterator

from agcx_format.errors import PersistenceError
from agcx_format.search.blocks import Block, cut
from agcx_format.search.text import Said, read_messages
from agcx_format.session.lazy import SessionFile

__all__ = ["DirectText"]


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

    def blocks(self) -> Iterator[Block]:
        """Every block; ends at the first damage."""
        return cut(self._said())

    def _said(self) -> Iterator[Said]:
        self.error, self.messages = None, 0
        try:
            for said in read_messages(self._file):
                yield said
                self.messages += 1
        except PersistenceError as error:
            self.error = error
