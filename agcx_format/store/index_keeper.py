"""Keep `sessions.idx` up to date when sessions of a store change.

Strategy: a caller that changes sessions says what the index is to contain for them, and only that is
changed.  AGCodex lists a store of layout 2 from the index, so a missing one is made there; layout 1
does not need it.  Other programs add and remove files as well, so the names in the index are compared
with those of the files, and only what differs is read.  If the index and the folders are as this
program left them, that is skipped, so an act on one session costs the same in a large store.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from uuid import UUID

from agcx_format import limits
from agcx_format.disk.compare_and_swap import ANYTHING, replace_if
from agcx_format.disk.durable import Signature
from agcx_format.disk.open_file import OpenFile
from agcx_format.disk.tree import Tree
from agcx_format.errors import IndexCorrupted, PersistenceError
from agcx_format.layout import LAYOUTS, Layout, by_version, index, index_bytes
from agcx_format.model.session import SessionIndex, SessionMetadata
from agcx_format.session.file_section import FileSection
from agcx_format.session.metadata import read_metadata
from agcx_format.store import paths
from agcx_format.store.acts.manifest import Act, Step
from agcx_format.store.entries import EntryReader

__all__ = ["IndexKeeper", "as_indexed"]

# What the index is to contain for each session; None if the session is removed from it.
Changes = Mapping[UUID, SessionMetadata | None]

# For more changes, decoding the index once is faster than editing its bytes for each.
_FEW = 32


def as_indexed(
    path: str | os.PathLike[str], layout: int, metadata: SessionMetadata
) -> SessionMetadata:
    """The metadata of a file as the index holds them, with size and ratio measured where it does not."""
    kind = by_version(layout)
    if kind.holds_sizes:
        return metadata
    try:
        with OpenFile(path) as file:
            return _as_indexed(file, kind, metadata)
    except PersistenceError:
        return metadata


def _as_indexed(file: OpenFile, layout: Layout, metadata: SessionMetadata) -> SessionMetadata:
    """The same for an open file."""
    try:
        return layout.as_indexed(metadata, FileSection(file, 0, file.size))
    except PersistenceError:
        return metadata


class IndexKeeper:
    """The index of one store.  The caller holds the store's lock, and calls `look` first."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._path = root / paths.INDEX
        # The index and the folders as this program left them, when they agreed.
        self._left: tuple[Signature | None, ...] = ()
        # Where the entries end in that index, and in the one to be written.
        self._end: int | None = None
        self._new_end: int | None = None
        # The index and the folders before the current change.
        self._found: tuple[Signature | None, ...] = ()

    def look(self) -> None:
        """Note how the index and the folders are before this program changes anything."""
        self._found, self._new_end = self._state(), None

    def step(self, steps: Collection[Step], changes: Changes) -> list[Step]:
        """The step that updates the index in the same act as `steps`; empty if none is needed."""
        if not any(changes.values()) and not os.path.lexists(self._path):
            # Sessions only go, and no index lists them.
            return []
        files = [step for step in steps if _is_session(step.path)]
        gone = {step.path for step in files if step.op == "move"}
        stay = {paths.layout_in(step.path).version for step in files if step.path not in gone}
        return self._steps(self._following(changes, stay, gone))

    def _steps(self, data: bytes | None) -> list[Step]:
        if data is None:
            return []
        op = "replace" if os.path.lexists(self._path) else "create"
        return [Step(op, paths.INDEX, parts=[data], derived=True)]

    def follow(self, changes: Changes, layout: int) -> None:
        """Update the index for sessions of `layout`."""
        data = self._following(changes, {layout})
        if data is not None:
            with Tree(self._root) as tree:
                replace_if(tree.place(paths.INDEX), [data], ANYTHING)
        self.remember()

    def after_undo(self, act: Act) -> list[Step]:
        """The steps that update the index and the copies of metadata once an act was undone.

        They are made from the session files, which are what they were before the act.
        """
        steps: list[Step] = []
        changes: dict[UUID, SessionMetadata | None] = {}
        folders = {step.path.rpartition("/")[0] for step in act.steps}
        layouts = [layout for layout in LAYOUTS.values() if layout.folder in folders]
        is_needed = any(each.is_listed_by_index or each.copies for each in layouts)
        if not (is_needed or os.path.lexists(self._path)):
            # Neither an index nor copies exist or are needed.
            return []
        # Copies that the act moved are back as they were, whichever program wrote them.
        returned = {step.path for step in act.steps if not step.derived}
        there = set[int]()
        for step in act.steps:
            if not _is_session(step.path):
                continue
            layout = paths.layout_in(step.path)
            path = f"{os.fspath(self._root)}/{step.path}"
            found = _metadata_inside(path, layout)
            if found is not None or os.path.lexists(path):
                there.add(layout.version)
            is_made = step.op == "create"
            if found is not None:
                metadata, indexed = found
                changes[metadata.id] = indexed
                # A copy that was made with its session goes and comes back with it.
                for copy, content in layout.companions(metadata):
                    if copy not in returned:
                        steps += self._copy_step(copy, content, make=is_made)
            elif (session_id := paths.id_of(path)) is not None:
                changes.setdefault(session_id, None)
                if is_made and layout.copies is not None:
                    steps.append(Step("move", layout.copies.path(session_id), derived=True))
        return [*steps, *self._steps(self._following(changes, there))]

    def _copy_step(self, path: str, data: bytes, *, make: bool) -> list[Step]:
        """The step that corrects a copy of metadata; empty if it is correct, or missing and not to `make`."""
        there = _small_file(f"{self._root}/{path}")
        if there == data or (there is None and not make):
            return []
        return [Step("replace", path, parts=[data], derived=True)]

    def built(self) -> SessionIndex:
        """An index made from all session files."""
        return index.build(self._metadata_of(paths.session_paths(self._root)))

    def remember(self) -> None:
        """Remember the state after the change, if the index was updated.

        Never raises: the change is done.  What is not remembered is compared next time.
        """
        try:
            state = self._state()
        except PersistenceError:
            self._left, self._end = (), None
            return
        followed = self._found and state[0] != self._found[0]
        self._left, self._end = (state, self._new_end) if followed else ((), None)

    # --- inside

    def _following(
        self, changes: Changes, layouts: Collection[int], gone: Collection[str] = ()
    ) -> bytes | None:
        """The bytes of the updated index; None if no index is needed.

        `layouts` are those of the changed sessions; `gone` are files that will not be there.
        """
        data = _small_file(self._path)
        is_needed = any(by_version(each).is_listed_by_index for each in layouts)
        if not changes or (data is None and not (is_needed and any(changes.values()))):
            return None
        try:
            if data is not None:
                return self._changed(data, changes, layouts, gone)
        except IndexCorrupted:
            pass
        return self._built(changes, layouts, gone)

    def _changed(
        self, data: bytes, changes: Changes, layouts: Collection[int], gone: Collection[str]
    ) -> bytes:
        is_ours = bool(self._left) and self._found == self._left
        if not is_ours:
            changes = {**self._differences(data), **changes}
        likely = index.likely_layout(data)
        if len(changes) <= _FEW and self._encoded_for(likely, layouts, gone) == likely:
            end = self._end if is_ours else None
            if (new := index_bytes.edited(data, changes, end)) is not None:
                self._new_end = new.end
                return new.data
        present, layout = index.decode(data)
        layout = self._encoded_for(layout, layouts, gone)
        return index.encode(index.changed(present, changes), layout)

    def _built(self, changes: Changes, layouts: Collection[int], gone: Collection[str]) -> bytes:
        layout = self._encoded_for(paths.emptied_layout(self._root), layouts, gone)
        return index.encode(index.changed(self.built(), changes), layout)

    def _encoded_for(self, present: int, layouts: Collection[int], gone: Collection[str]) -> int:
        """The layout in whose encoding the index is after the change.

        That is the `present` one as long as the store has such sessions: each program reads its own.
        """
        if present in layouts or not layouts or self._has_left(present, gone):
            return present
        return max(layouts)

    def _has_left(self, layout: int, gone: Collection[str]) -> bool:
        """Whether the store has sessions of a layout besides the files that will be gone."""
        folder = paths.folders()[layout]
        try:
            with os.scandir(self._root / folder) as entries:
                names = (each.name for each in entries if each.name.endswith(paths.SUFFIX))
                return any(os.path.join(folder, name) not in gone for name in names)
        except OSError:
            return False

    def _state(self) -> tuple[Signature | None, ...]:
        """Changes whenever a name in the folders changes, or the index."""
        folders = [self._root / folder for folder in paths.folders().values()]
        return tuple(Signature.at(path) for path in (self._path, *folders))

    def _differences(self, data: bytes) -> dict[UUID, SessionMetadata | None]:
        """Sessions that the index lacks, read from their files, and those in it that have no file."""
        listed = index_bytes.session_ids(data)
        if listed is None:
            listed = {session_id.bytes for session_id in index.decode(data)[0].sessions}
        files = {
            session_id.bytes: (layout, path)
            for layout, path in paths.session_paths(self._root)
            if (session_id := paths.id_of(path)) is not None
        }
        found: dict[UUID, SessionMetadata | None] = {
            UUID(bytes=each): None for each in listed - files.keys()
        }
        lacking = (files[each] for each in files.keys() - listed)
        found |= {metadata.id: metadata for metadata in self._metadata_of(lacking)}
        return found

    def _metadata_of(self, files: Iterator[tuple[int, str]]) -> Iterator[SessionMetadata]:
        reader = EntryReader(self._root, use_mmap=True)
        for layout, path in files:
            try:
                metadata = reader.metadata(layout, path)
            except PersistenceError:
                continue
            yield as_indexed(path, layout, metadata)


def _is_session(path: str) -> bool:
    return path.endswith(paths.SUFFIX) and os.path.dirname(path) in paths.folders().values()


def _metadata_inside(path: str, layout: Layout) -> tuple[SessionMetadata, SessionMetadata] | None:
    """The metadata from the file itself, since a copy may be out of date, and as the index holds them."""
    try:
        with OpenFile(path) as file:
            metadata = read_metadata(file.fd, file.size)
            return metadata, _as_indexed(file, layout, metadata)
    except PersistenceError:
        return None


def _small_file(path: str | Path) -> bytes | None:
    """The bytes of a file; None if there is none, empty if it cannot be read."""
    if not os.path.lexists(path):
        return None
    try:
        with OpenFile(path) as file:
            return b"" if file.size > limits.WHOLE_SECTION else file.read(file.size, 0)
    except PersistenceError:
        return b""
