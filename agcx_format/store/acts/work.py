"""What performing, undoing and recovering an act share: its transitions in order, and its directory."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Final, TypeVar

from agcx_format.disk.durable import (
    TEMPORARY,
    Signature,
    naming,
    temporary_beginning,
    write_new,
)
from agcx_format.disk.place import Folder, Place
from agcx_format.disk.syncs import Syncs
from agcx_format.disk.tree import Tree
from agcx_format.errors import PersistenceError, StaleSession
from agcx_format.store.acts.act_dirs import BEFORE, FILES, GONE, NEW, TAKEN
from agcx_format.store.acts.manifest import Act, Step
from agcx_format.store.acts.transitions import Fill, Swap, Transition, Vacate
from agcx_format.store.paths import TRASH

__all__ = [
    "Follow", "Work", "change_state", "clear_attempt", "edited_file", "is_copy", "kept_in", "place_aside",
    "remove_spares", "rename_act", "signature_behind", "write_derived",
]  # fmt: skip

# What overlayfs says of folders that are not, or not only, in its upper layer.
_LOWER_LAYER: Final = (
    "it is in a lower layer of an overlay, as in the image of a container, where no folder can be renamed; "
    "its sessions can be restored from the trash"
)

_M = TypeVar("_M", Vacate, Fill)

# Gives the files that follow from the sessions of an act as they must be now.
Follow = Callable[[Act], Iterable[Step]]


class Work:
    """The transitions of one act, in order, and the directory that keeps what they remove."""

    def __init__(self, store: Tree, act_dir: Tree) -> None:
        self._store, self._act_dir = store, act_dir
        # The folders of other acts that files are restored from.
        self._sources: set[str] = set()
        self._transitions: list[Transition] = []
        self._moves: dict[tuple[type, str, str], Vacate | Fill] = {}
        # Whether a failure left something that only `recovery` can take back.
        self._is_stuck = False

    def _do(
        self,
        derive: Callable[[], None],
        finish: Callable[[], None] = lambda: None,
    ) -> None:
        """Change the store; if anything goes wrong, take back what was done.

        `derive` writes the files that follow from the changed ones.  The final check comes last, so
        whoever saves after it saves after the act; then `finish` marks the act as done.
        """
        done: list[Transition] = []
        try:
            for each in self._transitions:
                done.append(each)
                each.do()
            derive()
            if not all(each.is_linked for each in done):
                # Without second names the files themselves moved there.
                with Syncs() as syncs:
                    self._add_kept(syncs)
            self._sync_store()
            for each in done:
                each.settle()
            with Syncs() as syncs:
                for folder in self._sources:
                    self._store.add_to(syncs, folder)
            for each in done:
                each.check()
            finish()
        except BaseException:
            if not self._is_finished():
                self._revert(done)
            raise

    def _is_finished(self) -> bool:
        """Whether `finish` has marked the act as done: a person may interrupt right after that."""
        return False

    def _revert(self, done: Sequence[Transition]) -> None:
        for each in reversed(done):
            try:
                each.revert()
            except StaleSession:
                # What another program saved stays, and what belongs there stays in the act.
                continue
            except (PersistenceError, OSError):
                self._is_stuck = True
        with suppress(OSError):
            self._sync_store()

    def _follow_back(self, act: Act, follow: Follow) -> None:
        """Have the derived files follow the sessions again when the act failed after them; never raises."""
        with suppress(PersistenceError, OSError):
            self._write_derived(follow(act))
            self._sync_store()

    def _write_derived(self, steps: Iterable[Step]) -> None:
        for step in steps:
            write_derived(self._store, step, self._side(NEW, step.path))

    def _add_kept(self, syncs: Syncs) -> None:
        """Have the act's directory synced, and the folders that keep files; nothing needs the others."""
        for folder in self._act_dir.open_folders():
            if folder.partition("/")[0] in ("", FILES, BEFORE, TAKEN):
                self._act_dir.add_to(syncs, folder)

    def _sync_store(self) -> None:
        """Sync the folders of the store that were changed; those in the trash are synced elsewhere."""
        with Syncs() as syncs:
            for folder in self._store.open_folders():
                if folder != TRASH and not folder.startswith(f"{TRASH}/"):
                    self._store.add_to(syncs, folder)

    def _side(self, side: str, path: str) -> Place:
        return self._act_dir.place(f"{side}/{path}", make=True)

    def _swapping(self, act_id: str, path: str, side: str, expected: Signature) -> Swap:
        """The transition of a file that is replaced, and kept on this side of the act's directory."""
        target, spare = edited_file(self._store, self._act_dir, act_id, path)
        aside = partial(place_aside, self._act_dir, path, target, spare)
        return Swap(target, spare, self._side(side, path), expected, aside)

    def _kept(self, side: str, folder: str) -> Folder:
        """The folder of the act's directory for the files of a folder of the store."""
        return self._act_dir.opened(f"{side}/{folder}" if folder else side, make=True)

    def _moving(self, kind: type[_M], step: Step, side: str) -> _M:
        """The transition of the files that move as this one does, between the store and the act's directory.

        What is restored moves between the store and the act that deleted it.
        """
        folder, source = step.path.rpartition("/")[0], step.source or ""
        within = source.rpartition("/")[0]
        found = self._moves.get((kind, folder, within))
        if not isinstance(found, kind):
            other = self._source(within) if within else self._kept(side, folder)
            target = self._store.opened(folder, make=True)
            found = self._moves[kind, folder, within] = kind(
                target, other, self._kept(GONE, folder)
            )
            self._transitions.append(found)
        return found

    def _source(self, folder: str) -> Folder:
        """A folder of another act, from which files were restored."""
        self._sources.add(folder)
        return self._store.opened(folder, make=True)


