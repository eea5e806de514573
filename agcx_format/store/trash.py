"""The trash of a store: what is in it, restoring it, and destroying it.

Strategy: the trash consists of the acts' directories; a deleted session is a file in `files/` of the act
that deleted it, and opens like any other.  Restoring is an act of its own, which moves files
and never overwrites; its undo moves them back to the trash.  Emptying destroys: it takes
complete acts, with the versions that edits replaced, so that no older act keeps a copy.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Set
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from agcx_format.counting import counted
from agcx_format.disk.durable import Signature, os_reason
from agcx_format.disk.tree import NoFolder, Tree
from agcx_format.errors import PersistenceError
from agcx_format.layout import checkpoint
from agcx_format.model.timestamps import ns_of
from agcx_format.store import paths
from agcx_format.store.acts.act_dirs import FILES, UNDONE, act_names
from agcx_format.store.acts.journal import read_acts
from agcx_format.store.acts.manifest import Act
from agcx_format.store.entries import EntryReader, ScanEntry

if TYPE_CHECKING:
    from agcx_format.store.acts.destroying import Destruction

__all__ = [
    "DestroyedInPart", "Emptied", "TrashedSession", "acts_about", "destroyed", "empty", "to_destroy",
    "trashed", "with_dependents",
]  # fmt: skip


class TrashedSession(msgspec.Struct, frozen=True, gc=False):
    """A session file in the trash.

    Fields:
        act: the act that deleted it.
        path: where it is now.
        origin: where it was, relative to the store; where restoring puts it.
        title: its title, or the name of its file.
        size: bytes of the file and of its checkpoints.
        signature: the file as it was found.
        belongings: where its checkpoints and copies of its metadata were, relative to the store.
        is_version: the act did not delete the session, but wrote it again under another path.
    """

    act: Act
    path: str
    origin: str
    title: str
    size: int
    signature: Signature
    belongings: tuple[str, ...] = ()
    is_version: bool = False

    @property
    def id(self) -> UUID | None:
        """The session's id; None if the name of its file is not a UUID."""
        return paths.id_of(self.origin)

    @property
    def name(self) -> str:
        """The id as text, which is cheaper to get; empty if the name of its file is not a UUID."""
        name = self.origin.rpartition("/")[2].removesuffix(paths.SUFFIX)
        return name.lower() if paths.is_uuid(name) else ""

    def entry(self) -> ScanEntry | None:
        """Its entry, read from the file; None if it was restored or destroyed meanwhile."""
        return _entry_in(Path(self.path.removesuffix(self.origin)), self.origin)


class Emptied(msgspec.Struct, frozen=True):
    """What was destroyed.

    Fields:
        acts: the acts that were emptied.
        sessions: deleted sessions without any other version.
        size: bytes that were freed.
    """

    acts: tuple[Act, ...]
    sessions: tuple[TrashedSession, ...]
    size: int

    @property
    def count(self) -> int:
        """How many sessions they are: of one the trash may have had several versions."""
        return len({session.name or session.origin for session in self.sessions})

    @property
    def ids(self) -> frozenset[UUID]:
        """Ids of the sessions, which every cache should now forget."""
        return frozenset(session.id for session in self.sessions if session.id is not None)


_NOTHING = Emptied((), (), 0)


class DestroyedInPart(PersistenceError):
    """Something could not be destroyed, after other things were.

    Fields:
        gone: what was destroyed; its `size` is 0 where emptying the trash failed.
    """

    def __init__(self, reason: str, *, gone: Emptied = _NOTHING, **where: Any) -> None:
        super().__init__(reason, **where)
        self.gone = gone


def trashed(root: Path, acts: Iterable[Act] | None = None) -> Iterator[TrashedSession]:
    """Every session in the trash, the last deleted first; with `acts`, only theirs.

    Raises:
        PersistenceError: the trash cannot be read.
    """
    # An act that was undone keeps nothing.
    kept = [act for act in (read_acts(root) if acts is None else acts) if act.is_kept]
    if not kept:
        return
    try:
        store = Tree(root)
    except OSError as cause:
        raise PersistenceError(os_reason(cause), path=root) from None
    with store:
        for act in kept:
            yield from _sessions_of(store, act)


def _sessions_of(store: Tree, act: Act) -> Iterator[TrashedSession]:
    """From the files in `files/`: if the manifest cannot be read, nothing else is known."""
    kept = _kept(store, act)
    if not kept:
        return
    named = {session.id: session.title for session in act.sessions}
    belonging: dict[str, list[str]] = {}
    for path in kept:
        if owner := _owner_of(path):
            belonging.setdefault(owner.lower(), []).append(path)
    files = store.full(f"{paths.TRASH}/{act.id}/{FILES}")
    written = {os.path.basename(step.path).lower() for step in act.steps if step.op == "create"}
    for origin, signature in kept.items():
        if not origin.endswith(paths.SUFFIX):
            continue
        base = origin.rpartition("/")[2]
        name = base.removesuffix(paths.SUFFIX).lower()
        belongings = tuple(belonging.get(name, ()))
        yield TrashedSession(
            act,
            f"{files}/{origin}",
            origin,
            _title_in(Path(files), origin) if act.problem else named.get(name) or base,
            signature.size
            + sum([kept[path].size for path in belongings if path.endswith(checkpoint.SUFFIX)]),
            signature,
            belongings,
            base.lower() in written,
        )


def _title_in(files: Path, origin: str) -> str:
    """From the file itself, if the manifest does not say it."""
    entry = _entry_in(files, origin)
    return entry.title if entry else os.path.basename(origin)


