"""What an act will do to which files: the steps of every change that a person can ask for.

Strategy: each function reads what it must and gives a `Change`, which `acts.perform` carries out whole or
not at all.  A change of metadata writes the metadata anew and copies all else byte for byte, as the
layout of the file does it.  Copies of the metadata beside the files, and the index, follow in the same act.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from agcx_format import limits
from agcx_format.disk.durable import Signature
from agcx_format.disk.open_file import OpenFile
from agcx_format.errors import PersistenceError, StaleSession
from agcx_format.layout import by_version
from agcx_format.layout.base import MetadataCopies, Rewritten
from agcx_format.model.session import SessionMetadata
from agcx_format.model.timestamps import Timestamp
from agcx_format.session.listed import whole_tags
from agcx_format.session.metadata import rewritten
from agcx_format.store import paths as places
from agcx_format.store.acts.manifest import ActSession, Edit, Step
from agcx_format.store.checkpoint_files import checkpoint_files
from agcx_format.store.entries import ScanEntry, own_size

__all__ = [
    "Change", "copy_steps", "deletion", "duplication", "edits",
]  # fmt: skip


@dataclass(frozen=True)
class Change:
    """The steps of an act; what the index is to hold of each session after it (None: nothing).

    `edit` is what the log tells of an edit.
    """

    steps: Sequence[Step]
    sessions: Sequence[ActSession]
    index: Mapping[UUID, SessionMetadata | None] = field(default_factory=dict)
    edit: Edit | None = None


def deletion(root: Path, entries: Sequence[ScanEntry]) -> Change:
    """Sessions leave with their checkpoints and the copies of their metadata; of a link, the link."""
    checkpoints, relative = checkpoint_files(root), places.relative_paths(root)
    # Two files may have one id, in both layouts: what belongs to it goes along once.
    steps: dict[str, Step] = {}
    sessions = []
    for entry in entries:
        name = str(entry.id or "")
        path = relative(entry.path)
        steps.setdefault(path, Step("move", path, expected=entry.signature))
        belongings = list(checkpoints.get(name, ()))
        copies = by_version(entry.layout).copies
        if copies is not None and entry.id is not None:
            belongings += _metadata_copies(root, entry, copies)
        for path, _ in belongings:
            steps.setdefault(path, Step("move", path))
        size = own_size(entry) + sum(size for _, size in belongings)
        sessions.append(ActSession(name, entry.title, size))
    return Change(list(steps.values()), sessions, {e.id: None for e in entries if e.id})


def edits(root: Path, wanted: Sequence[tuple[ScanEntry, Mapping[str, Any]]], level: int) -> Change:
    """Fields of the metadata change; a session that cannot be read stops all.

    A file in which nothing changes stays; where that is so of all there are no steps and no sessions.
    """
    steps, sessions, indexed = [], [], {}
    relative = places.relative_paths(root)
    for entry, fields in wanted:
        new, parts, _ = _rewritten(entry, fields, level)
        sessions.append(ActSession(str(new.metadata.id), new.metadata.title, entry.size))
        if not new.is_other and _is_so(entry, fields):
            continue
        path = relative(entry.path)
        steps.append(Step("replace", path, parts=parts, expected=entry.signature))
        steps += copy_steps(root, entry.layout, new.metadata)
        indexed[new.metadata.id] = new.indexed
    return Change(steps, sessions if steps else (), indexed, _in_short(wanted))


def _is_so(entry: ScanEntry, fields: Mapping[str, Any]) -> bool:
    """Whether a list shows these values already: it may be from a copy that says something else."""
    return all(getattr(entry.metadata, name) == value for name, value in fields.items())


def _in_short(wanted: Sequence[tuple[ScanEntry, Mapping[str, Any]]]) -> Edit:
    """What the log tells of edits: each field that changes, and how where that can be said."""
    fields: dict[str, None] = {}
    favorites: set[bool] = set()
    added: dict[str, None] = {}
    taken: dict[str, None] = {}
    for entry, new in wanted:
        old = {name: getattr(entry.metadata, name, None) for name in new}
        fields |= {name: None for name in new if new[name] != old[name]}
        if "tags" in new:
            added |= {tag: None for tag in new["tags"] if tag not in (old["tags"] or ())}
            taken |= {tag: None for tag in old["tags"] or () if tag not in new["tags"]}
        if "is_favorite" in new:
            favorites.add(new["is_favorite"])
    return Edit(
        tuple(fields),
        wanted[0][0].title if len(wanted) == 1 and "title" in fields else None,
        favorites.pop() if len(favorites) == 1 else None,
        tuple(added),
        tuple(taken),
    )


def duplication(
    root: Path, entry: ScanEntry, new_id: UUID, title: str | None, level: int
) -> Change:
    """A copy under a new id, which was accessed now and has no checkpoints."""
    fields: dict[str, Any] = {"id": new_id, "checkpoints": [], "last_accessed": Timestamp.now()}
    if title is not None:
        fields["title"] = title
    new, parts, size = _rewritten(entry, fields, level)
    path = places.session_file(entry.layout, new_id)
    steps = [Step("create", path, parts=parts), *copy_steps(root, entry.layout, new.metadata)]
    session = ActSession(str(new_id), new.metadata.title, size)
    return Change(steps, [session], {new_id: new.indexed})


def _metadata_copies(root: Path, entry: ScanEntry, copies: MetadataCopies) -> list[tuple[str, int]]:
    """Relative path and size of a copy, if it is there; of a file that is not in lower case, of any case."""
    assert entry.id is not None
    usual = copies.path(entry.id)
    paths = [usual]
    if os.path.basename(entry.path) != f"{entry.id}{places.SUFFIX}":
        with contextlib.suppress(OSError):
            names = os.listdir(root / copies.folder)
            every = (f"{copies.folder}/{name}" for name in names)
            paths = [path for path in every if path.lower() == usual]
    found = ((path, Signature.at(root / path)) for path in paths)
    return [(path, signature.size) for path, signature in found if signature is not None]


def copy_steps(root: Path, layout: int, metadata: SessionMetadata) -> list[Step]:
    """The steps by which the copies of a session's metadata follow."""
    steps = []
    for path, data in by_version(layout).companions(metadata):
        op = "replace" if os.path.lexists(root / path) else "create"
        steps.append(Step(op, path, parts=[data], derived=True))
    return steps


