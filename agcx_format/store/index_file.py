"""`sessions.idx` of a store, read from the disk."""

from __future__ import annotations

import os

from agcx_format import limits
from agcx_format.disk.durable import open_regular, read_exactly
from agcx_format.errors import IndexCorrupted, PersistenceError
from agcx_format.layout import index
from agcx_format.model.session import SessionIndex

__all__ = ["read_index"]


def read_index(path: str | os.PathLike[str]) -> tuple[SessionIndex, int]:
    """The index and the layout in which it is encoded.

    Raises:
        IndexCorrupted: it is damaged.
        PersistenceError: it does not exist, or cannot be read.
    """
    fd, status = open_regular(path)
    try:
        if status.st_size > limits.WHOLE_SECTION:
            raise IndexCorrupted(f"{status.st_size:,} bytes are too many")
        return index.decode(read_exactly(fd, status.st_size, 0))
    except PersistenceError as error:
        raise error.located(path=path, section="index") from None
    finally:
        os.close(fd)
