"""Whole session files: read into values and written from them, in any layout.

`read_session` is as strict as Rust is: any damage anywhere is an error. `SessionFile` (in `lazy.py`) is the
lazy and lenient way; `streamed.py` is as strict, and holds no more than a few messages.
"""

from __future__ import annotations

import os
from pathlib import Path

from agcx_format import limits
from agcx_format.disk.durable import open_regular, read_exactly, replace_file
from agcx_format.errors import CorruptData, PersistenceError
from agcx_format.layout import by_version, of
from agcx_format.model.session import ConversationSnapshot, Session, SessionMetadata, SessionState
from agcx_format.model.value_checks import check_session
from agcx_format.session.file_section import FileHead, first_bytes

__all__ = ["read_session", "write_session"]


def read_session(path: str | os.PathLike[str]) -> Session:
    """A whole session: metadata, conversation, state.

    Raises:
        PersistenceError: for any damage anywhere in it.
    """
    fd, status = open_regular(path)
    try:
        first = first_bytes(fd, status.st_size, use_mmap=False)
        layout = of(first)
        # What follows the sections is ignored, however much it is.
        size = min(layout.end(FileHead(fd, status.st_size, first)), status.st_size)
        if size > limits.WHOLE_FILE:
            raise CorruptData(f"{size:,} bytes are too many to load at once")
        return layout.decode(read_exactly(fd, size, 0))
    except PersistenceError as error:
        raise error.located(path=path) from None
    finally:
        os.close(fd)


def write_session(
    path: str | os.PathLike[str],
    metadata: SessionMetadata,
    conversation: ConversationSnapshot,
    state: SessionState,
    *,
    layout: int = 1,
    level: int = 3,
) -> None:
    """Write a session durably, in the layout with this number; `level` is zstd's.

    Unlike a store it writes the metadata unchanged: nothing in them is measured.

    Raises:
        PersistenceError: when the file cannot be written.
        TypeError: when a field holds a value that its type cannot hold.
        ValueError: likewise, or when there is no such layout.
    """
    check_session(metadata, conversation, state)
    parts = by_version(layout).encode(metadata, conversation, state, level)
    replace_file(Path(path), parts)
