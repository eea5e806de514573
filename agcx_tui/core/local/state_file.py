"""A file in which the program keeps a value for its next run: one JSON document, replaced in one step.

Strategy: such a file is a convenience, never a reason to fail.  Whatever this version would not have
written counts as absent, and a value that cannot be written is not remembered.
"""

from __future__ import annotations

from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from agcx_format.errors import PersistenceError
from agcx_tui.core.local.small_file import read_regular

__all__ = ["StateFile"]

T = TypeVar("T", bound=msgspec.Struct)


class StateFile(Generic[T]):
    """A value of type `type` at `path`.  Both methods may block: call them in a thread.

    Give the struct a field `version: Literal[…]`, so that files of other versions are ignored.
    """

    def __init__(self, path: Path, type: type[T], *, largest: int = 64 * 1024) -> None:
        """A file of more than `largest` bytes is ignored."""
        self.path = path
        self._type = type
        self._largest = largest

    def read(self) -> T | None:
        """The value; None if there is no file, or if we did not write it."""
        try:
            content = read_regular(self.path, self._largest + 1)
            if len(content) > self._largest:
                return None
            return msgspec.json.decode(content, type=self._type)
        except (OSError, msgspec.DecodeError, RecursionError):
            return None

    def write(self, value: T) -> bool:
        """Replace the value, making the directory if necessary; whether that succeeded.

        Only the owner can read the file.
        """
        from agcx_format.disk import replace_file

        try:
            content = msgspec.json.encode(value)
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            replace_file(self.path, [content, b"\n"])
        except (PersistenceError, OSError, UnicodeEncodeError):
            # No room, no permission, or a file name that JSON cannot express.
            return False
        return True