def edited_file(store: Tree, act_dir: Tree, act_id: str, path: str) -> tuple[Place, Place]:
    """The file that an edit replaces, and the place of its other version until the act is done.

    An edit follows a symbolic link.  An exchange needs both versions on one file system, so the other
    one is then beside the file, under a name that is the same after a crash.
    """
    target = store.place(path, make=True)
    if not target.is_link():
        return target, act_dir.place(f"{NEW}/{path}", make=True)
    real = store.target_of(target)
    random = act_id.rpartition("-")[2]
    return real, real.beside(f"{temporary_beginning(real.name)}{random}{TEMPORARY}")


def place_aside(act_dir: Tree, path: str, target: Place, spare: Place) -> Place:
    """Where what comes out of `target` lies for a moment, on a file system that cannot exchange two files.

    If a crash leaves another program's save there, recovery puts it back.
    """
    if spare.fd == target.fd:
        # Like that of the spare, the name is the same after a crash.
        return spare.beside(f"{spare.name.removesuffix(TEMPORARY)}-out{TEMPORARY}")
    return act_dir.place(f"{GONE}/{path}", make=True)


def remove_spares(store: Tree, act_dir: Tree, act_id: str, steps: Iterable[Step]) -> None:
    """Remove what edits through links left beside the files that they change; never raises."""
    for step in steps:
        with suppress(OSError, PersistenceError):
            place = store.find(step.path) if step.op == "replace" else None
            if place is not None and place.is_link():
                target, spare = edited_file(store, act_dir, act_id, step.path)
                for beside in (spare, place_aside(act_dir, step.path, target, spare)):
                    beside.unlink()


def write_derived(store: Tree, step: Step, new: Place) -> None:
    """Replace a file that follows from the sessions, by way of `new`; a `move` removes it.

    The caller syncs its folder.
    """
    place = store.place(step.path, make=True)
    with naming(place.path):
        new.unlink()
        if step.op == "move":
            place.unlink()
        else:
            write_new(new.fd, new.name, step.parts, like=place.target_status())
            new.rename(place)


def rename_act(store: Tree, old: str, new: str) -> None:
    """Move an act to another state, durably: the name of its directory carries the state.

    Raises:
        PersistenceError: it is in a layer of a container's image.
    """
    change_state(store, old, new)
    store.sync(TRASH)


def change_state(store: Tree, old: str, new: str) -> None:
    """The same, durable only after a sync of the trash."""
    trash = store.folder(TRASH)
    try:
        os.rename(old, new, src_dir_fd=trash, dst_dir_fd=trash)
    except OSError as cause:
        if cause.errno != errno.EXDEV:
            raise
        raise PersistenceError(_LOWER_LAYER, path=store.full(f"{TRASH}/{old}")) from cause


def signature_behind(store: Tree, step: Step) -> Signature | None:
    """The signature of a step's file now; of an edit through a link, of the file behind it."""
    place = store.find(step.path)
    if place is None:
        return None
    if step.op == "replace" and place.is_link():
        with suppress(OSError):
            return store.target_of(place).signature()
    return place.signature()


def kept_in(store: Tree, act_dir: Tree, steps: Iterable[Step]) -> bool:
    """Whether an act's directory has a version that is not in its place in the store."""
    for step in steps:
        side = {"move": FILES, "replace": BEFORE}.get(step.op)
        place = act_dir.find(f"{side}/{step.path}") if side else None
        kept = place and place.signature()
        if kept is not None and not is_copy(kept, signature_behind(store, step)):
            return True
    return False


def is_copy(kept: Signature, now: Signature | None) -> bool:
    """Whether it is the same file, or, where there are no links, a copy with the same times."""
    return now is not None and (kept.size, kept.mtime_ns) == (now.size, now.mtime_ns)


def clear_attempt(store: Tree, act_dir: Tree, steps: Iterable[Step]) -> None:
    """Remove the second names of an undo that failed."""
    for step in steps:
        now = signature_behind(store, step)
        for side in (TAKEN, NEW, GONE):
            place = act_dir.find(f"{side}/{step.path}")
            if place is not None and place.signature() in (now, step.after):
                place.unlink()
