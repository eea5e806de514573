"""Errors of files and stores, with their place: file, section, and byte.

Strategy: every error that a *file* can cause is a `PersistenceError`, so a caller needs one `except`.
A wrong *value* is a `ValueError` or `TypeError`: a mistake of the program, not of the data.

The code that finds an error knows a reason and an offset within the bytes it was given.  The layers above
add what they know with `located`: the section, where it begins in the file, and the file.  Reason and
path may contain bytes of a hostile file; escape them before showing them.
"""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike, fsdecode
from types import TracebackType
from typing import Any, Self


class PersistenceError(Exception):
    """A file or store cannot be used as asked.

    Mirrors `PersistenceError` of the Rust crate.

    Fields:
        reason: what is wrong.
        path: the file, or None.
        section: the part of the file (`header`, `metadata`, `messages`, `context`, `state`, …), or None.
        offset: in bytes from the start of the file, or None.
        decompressed: `offset` counts from the start of the decompressed section instead.
        truncated: the data end where more is expected, rather than being damaged.
    """

    def __init__(
        self,
        reason: str,
        *,
        path: str | PathLike[str] | None = None,
        section: str | None = None,
        offset: int | None = None,
        decompressed: bool = False,
        truncated: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.path = fsdecode(path) if path is not None else None
        self.section = section
        self.offset = offset
        self.decompressed = decompressed
        self.truncated = truncated

    def located(
        self,
        *,
        path: str | PathLike[str] | None = None,
        section: str | None = None,
        base: int = 0,
        decompressed: bool = False,
    ) -> Self:
        """Add what an outer layer knows; what is already known stays.  Returns self.

        `base` is where the bytes that the error counts from begin: in the file, or, with `decompressed`,
        in the decompressed section.
        """
        if self.path is None and path is not None:
            self.path = fsdecode(path)
        if self.section is None:
            self.section = section
        if self.offset is not None and not self.decompressed:
            self.offset += base
        self.decompressed |= decompressed
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        # Like that of BaseException, but without `__init__`, whose parameters differ between classes.
        return _restored, (type(self), self.args), self.__dict__

    @property
    def place(self) -> str:
        """Section and offset in words, for example `messages, byte 312`; empty if neither is known."""
        words = [self.section] if self.section else []
        if self.offset is not None:
            unit = "decompressed byte" if self.decompressed else "byte"
            words.append(f"{unit} {self.offset:,}")
        return ", ".join(words)

    def __str__(self) -> str:
        return ": ".join(part for part in (self.path, self.place, self.reason) if part)


def _restored(kind: type[PersistenceError], args: tuple[Any, ...]) -> PersistenceError:
    """A new error for copying and unpickling, which set its fields afterwards."""
    return kind.__new__(kind, *args)


class located:
    """A context that adds a place to a `PersistenceError` raised in it, as its method `located` does.

    >>> with located(path="a.agcx", section="metadata", base=12):
    ...     raise CorruptData("cut off", offset=3)
    Traceback (most recent call last):
    agcx_format.errors.CorruptData: a.agcx: metadata, byte 15: cut off
    """

    __slots__ = ("_base", "_decompressed", "_path", "_section")

    def __init__(
        self,
        *,
        path: str | PathLike[str] | None = None,
        section: str | None = None,
        base: int = 0,
        decompressed: bool = False,
    ) -> None:
        self._path = path
        self._section = section
        self._base = base
        self._decompressed = decompressed

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if isinstance(error, PersistenceError):
            error.located(
                path=self._path,
                section=self._section,
                base=self._base,
                decompressed=self._decompressed,
            )


class InvalidMagic(PersistenceError):
    """The file does not begin with the magic bytes of AGCX."""


class UnsupportedVersion(PersistenceError):
    """The file has a format version that this library does not know."""

    def __init__(self, found: int, expected: int, **where: Any) -> None:
        super().__init__(f"format version {found} is not supported, expected {expected}", **where)
        self.found = found
        self.expected = expected


class CorruptData(PersistenceError):
    """Lengths or sections do not fit the file, which is truncated or damaged."""


class BincodeDecodeError(PersistenceError):
    """A bincode section does not contain the expected value."""


class MessagePackDecodeError(PersistenceError):
    """A MessagePack section does not contain the expected value."""


class CompressionError(PersistenceError):
    """A zstd section is truncated, damaged, or too large."""


class SessionNotFound(PersistenceError):
    """The store has no session with that id."""

    def __init__(self, session_id: object, **where: Any) -> None:
        super().__init__(f"no session {session_id}", **where)
        self.session_id = session_id


class FileClosed(PersistenceError):
    """A file was read after it was closed: a mistake of the program, not of the file."""

    def __init__(self, **where: Any) -> None:
        super().__init__("the file was closed", **where)


class AmbiguousSession(PersistenceError):
    """An abbreviated id fits several sessions."""


class StaleSession(PersistenceError):
    """The file has changed since it was read; writing it would lose what another program saved."""


class InvalidCheckpoint(PersistenceError):
    """A checkpoint is missing or cannot be read."""


class IndexCorrupted(PersistenceError):
    """`sessions.idx` cannot be read; it can be rebuilt from the session files."""


class LockFailed(PersistenceError):
    """Another process holds the lock of the store (then it is a `LockHeld`), or it cannot be locked."""


class LockHeld(LockFailed):
    """Another process, or another part of this one, holds the lock; try again later."""


class StoreNotWritable(PersistenceError):
    """The store can be read but not changed."""


class SavedNotListed(PersistenceError):
    """A session was saved, but not the index or a copy of its metadata, from which programs list it."""


class UndoConflict(PersistenceError):
    """An act cannot be undone, because other files have taken the places of its files.

    Fields:
        paths: all files that are not as the act left them.
    """

    def __init__(self, reason: str, *, paths: Sequence[str] = (), **where: Any) -> None:
        super().__init__(reason, **where)
        self.paths = tuple(paths)


class NothingToUndo(PersistenceError):
    """There is no act to undo."""


class LayoutCannotHold(PersistenceError):
    """A session or checkpoint has something that no file of the layout can hold."""


class ConversionError(PersistenceError):
    """A file of another program cannot be imported."""
