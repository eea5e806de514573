"""More messages at the end of a session's file: what is read of it, and the file that takes its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from msgspec.structs import replace

from agcx_format import layout, limits
from agcx_format.disk.open_file import OpenFile
from agcx_format.errors import PersistenceError
from agcx_format.layout.base import Addition, Appended, Kept
from agcx_format.model.items import Message, MessageSnapshot
from agcx_format.model.session import SessionMetadata
from agcx_format.model.timestamps import Timestamp
from agcx_format.session.file_section import FileSection
from agcx_format.session.metadata import Turn

__all__ = ["Change", "appended", "parts_of", "with_messages"]

Change = Callable[[SessionMetadata], SessionMetadata]


def appended(file: OpenFile, added: Addition, change: Change, level: int) -> Appended:
    """The session in `file` with more messages, and the metadata that `change` makes of its own.

    Raises:
        PersistenceError: it is damaged, as far as it had to be read, or huge and mostly a hole.
        TypeError: a field of a message holds a value that its type cannot hold.
        ValueError: likewise.
    """
    file.check_not_sparse()
    data = FileSection(file, 0, file.size)
    with Turn() as turn:
        found = layout.of(data[: layout.HEAD])
        try:
            return found.appended(data, added, change, level, turn.take)
        except PersistenceError as error:
            raise error.located(path=file.path) from None


def parts_of(file: OpenFile, new: Appended) -> Iterator[bytes]:
    """The bytes of the new file; what it keeps of the old one is read in pieces.

    Raises:
        StaleSession: the old file was written meanwhile.
    """
    for part in new.parts:
        if isinstance(part, Kept):
            for at in range(part.start, part.end, limits.MIB):
                yield file.read(min(limits.MIB, part.end - at), at)
        else:
            yield part
    file.check_unchanged()


def with_messages(old: SessionMetadata, messages: Sequence[MessageSnapshot]) -> SessionMetadata:
    """The metadata once these messages were said; the layout counts them.

    Turns are the person's messages, as `new_session` counts them; a session that counts none stays so.
    """
    if not messages:
        return old
    asked = sum(isinstance(each.item, Message) and each.item.role == "user" for each in messages)
    is_counted = old.turn_count or not old.message_count
    return replace(
        old,
        updated_at=max([old.updated_at, *(each.time for each in messages)]),
        last_accessed=Timestamp.now(),
        turn_count=old.turn_count + asked if is_counted else 0,
    )
