"""Work out what an act does to which files: the steps of deleting, editing and duplicating sessions.

Strategy: each function reads what it needs and returns a `Change`, which `perform` carries out as a whole
or not at all.  An edit of the metadata rewrites them and copies the rest byte for byte; the layout of
the file decides how.  Copies of the metadata beside the files, and the index, follow in the same act.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from agcx_format import limits
from agcx_format.disk.durable import Signature
from agcx_format.disk.open_file import OpenFile
from agcx_format.errors import PersistenceError, StaleSession
from agcx_format.layout import by_version
from agcx_format.layout.base import Rewritten
from agcx_format.layout.metadata_copies import MetadataCopies
from agcx_format.model.session import SessionMetadata
from agcx_format.model.timestamps import Timestamp
from agcx_format.session.listed import whole_tags
from agcx_format.session.metadata import rewritten
from agcx_format.store import paths
from agcx_format.store.acts.manifest import ActSession, Edit, Step
from agcx_format.store.checkpoint_files import checkpoint_files
from agcx_format.store.entries import ScanEntry, own_size
from agcx_format.subagents import with_links

__all__ = [
    "Change", "copy_steps", "deletion", "duplication", "edits", "metadata_copies", "summary", "with_metadata",
    "with_whole_tags",
]  # fmt: skip


# Up to this many files are looked for one by one, which takes the same time in a store of any size.
_FEW = 20


@dataclass(frozen=True)
class Change:
    """What an act is to do.

    Fields:
        steps: what happens to each file.
        sessions: the sessions that the history names.
        index: the metadata of each session in the index after the act; None if it is removed.
        edit: what the history says of an edit.
    """

    steps: Sequence[Step]
    sessions: Sequence[ActSession]
    index: Mapping[UUID, SessionMetadata | None] = field(default_factory=dict)
    edit: Edit | None = None


def deletion(root: Path, entries: Sequence[ScanEntry]) -> Change:
    """Move sessions to the trash with their checkpoints and copies of their metadata.

    Of a session that is a symbolic link only the link moves.  The checkpoints stay if another file with the
    same id, in the other layout, does.

    Raises:
        PersistenceError: the folder of checkpoints cannot be read, or a file is not in the store.
    """
    checkpoints, relative = checkpoint_files(root), paths.relative_paths(root)
    # Two files may have the same id, one in each layout: what belongs to it moves once, with the last.
    steps: dict[str, Step] = {}
    sessions, gone = [], dict[UUID, SessionMetadata | None]()
    going = {relative(entry.path): entry for entry in entries}
    # Few files are looked for one by one, which takes as long in a store of any size.
    listings = {} if len(going) <= _FEW else _listings(root)
    ids = {path: _id_in(path) for path, entry in going.items() if entry.id is not None}
    staying = _staying(root, going, ids, listings)
    for path, entry in going.items():
        name = ids.get(path, "")
        steps.setdefault(path, Step("move", path, expected=entry.signature))
        belongings = list(checkpoints.get(name, ())) if checkpoints and name not in staying else []
        folder, _, base = path.rpartition("/")
        listing = listings.get(folder)
        is_file = listing is not None and base in listing.names and base not in listing.links
        size = entry.signature.size if is_file else own_size(entry)
        copies = by_version(entry.layout).copies
        if belongings:
            size += sum(size for _, size in belongings)
        if copies is not None and entry.id is not None:
            belongings += metadata_copies(root, entry, copies)
        for each, _ in belongings:
            steps.setdefault(each, Step("move", each))
        sessions.append(ActSession(name, entry.title, size))
        if entry.id is not None and name not in staying:
            gone[entry.id] = None
    return Change(list(steps.values()), sessions, gone)


def _id_in(path: str) -> str:
    """The id in the name of a session's file, as it is usually written."""
    return path.rpartition("/")[2].removesuffix(paths.SUFFIX).lower()


@dataclass(frozen=True)
class _Listing:
    """The names in a folder, and those of them that are symbolic links."""

    names: AbstractSet[str]
    links: AbstractSet[str]

    @classmethod
    def of(cls, folder: Path) -> _Listing | None:
        """None if the folder cannot be listed."""
        names, links = set(), set()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    names.add(entry.name)
                    if entry.is_symlink():
                        links.add(entry.name)
        except (FileNotFoundError, NotADirectoryError):
            pass
        except OSError:
            return None
        return cls(names, links)


