"""What an act will do to which files: the steps of every change that a person can ask for.

Strategy: each function reads what it must and gives a `Change`, which `acts.perform` carries out whole or
not at all.  A change of metadata writes the metadata anew and copies all else: sections of
layout 1 byte for byte without being decompressed, elements of layout 2 byte for byte within the new
section.  Copies that lie beside the files, layout 2's `.meta` and the index, follow in the same act.
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
from agcx_format.codec import bincode
from agcx_format.disk.durable import Signature
from agcx_format.disk.open_file import OpenFile
from agcx_format.errors import PersistenceError, StaleSession
from agcx_format.layout import v1, v2
from agcx_format.model.session import SessionMetadata
from agcx_format.model.timestamps import Timestamp
from agcx_format.session.listed import whole_tags
from agcx_format.session.whole import read_metadata
from agcx_format.store import paths as places
from agcx_format.store.acts.manifest import ActSession, Edit, Step
from agcx_format.store.checkpoint_files import checkpoint_files
from agcx_format.store.entries import ScanEntry, own_size

__all__ = [
    "Change", "copies", "copy_steps", "deletion", "duplication", "edits",
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
        if entry.layout == 2 and entry.id is not None:
            belongings += _metadata_copies(root, entry)
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
        new = _rewritten(entry, fields, level)
        sessions.append(ActSession(str(new.metadata.id), new.metadata.title, entry.size))
        if not new.is_other and _is_so(entry, fields):
            continue
        path = relative(entry.path)
        steps.append(Step("replace", path, parts=new.parts, expected=entry.signature))
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
    new = _rewritten(entry, fields, level)
    path = places.session_file(entry.layout, new_id)
    steps = [Step("create", path, parts=new.parts), *copy_steps(root, entry.layout, new.metadata)]
    session = ActSession(str(new_id), new.metadata.title, new.size)
    return Change(steps, [session], {new_id: new.indexed})


def copies(layout: int, metadata: SessionMetadata) -> list[tuple[str, bytes]]:
    """The copies of a session's metadata that lie beside its file: path and bytes of each."""
    if layout != v2.VERSION:
        return []
    return [(places.metadata_copy(metadata.id), bincode.encode(metadata, SessionMetadata))]


def _metadata_copies(root: Path, entry: ScanEntry) -> list[tuple[str, int]]:
    """Relative path and size of `.meta`, if it is there; of a file that is not in lower case, of any case."""
    assert entry.id is not None
    usual = places.metadata_copy(entry.id)
    paths = [usual]
    if os.path.basename(entry.path) != f"{entry.id}{places.SUFFIX}":
        with contextlib.suppress(OSError):
            names = os.listdir(root / places.METADATA)
            every = (f"{places.METADATA}/{name}" for name in names)
            paths = [path for path in every if path.lower() == usual]
    found = ((path, Signature.at(root / path)) for path in paths)
    return [(path, signature.size) for path, signature in found if signature is not None]


def copy_steps(root: Path, layout: int, metadata: SessionMetadata) -> list[Step]:
    """The steps by which the copies of a session's metadata follow."""
    steps = []
    for path, data in copies(layout, metadata):
        op = "replace" if os.path.lexists(root / path) else "create"
        steps.append(Step(op, path, parts=[data], derived=True))
    return steps


# --- the same file with other metadata


@dataclass(frozen=True)
class _Rewritten:
    """A file with other metadata, `size` bytes of it; `indexed` is what the index has of them.

    `is_other`: the metadata are not what they were.
    """

    metadata: SessionMetadata
    indexed: SessionMetadata
    parts: Iterable[bytes]
    size: int
    is_other: bool


def _rewritten(entry: ScanEntry, fields: Mapping[str, Any], level: int) -> _Rewritten:
    if entry.metadata is None:
        raise entry.error or PersistenceError("its metadata cannot be read", path=entry.path)
    rewrite = _rewritten2 if entry.layout == v2.VERSION else _rewritten1
    try:
        return rewrite(entry, fields, level)
    except PersistenceError as error:
        raise error.located(path=entry.path) from None


def _rewritten1(entry: ScanEntry, fields: Mapping[str, Any], level: int) -> _Rewritten:
    """A new metadata block; the rest is copied as it lies, decompressed by nobody."""
    with _opened(entry) as file:
        size = entry.size
        old = read_metadata(file.fd, size)
        rest_at = v1.metadata_end(file.read(v1.HEADER, 0), size)
    metadata = _changed(old, fields)
    is_other = metadata != old
    while True:
        block = bincode.encode(metadata, SessionMetadata)
        new_size = v1.HEADER + len(block) + size - rest_at
        if metadata.file_size == new_size:
            break
        metadata = replace(metadata, file_size=new_size)
    header = v1.BEGINNING + len(block).to_bytes(4, "little")
    copy = _FileCopy([header, block], entry, rest_at)
    return _Rewritten(metadata, metadata, copy, new_size, is_other)


def _rewritten2(entry: ScanEntry, fields: Mapping[str, Any], level: int) -> _Rewritten:
    """One element of the section is another; the section has to be compressed again."""
    with _opened(entry) as file:
        data = file.read(entry.size, 0)
    raw = v2.decompress(data)
    inside = v2.element(raw, v2.split(raw)[0], SessionMetadata)
    metadata = _changed(inside, fields)
    indexed, parts = v2.with_metadata(data, metadata, level)
    return _Rewritten(metadata, indexed, parts, sum(map(len, parts)), metadata != inside)


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
