"""What lies in the trash of a store: looking at it, bringing it back, and destroying it.

Strategy: the trash is the journal's own directories; a deleted session is a file in the `files/` of the
act that deleted it, and opens as any other.  Bringing back is an act of its own, which renames files
and never overwrites; its undo puts them where they lay.  Emptying is the one thing that
destroys: it takes whole acts, with the before-images that edits keep, oldest first, so that no
copy of what is gone is left behind in an older one.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from uuid import UUID

from agcx_format.disk.durable import Signature, os_reason
from agcx_format.disk.tree import NoFolder, Tree
from agcx_format.errors import PersistenceError, SessionNotFound, StaleSession
from agcx_format.model.session import SessionMetadata
from agcx_format.model.timestamps import ns_of
from agcx_format.store import paths
from agcx_format.store.acts.emptying import destroy
from agcx_format.store.acts.journal import FILES, read_acts
from agcx_format.store.acts.manifest import Act, ActSession, Step
from agcx_format.store.acts.plan import Change
from agcx_format.store.entries import EntryReader, ScanEntry
from agcx_format.store.index_keeper import as_indexed

__all__ = ["Emptied", "TrashedSession", "doomed", "empty", "restoration", "trashed"]


@dataclass(frozen=True, slots=True)
class TrashedSession:
    """A session file in the trash; `path` is where it lies now, `home` where it was in the store.

    `belongings` are its checkpoints and copies, by the place they had.  `size` is the bytes of all.
    """

    act: Act
    path: str
    home: str
    title: str
    size: int
    signature: Signature
    belongings: tuple[str, ...] = ()

    @property
    def id(self) -> UUID | None:
        return paths.id_of(self.home)

    def entry(self) -> ScanEntry | None:
        """As a list shows it; None when it was brought back or destroyed meanwhile.  Reads the file."""
        return _entry_in(Path(self.path.removesuffix(self.home)), self.home)


@dataclass(frozen=True, slots=True)
class Emptied:
    """What was destroyed: acts, the sessions among them that are nowhere any more, bytes set free."""

    acts: tuple[Act, ...]
    sessions: tuple[TrashedSession, ...]
    size: int

    @property
    def ids(self) -> frozenset[UUID]:
        """Of which no cache should hold a word now."""
        return frozenset(session.id for session in self.sessions if session.id is not None)


def trashed(root: Path, acts: Iterable[Act] | None = None) -> Iterator[TrashedSession]:
    """Every session in the trash, the last deleted first; of `acts` only, when given.

    Raises `PersistenceError` when the trash cannot be read.
    """
    for act in read_acts(root) if acts is None else acts:
        # Of one that was undone everything is back.
        if act.is_kept:
            yield from _sessions_of(root, act)


def _sessions_of(root: Path, act: Act) -> Iterator[TrashedSession]:
    """By what lies in `files/`: of an act whose manifest cannot be read, nothing else is known."""
    kept = _kept(root, act)
    named = {session.id: session.title for session in act.sessions if session.id}
    belonging: dict[str, list[str]] = {}
    for path in kept:
        if owner := _owner_of(path):
            belonging.setdefault(owner.lower(), []).append(path)
    files = root / paths.TRASH / act.id / FILES
    for home, signature in kept.items():
        if not home.endswith(paths.SUFFIX):
            continue
        name = str(paths.id_of(home) or "")
        belongings = tuple(belonging.get(name, ()))
        yield TrashedSession(
            act,
            str(files / home),
            home,
            _title_in(files, home) if act.problem else named.get(name) or os.path.basename(home),
            signature.size + sum(kept[path].size for path in belongings),
            signature,
            belongings,
        )


def _title_in(files: Path, home: str) -> str:
    """From the file itself, of an act whose manifest does not say it."""
    entry = _entry_in(files, home)
    return entry.title if entry else os.path.basename(home)


def _entry_in(files: Path, home: str) -> ScanEntry | None:
    # The copies of metadata that went along are where they would be in a store.
    layout = paths.layout_in(home).version
    return EntryReader(files, use_mmap=True).entry(layout, str(files / home))


def _kept(root: Path, act: Act) -> dict[str, Signature]:
    """The files of a store that lie in an act's directory, by the path that they had."""
    order = [step.path for step in act.steps if step.op == "move"]
    if act.problem is None and not order:
        return {}
    try:
        with Tree(root) as store, store.below(f"{paths.TRASH}/{act.id}") as home:
            if act.problem is None:
                found = ((path, home.signature(f"{FILES}/{path}")) for path in order)
                return {path: each for path, each in found if each is not None}
            cut = len(FILES) + 1
            return {path[cut:]: Signature.of(status) for path, status in home.walk(FILES)}
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as cause:
        raise PersistenceError(os_reason(cause), path=root / paths.TRASH / act.id) from None
    except NoFolder:
        # A link where its folder was, or a file: nothing that this act took lies there.
        return {}


def restoration(root: Path, wanted: Collection[TrashedSession]) -> Change:
    """What brings sessions back.

    `StaleSession` when something is where one of them was, or two of them were at one place;
    `SessionNotFound` when one is not in the trash any more.
    """
    steps: dict[str, Step] = {}
    sessions: list[ActSession] = []
    indexed: dict[UUID, SessionMetadata | None] = {}
    for session in wanted:
        entry = session.entry()
        if entry is None:
            raise SessionNotFound("in the trash any more", path=session.path)
        if session.home in steps:
            raise StaleSession("two of them were here", path=root / session.home)
        source = f"{paths.TRASH}/{session.act.id}/files"
        steps[session.home] = Step(
            "bring",
            session.home,
            expected=session.signature,
            source=f"{source}/{session.home}",
        )
        for path in session.belongings:
            steps.setdefault(path, Step("bring", path, source=f"{source}/{path}"))
        sessions.append(ActSession(str(session.id or ""), entry.title, session.size))
        if session.id is not None and entry.metadata is not None:
            indexed[session.id] = as_indexed(session.path, entry.layout, entry.metadata)
    return Change(list(steps.values()), sessions, indexed)


def doomed(acts: Iterable[Act], before: str | None = None) -> list[Act]:
    """Of the log, the acts that emptying would destroy: all, or those of before a moment.

    With one goes every act that brought something back out of it: nothing could be put back there.
    """
    there = [act for act in acts if act.emptied_at is None]
    limit = None if before is None else ns_of(before)
    gone = {act.id for act in there if limit is None or ns_of(act.created_at) < limit}
    return [act for act in there if act.id in gone or _sources(act) & gone]


def empty(root: Path, acts: Collection[Act]) -> Emptied:
    """Destroy for good what these acts kept; the store must be locked."""
    sessions = list(trashed(root, acts))
    size = destroy(root, acts)
    there = {paths.id_of(path) for _, path in paths.session_paths(root)}
    # The same session may lie in the trash a second time, of an act that stays.
    there |= {session.id for session in trashed(root)}
    gone = [session for session in sessions if session.id is None or session.id not in there]
    return Emptied(tuple(acts), tuple(gone), size)


def _sources(act: Act) -> set[str]:
    """The acts out of whose directories this one brought something."""
    return {PurePosixPath(step.source).parts[1] for step in act.steps if step.source is not None}


def _owner_of(path: str) -> str:
    """The id of the session that a checkpoint or a copy of metadata belongs to; else nothing."""
    folder, name = os.path.split(path)
    if folder == paths.CHECKPOINTS:
        return name.partition("_")[0].lower()
    copies = paths.copies_of_folder(folder)
    return name.removesuffix(copies.suffix).lower() if copies else ""