def _listings(root: Path) -> dict[str, _Listing]:
    """The folders of sessions by their paths in the store, without those that cannot be listed."""
    found = {folder: _Listing.of(root / folder) for folder in paths.folders().values()}
    return {folder: listing for folder, listing in found.items() if listing is not None}


def _staying(
    root: Path, going: Iterable[str], ids: Mapping[str, str], listings: Mapping[str, _Listing]
) -> set[str]:
    """The ids of which another file stays: of the other layout, or named in capital letters."""
    named: dict[str, str] = {}
    for usual in ids.values():
        named[usual + paths.SUFFIX] = named[usual.upper() + paths.SUFFIX] = usual
    names_going: dict[str, set[str]] = {}
    for path in going:
        folder, _, name = path.rpartition("/")
        names_going.setdefault(folder, set()).add(name)
    staying = set[str]()
    for folder in paths.folders().values():
        names = names_going.get(folder, set())
        others, listing = named.keys() - names, listings.get(folder)
        if listing is None:
            within = os.path.join(root, folder)
            others = {name for name in others if os.path.lexists(os.path.join(within, name))}
            # Where the case of a name does not matter, it may be another name of a file that goes.
            listing = _Listing.of(root / folder) if others else None
        if listing is not None:
            others &= listing.names
            spelled = {name.lower() for name in names - listing.names}
            others = {name for name in others if name.lower() not in spelled}
        staying.update(named[name] for name in others)
    return staying


def edits(root: Path, wanted: Sequence[tuple[ScanEntry, Mapping[str, Any]]], level: int) -> Change:
    """Change fields of the metadata of sessions.

    A file in which nothing changes stays; if that is so of all, there are no steps and no sessions.

    Raises:
        ValueError: one of the fields is measured, or does not exist.
        StaleSession: one of the files changed since it was scanned.
        PersistenceError: the metadata of one cannot be read.
    """
    for name in {name: None for _, fields in wanted for name in fields}:
        _check_field(name)
    steps, sessions, indexed = [], [], {}
    relative = paths.relative_paths(root)
    for entry, fields in wanted:
        new, parts, _ = with_metadata(entry, partial(_changed, fields=fields), level)
        sessions.append(ActSession(str(new.metadata.id), new.metadata.title, entry.size))
        if not new.is_other and _shows(entry, fields):
            continue
        path = relative(entry.path)
        steps.append(Step("replace", path, parts=parts, expected=entry.signature))
        steps += copy_steps(root, entry.layout, new.metadata)
        indexed[new.metadata.id] = new.indexed
    return Change(steps, sessions if steps else (), indexed, summary(wanted))


# What follows from the file, or names it.
_NOT_EDITABLE = frozenset(
    {"id", "message_count", "file_size", "compression_ratio", "format_version", "checkpoints"}
)


def _check_field(name: str) -> None:
    if name in _NOT_EDITABLE:
        raise ValueError(f"{name} follows from the file, so it cannot be edited")
    if name not in SessionMetadata.__struct_fields__:
        raise ValueError(f"the metadata have no field {name!r}")


def _shows(entry: ScanEntry, fields: Mapping[str, Any]) -> bool:
    """Whether a list shows these values already: it may come from a copy that differs from the file."""
    return all(getattr(entry.metadata, name) == value for name, value in fields.items())


def summary(wanted: Sequence[tuple[ScanEntry, Mapping[str, Any]]]) -> Edit:
    """What the history says of edits: each field that changes, and how, if it is the same for all."""
    fields: dict[str, None] = {}
    favorites: set[bool] = set()
    added: dict[str, None] = {}
    removed: dict[str, None] = {}
    for entry, new in wanted:
        old = {name: getattr(entry.metadata, name, None) for name in new}
        fields |= {name: None for name in new if new[name] != old[name]}
        if "tags" in new:
            added |= {tag: None for tag in new["tags"] if tag not in (old["tags"] or ())}
            removed |= {tag: None for tag in old["tags"] or () if tag not in new["tags"]}
        if "is_favorite" in new:
            favorites.add(new["is_favorite"])
    return Edit(
        tuple(fields),
        wanted[0][0].title if len(wanted) == 1 and "title" in fields else None,
        favorites.pop() if len(favorites) == 1 else None,
        tuple(added),
        tuple(removed),
    )