def _entry_in(files: Path, origin: str) -> ScanEntry | None:
    # The copies of metadata are beside it as they would be in a store.
    layout = paths.layout_in(origin).version
    return EntryReader(files, use_mmap=True).entry(layout, str(files / origin))


def _kept(store: Tree, act: Act) -> dict[str, Signature]:
    """The files of the store that an act's directory keeps, by their paths in the store."""
    order = [step.path for step in act.steps if step.op == "move"]
    if act.problem is None and not order:
        return {}
    try:
        if act.problem is None:
            return store.signatures(f"{paths.TRASH}/{act.id}/{FILES}", order)
        with store.below(f"{paths.TRASH}/{act.id}") as act_dir:
            cut = len(FILES) + 1
            return {path[cut:]: Signature.of(status) for path, status in act_dir.walk(FILES)}
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as cause:
        raise PersistenceError(
            os_reason(cause), path=store.full(f"{paths.TRASH}/{act.id}")
        ) from None
    except NoFolder:
        # A link or a file where its folder was: nothing of this act is there.
        return {}


def to_destroy(acts: Iterable[Act], before: str | None = None) -> list[Act]:
    """The acts that emptying would destroy: all that are left, or those before a moment (RFC 3339).

    An act that restored something from one of these goes as well: its undo would have nowhere to
    put it.
    """
    there = [act for act in acts if act.emptied_at is None]
    limit = None if before is None else ns_of(before)
    gone = {act.id for act in there if limit is None or ns_of(act.created_at) < limit}
    return with_dependents(there, gone)


def with_dependents(acts: Iterable[Act], gone: Set[str]) -> list[Act]:
    """The acts of these ids, and those that restored something from one of them."""
    return [act for act in acts if act.id in gone or _sources(act) & gone]


def acts_about(acts: Iterable[Act], act: Act) -> list[Act]:
    """The acts that keep a version of a session that `act` changed, or of what belongs to one.

    As in `to_destroy`, an act that restored something from one of these goes as well.
    """
    there, wanted = list(acts), _owners(act)
    gone = {each.id for each in there if each.id == act.id or _owners(each) & wanted}
    return with_dependents(there, gone)


def _owners(act: Act) -> set[str]:
    """The ids of the sessions whose files an act changed."""
    found = set()
    for step in act.steps:
        name = os.path.basename(step.path)
        is_session = name.endswith(paths.SUFFIX)
        found.add(name.removesuffix(paths.SUFFIX).lower() if is_session else _owner_of(step.path))
    return found - {""}


def empty(root: Path, acts: Collection[Act]) -> Emptied:
    """Permanently destroy what these acts keep; the store must be locked.

    Raises:
        StoreNotWritable: the store may not be written.
        PersistenceError: nothing could be removed.
        DestroyedInPart: something could not be removed.
    """
    from agcx_format.store.acts.emptying import destroy

    sessions = list(trashed(root, acts))
    try:
        size = destroy(root, acts)
    except PersistenceError as error:
        whole = set(act_names(root))
        begun = [act for act in acts if not whole & {act.id, act.id + UNDONE}]
        if not begun:
            raise
        gone = _emptied(root, begun, sessions, 0)
        raise DestroyedInPart(error.reason, gone=gone, path=error.path) from error
    return _emptied(root, acts, sessions, size)


def _emptied(
    root: Path, acts: Iterable[Act], sessions: Iterable[TrashedSession], size: int
) -> Emptied:
    """What is gone of the `sessions` that these acts kept."""
    there = {paths.id_of(path) for _, path in paths.session_paths(root)}
    # The trash may have the same session a second time, of an act that stays.
    there |= {session.id for session in trashed(root)}
    gone = [session for session in sessions if session.id is None or session.id not in there]
    return Emptied(tuple(acts), tuple(gone), size)


def destroyed(root: Path, done: Destruction, entries: Iterable[ScanEntry]) -> Emptied:
    """What was destroyed where it was, without sessions that the trash has as well.

    Raises:
        DestroyedInPart: something is still there.
    """
    kept = {session.id for session in trashed(root)}
    relative = paths.relative_paths(root)
    gone = Emptied(
        (done.act,),
        tuple(
            TrashedSession(
                done.act, each.path, relative(each.path), each.title, each.size, each.signature
            )
            for each in entries
            if (each.id is None or each.id not in kept) and not os.path.lexists(each.path)
        ),
        done.size,
    )
    failed = done.failed
    if failed is None:
        return gone
    count = f"destroyed {counted(done.act.count, 'session')}, then it failed"
    if isinstance(failed, PersistenceError):
        raise DestroyedInPart(f"{count}: {failed.reason}", gone=gone, path=failed.path) from failed
    if isinstance(failed, OSError):
        raise DestroyedInPart(f"{count}: {os_reason(failed)}", gone=gone, path=root) from failed
    raise failed


def _sources(act: Act) -> set[str]:
    """The acts from whose directories this one restored something."""
    return {PurePosixPath(step.source).parts[1] for step in act.steps if step.source is not None}


def _owner_of(path: str) -> str:
    """The id of the session that a checkpoint or a copy of metadata belongs to; else empty."""
    if "/" not in path:
        # Nothing of that kind is in the store itself.
        return ""
    folder, name = os.path.split(path)
    if folder == paths.CHECKPOINTS:
        return name.partition("_")[0].lower()
    copies = paths.copies_of_folder(folder)
    return name.removesuffix(copies.suffix).lower() if copies else ""