# --- the same file with other metadata


def _rewritten(
    entry: ScanEntry, fields: Mapping[str, Any], level: int
) -> tuple[Rewritten, Iterable[bytes], int]:
    """The file of a session with other metadata: those, its parts, and its size in bytes."""
    if entry.metadata is None:
        raise entry.error or PersistenceError("its metadata cannot be read", path=entry.path)
    try:
        with _opened(entry) as file:
            new = rewritten(file, lambda old: _changed(old, fields), level)
    except PersistenceError as error:
        raise error.located(path=entry.path) from None
    size = sum(map(len, new.parts)) + entry.size - new.rest
    parts = _FileCopy(new.parts, entry, new.rest) if new.rest < entry.size else new.parts
    return new, parts, size


def _changed(old: SessionMetadata, fields: Mapping[str, Any]) -> SessionMetadata:
    """The metadata of a file with other fields; tags that a list had cut are whole again."""
    if isinstance(fields.get("tags"), list):
        fields = {**fields, "tags": whole_tags(fields["tags"], old.tags)}
    return replace(old, **fields)


@contextlib.contextmanager
def _opened(entry: ScanEntry) -> Iterator[OpenFile]:
    """The very file of an entry, from before the first byte is read of it to after the last.

    Raises `StaleSession` when it is another, or was written meanwhile.
    """
    with OpenFile(entry.path) as file:
        if file.signature != entry.signature:
            raise StaleSession("it changed since it was read", path=entry.path)
        yield file
        if Signature.of(os.fstat(file.fd)) != entry.signature:
            raise StaleSession("it changed while it was read", path=entry.path)


class _FileCopy:
    """Bytes to begin with, then the rest of a session's file, in pieces: it may be larger than memory."""

    def __init__(self, first: list[bytes], entry: ScanEntry, start: int) -> None:
        self._first, self._entry, self._start = first, entry, start

    def __iter__(self) -> Iterator[bytes]:
        yield from self._first
        with _opened(self._entry) as file:
            for at in range(self._start, self._entry.size, limits.MIB):
                yield file.read(min(limits.MIB, self._entry.size - at), at)
