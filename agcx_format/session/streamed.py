"""Whole sessions that may be larger than memory: read as strictly as `read_session` does, a piece at a time.

Strategy: a small session is read into values.  Of a large one the messages are read again at each iteration
(`StreamedMessages`), always from the version of the file that was opened.  Damage in them is an error of that
iteration: whoever writes a session goes through all of them before anything is put in place.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import chain

from msgspec.structs import replace

from agcx_format import limits
from agcx_format.codec.zstd import frames
from agcx_format.disk.durable import Signature
from agcx_format.disk.open_file import OpenFile
from agcx_format.errors import CorruptData, PersistenceError, StaleSession
from agcx_format.layout import HEAD, of
from agcx_format.model.items import MessageSnapshot
from agcx_format.model.session import Session
from agcx_format.model.streamed import StreamedMessages
from agcx_format.session.file_section import FileSection
from agcx_format.session.lazy import SessionFile
from agcx_format.session.message_walk import MessageWalk
from agcx_format.session.sequential import decode_run
from agcx_format.session.whole import read_session

__all__ = ["stream_session"]


def stream_session(path: str | os.PathLike[str]) -> Session:
    """A whole session; the messages of a large one are no list, but are read at each iteration.

    An iteration raises `StaleSession` once the file is another one, and `PersistenceError` for damage.

    Raises:
        PersistenceError: for any damage in a small one, and besides the messages in a large one.
    """
    with SessionFile(path) as file:
        if file.size <= limits.SESSION_IN_MEMORY:
            return read_session(path)
        file.read_more()
        if file.error is not None:
            # A form of an old version, or damage that is to be described.
            return read_session(path)
        conversation, state = file.without_messages()
        messages = _StoredMessages(file.path, file.signature, file.expected)
        return Session(file.metadata, replace(conversation, messages=messages), state)


class _StoredMessages(StreamedMessages):
    """The messages in a file, as long as it is the one with this signature."""

    def __init__(self, path: str, signature: Signature, count: int) -> None:
        self._path, self._signature, self._count = path, signature, count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[MessageSnapshot]:
        with OpenFile(self._path) as file:
            if file.signature != self._signature:
                raise StaleSession("it changed since it was read", path=self._path)
            try:
                yield from self._read(file)
            except PersistenceError as error:
                raise error.located(path=self._path) from None
            file.check_unchanged()

    def _read(self, file: OpenFile) -> Iterator[MessageSnapshot]:
        place = of(file.read(HEAD, 0)).messages(FileSection(file, 0, file.size))
        section = FileSection(file, place.start, place.end)
        walk = MessageWalk(frames.pieces(section), place.before, limits.WHOLE_SECTION)
        try:
            for run in walk.runs():
                starts = [start - run.base for start in run.starts]
                yield from chain.from_iterable(decode_run(run.text, starts, run.base))
            if walk.error is not None:
                raise walk.error
            if walk.found != self._count:
                raise CorruptData(f"{walk.found:,} messages were found, not {self._count:,}")
        except PersistenceError as error:
            raise error.located(section="messages", base=place.start) from None
