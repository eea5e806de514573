"""The file of a backup: a tar archive that any tar can open, whose members are named by their content.

    agcx-backup.txt           what this is
    objects/<sha256>          the bytes of a session or checkpoint
    backups/<time>.json       one backup: which object is which file; after all its objects

Strategy: members are only ever added at the end, so whatever is interrupted, the backups before it are as
they were; what follows the last of them is simply not used.  An archive may come from anybody: members
are found by their headers, checked one by one, and only regular files with these names are
accepted.  Nothing is unpacked by name.
"""

from __future__ import annotations

import hashlib
import os
import re
import tarfile
from collections.abc import Iterator
from typing import Final, Self

import msgspec

from agcx_format import limits
from agcx_format.disk.open_file import OpenFile
from agcx_format.errors import CorruptData, PersistenceError
from agcx_format.store.backup.manifest import Backup, decode

__all__ = ["BLOCK", "END", "MARK", "MARK_TEXT", "Archive", "Member", "header", "padding"]

BLOCK: Final = tarfile.BLOCKSIZE
# What a tar archive ends with.
END: Final = bytes(2 * BLOCK)
MARK: Final = "agcx-backup.txt"
MARK_TEXT: Final = (
    b"A backup made by agcx. Each file in objects/ is a session or a checkpoint, named by its SHA-256.\n"
    b"Each file in backups/ is one backup, as JSON: which object has to be which file in a store.\n"
    b"To restore: agcx backup restore FILE\n"
)
_object = re.compile(r"objects/([0-9a-f]{64})").fullmatch
_backup = re.compile(r"backups/(\d{8}T\d{6}\.\d{6}Z(?:-\d{1,4})?)\.json").fullmatch


class Member(msgspec.Struct, frozen=True):
    """A file in an archive: `size` bytes from `start` on."""

    name: str
    start: int
    size: int

    @property
    def end(self) -> int:
        """Where the next member's header is."""
        return self.start + self.size + len(padding(self.size))


def padding(size: int) -> bytes:
    """What follows a member of so many bytes."""
    return bytes(-size % BLOCK)


def header(name: str, size: int, mtime: int) -> bytes:
    """The header of a member; `mtime` in seconds since 1970."""
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = size, mtime, 0o600
    return info.tobuf(tarfile.GNU_FORMAT)


def _is_mark(head: bytes) -> bool:
    """Whether these first bytes are those of an archive, or as many of them as were written."""
    return bool(head) and head[: len(MARK)] == MARK.encode()[: len(head)]


class Archive:
    """An archive, open for reading; a context that closes it.

    Fields:
        path: as given.
        objects: by their SHA-256, in hexadecimal.
        backups: the members with one backup each, by id, the oldest first.
        end: where the next member goes.
        damage: what is wrong with the bytes after the last complete member; None if there are none.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open and look through an archive.

        Raises:
            CorruptData: it is no backup, or holds something that no backup has.
            PersistenceError: it cannot be read.
        """
        self._file = OpenFile(path)
        self.path = self._file.path
        self.objects: dict[str, Member] = {}
        self.backups: dict[str, Member] = {}
        self.end = 0
        self.damage: CorruptData | None = None
        try:
            self._look()
        except PersistenceError as error:
            self.close()
            raise error.located(path=path) from None

    def _look(self) -> None:
        size = self._file.size
        if not _is_mark(self._file.read(min(BLOCK, size), 0)):
            raise CorruptData("not a backup of agcx")
        while head := self._file.read(min(BLOCK, size - self.end), self.end):
            if not head.strip(b"\0"):
                self._check_rest(size)
                return
            if len(head) < BLOCK:
                self.damage = self._cut()
                return
            try:
                info = tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape")
            except (tarfile.HeaderError, ValueError, IndexError):
                self.damage = CorruptData("not a member of an archive", offset=self.end)
                return
            member = Member(info.name, self.end + BLOCK, info.size)
            self._check(info, member)
            if member.end > size:
                self.damage = self._cut()
                return
            self._add(member)
            self.end = member.end

    def _check_rest(self, size: int) -> None:
        """After its end an archive has zeros, if anything."""
        if any(piece.strip(b"\0") for piece in self._pieces(self.end, size)):
            self.damage = CorruptData("bytes after the end of the archive", offset=self.end)

    def _cut(self) -> CorruptData:
        reason = "cut off, or a backup that was interrupted"
        return CorruptData(reason, offset=self.end, truncated=True)

    def _check(self, info: tarfile.TarInfo, member: Member) -> None:
        is_ours = member.name == MARK or _object(member.name) or _backup(member.name)
        if info.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or not is_ours or member.size < 0:
            raise CorruptData(f"no backup has a member {member.name!r:.120}", offset=self.end)
        if (self.end == 0) != (member.name == MARK):
            raise CorruptData("not a backup of agcx", offset=self.end)

    def _add(self, member: Member) -> None:
        match = _object(member.name) or _backup(member.name)
        if match is None:
            return
        found = self.objects if member.name.startswith("objects/") else self.backups
        if match[1] in found:
            raise CorruptData(f"two members are named {member.name!r}", offset=self.end)
        found[match[1]] = member

    # --- reading

    def pieces(self, sha256: str) -> Iterator[bytes]:
        """The bytes of an object, in pieces, which are those that its name promises.

        Raises:
            CorruptData: it is not there, or damaged; then what came out is not to be used.
            PersistenceError: it cannot be read.
        """
        member = self.member(sha256)
        digest = hashlib.sha256()
        for piece in self._pieces(member.start, member.start + member.size):
            digest.update(piece)
            yield piece
        if digest.hexdigest() != sha256:
            raise CorruptData("damaged: its checksum differs", path=self.path, offset=member.start)

    def member(self, sha256: str) -> Member:
        """Where an object is.

        Raises:
            CorruptData: it is not there.
        """
        member = self.objects.get(sha256)
        if member is None:
            raise CorruptData(f"the object {sha256[:12]}… is missing", path=self.path)
        return member

    @property
    def file(self) -> OpenFile:
        """The whole file."""
        return self._file

    def read(self, backup_id: str) -> Backup:
        """What one backup holds.

        Raises:
            CorruptData: it cannot be understood.
            PersistenceError: it cannot be read.
        """
        member = self.backups[backup_id]
        if member.size > limits.WHOLE_SECTION:
            raise CorruptData(
                f"{member.size:,} bytes are too many", path=self.path, offset=member.start
            )
        data = self._file.read(member.size, member.start)
        try:
            return decode(data)
        except PersistenceError as error:
            raise error.located(path=self.path, section=member.name) from None

    def _pieces(self, start: int, end: int) -> Iterator[bytes]:
        for at in range(start, end, limits.MIB):
            yield self._file.read(min(limits.MIB, end - at), at)

    def close(self) -> None:
        """Close the file.  Idempotent."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