def duplication(
    root: Path, entry: ScanEntry, new_id: UUID, title: str | None, level: int
) -> Change:
    """Copy a session under a new id; the copy has no checkpoints.

    Raises:
        StaleSession: the file changed since it was scanned.
        PersistenceError: its metadata cannot be read.
    """
    fields: dict[str, Any] = {"id": new_id, "checkpoints": [], "last_accessed": Timestamp.now()}
    if title is not None:
        fields["title"] = title
    new, parts, size = with_metadata(entry, partial(_changed, fields=fields), level)
    path = paths.session_file(entry.layout, new_id)
    steps = [Step("create", path, parts=parts), *copy_steps(root, entry.layout, new.metadata)]
    session = ActSession(str(new_id), new.metadata.title, size)
    return Change(steps, [session], {new_id: new.indexed})


def metadata_copies(root: Path, entry: ScanEntry, copies: MetadataCopies) -> list[tuple[str, int]]:
    """Relative path and size of each copy that exists.

    If the session's file is not named in lower case, a copy may be in any case as well.
    """
    assert entry.id is not None
    usual = copies.path(entry.id)
    possible = [usual]
    if os.path.basename(entry.path) != f"{entry.id}{paths.SUFFIX}":
        with contextlib.suppress(OSError):
            names = os.listdir(root / copies.folder)
            every = (f"{copies.folder}/{name}" for name in names)
            possible = [path for path in every if path.lower() == usual]
    found = ((path, Signature.at(root / path)) for path in possible)
    return [(path, signature.size) for path, signature in found if signature is not None]


def copy_steps(root: Path, layout: int, metadata: SessionMetadata) -> list[Step]:
    """The steps that write the copies of a session's metadata."""
    steps = []
    for path, data in by_version(layout).companions(metadata):
        op = "replace" if os.path.lexists(root / path) else "create"
        steps.append(Step(op, path, parts=[data], derived=True))
    return steps


# --- the same file with other metadata


def with_metadata(
    entry: ScanEntry, change: Callable[[SessionMetadata], SessionMetadata], level: int
) -> tuple[Rewritten, Iterable[bytes], int]:
    """A session's file with other metadata: the metadata, its parts, and its size in bytes.

    `change` gets the metadata of the file, which are complete, unlike those of a list.

    Raises:
        StaleSession: the file changed since it was scanned.
        PersistenceError: its metadata cannot be read.
    """
    if entry.metadata is None:
        raise entry.error or PersistenceError("its metadata cannot be read", path=entry.path)
    try:
        with _opened(entry) as file:
            new = rewritten(file, change, level)
    except PersistenceError as error:
        raise error.located(path=entry.path) from None
    size = sum(map(len, new.parts)) + entry.size - new.rest
    parts = _FileCopy(new.parts, entry, new.rest) if new.rest < entry.size else new.parts
    return new, parts, size


def _changed(old: SessionMetadata, fields: Mapping[str, Any]) -> SessionMetadata:
    """The metadata of a file with other fields."""
    return replace(old, **with_whole_tags(fields, old))


def with_whole_tags(fields: Mapping[str, Any], old: SessionMetadata) -> Mapping[str, Any]:
    """The fields, in which tags that a list had shortened are complete again, and links still there."""
    if isinstance(fields.get("tags"), list):
        return {**fields, "tags": with_links(whole_tags(fields["tags"], old.tags), old.tags)}
    return fields


@contextlib.contextmanager
def _opened(entry: ScanEntry) -> Iterator[OpenFile]:
    """The file of an entry, which stays the same from the first byte that is read to the last.

    Raises:
        StaleSession: it is another file, or was written meanwhile.
    """
    with OpenFile(entry.path) as file:
        if file.signature != entry.signature:
            raise StaleSession("it changed since it was read", path=entry.path)
        yield file
        file.check_unchanged()


class _FileCopy:
    """Some bytes, then the rest of a session's file in pieces, since it may be larger than memory."""

    def __init__(self, first: list[bytes], entry: ScanEntry, start: int) -> None:
        self._first, self._entry, self._start = first, entry, start

    def __iter__(self) -> Iterator[bytes]:
        yield from self._first
        with _opened(self._entry) as file:
            for at in range(self._start, self._entry.size, limits.MIB):
                yield file.read(min(limits.MIB, self._entry.size - at), at)
