"""What can go wrong with a store, and where.

Strategy: every error that a *file* can cause is a `PersistenceError`, so a caller needs one
`except`.  A wrong *value* handed to a writer is a `ValueError` or `TypeError`: that is a fault
of the program, not of the data.

An error is raised where it is found, by code that knows a reason and an offset within the bytes
it was given; the layers above add what they know with `located()`: the section, where the
section begins in the file, and the file.  Reason and path are kept as they are: they may hold
bytes of a hostile file, and whoever shows them makes them safe for that screen.
"""

from __future__ import annotations

from os import PathLike, fspath
from types import TracebackType
from typing import Any, Self


class PersistenceError(Exception):
    """A file or store cannot be used as asked.

    `reason` says why; `path` names the file, `section` the part of it (`header`, `metadata`,
    `messages`, `context`, `state`, …).  `offset` counts bytes from the start of the file, or,
    where `decompressed` is true, from the start of the section once it is decompressed.
    Mirrors `PersistenceError` of the Rust crate.
    """

    def __init__(
        self,
        reason: str,
        *,
        path: str | PathLike[str] | None = None,
        section: str | None = None,
        offset: int | None = None,
        decompressed: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.path = fspath(path) if path is not None else None
        self.section = section
        self.offset = offset
        self.decompressed = decompressed

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
            self.path = fspath(path)
        if self.section is None:
            self.section = section
        if self.offset is not None and not self.decompressed:
            self.offset += base
        self.decompressed |= decompressed
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        # As BaseException's, but without calling `__init__`, whose arguments differ from class to class.
        return _restored, (type(self), self.args), self.__dict__

    @property
    def place(self) -> str:
        """Section and offset in words, for example `messages, byte 312`; may be empty."""
        words = [self.section] if self.section else []
        if self.offset is not None:
            unit = "decompressed byte" if self.decompressed else "byte"
            words.append(f"{unit} {self.offset:,}")
        return ", ".join(words)

    def __str__(self) -> str:
        return ": ".join(part for part in (self.path, self.place, self.reason) if part)


def _restored(kind: type[PersistenceError], args: tuple[Any, ...]) -> PersistenceError:
    """An error whose fields are about to be set: how copies and pickles are made."""
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
    """The file does not begin with `AGCX`."""


class UnsupportedVersion(PersistenceError):
    """The file says a format version that this reader does not know."""

    def __init__(self, found: int, expected: int, **where: Any) -> None:
        super().__init__(f"format version {found} is not supported, expected {expected}", **where)
        self.found = found
        self.expected = expected


class CorruptData(PersistenceError):
    """Lengths or sections do not fit the file: cut off, or damaged."""


class BincodeDecodeError(PersistenceError):
    """A bincode section does not hold the value it should."""


class MessagePackDecodeError(PersistenceError):
    """A MessagePack section does not hold the value it should."""


class CompressionError(PersistenceError):
    """A zstd section is cut off, damaged, or larger than it may be."""


class SessionNotFound(PersistenceError):
    """No session of that id is in the store."""

    def __init__(self, session_id: object, **where: Any) -> None:
        super().__init__(f"no session {session_id}", **where)
        self.session_id = session_id


class FileClosed(PersistenceError):
    """A session was read after it was closed: a fault of the program that reads it, not of the file."""

    def __init__(self, **where: Any) -> None:
        super().__init__("the file was closed", **where)


class AmbiguousSession(PersistenceError):
    """A shortened id fits several sessions."""


class StaleSession(PersistenceError):
    """The file changed since it was read: writing would lose what another program saved."""


class InvalidCheckpoint(PersistenceError):
    """A checkpoint is missing or cannot be read."""


class IndexCorrupted(PersistenceError):
    """`sessions.idx` cannot be read; it can be rebuilt from the files."""


class LockFailed(PersistenceError):
    """Another process holds the store, or the store cannot be locked."""


class StoreNotWritable(PersistenceError):
    """The store can be read but not changed."""


class UndoConflict(PersistenceError):
    """An act cannot be undone because something else is now where its files were."""


class NothingToUndo(PersistenceError):
    """No act is left that could be undone."""


class ConversionError(PersistenceError):
    """A file of another program cannot be brought in."""
