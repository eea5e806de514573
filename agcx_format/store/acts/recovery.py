"""Deal with what a crash left of an act, from the files alone.

Strategy: a pending act is taken back; an undo or an emptying is finished.  Each step is decided by which
files are where, so recovery is idempotent: it can itself be interrupted and repeated.  It changes
only what a valid manifest names.  What another program saved meanwhile stays in its place, and the
version that belongs there stays in the act, which is then listed as done.  The store must be
locked: an act whose writer is alive is never touched.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain
from pathlib import Path

from msgspec import structs

from agcx_format.disk.compare_and_swap import ANYTHING, put, replace_if, swap, take
from agcx_format.disk.durable import Signature, sync_directory_of
from agcx_format.disk.place import Place
from agcx_format.disk.tree import Tree
from agcx_format.errors import PersistenceError, StaleSession
from agcx_format.store.acts.act_dirs import (
    BEFORE,
    EMPTYING,
    FILES,
    GONE,
    LAST,
    MANIFEST,
    NEW,
    PENDING,
    SAVE,
    SIDES,
    TAKEN,
    UNDONE,
    folders_of,
    unfinished,
)
from agcx_format.store.acts.journal import read_act
from agcx_format.store.acts.manifest import Act, Step, encode
from agcx_format.store.acts.removing import (
    finish_emptying,
    remove_kept,
    remove_manifest,
    remove_named,
    remove_temporaries,
)
from agcx_format.store.acts.transitions import give_second_name
from agcx_format.store.acts.work import (
    Follow,
    clear_attempt,
    edited_file,
    is_copy,
    kept_in,
    place_aside,
    remove_spares,
    rename_act,
    write_derived,
)
from agcx_format.store.paths import TRASH, written_folders

__all__ = ["recover"]


def recover(
    root: Path, after_undo: Follow = lambda act: (), after_rollback: Follow = lambda act: ()
) -> list[Path]:
    """Deal with every interrupted act; returns the directories that were found.

    What follows from the sessions of an act comes from `after_undo` if a person asked to take it back,
    and from `after_rollback` if it never came to its end.

    Never raises: an act that cannot be dealt with stays, `verify` reports it, and the store works.
    """
    found = unfinished(root)
    if not found:
        return []
    with suppress(OSError), Tree(root) as store:
        for path in found:
            with suppress(OSError, PersistenceError):
                _recover_one(
                    store, path, after_rollback if path.name.endswith(PENDING) else after_undo
                )
    return found


def _recover_one(store: Tree, path: Path, follow: Follow) -> None:
    act, name = read_act(path), path.name
    if act is None:
        return
    with store.below(f"{TRASH}/{name}") as act_dir:
        if not act_dir.names():
            store.remove_folder(f"{TRASH}/{name}")
        elif name.endswith(EMPTYING):
            # No history names a save.
            finish = remove_kept if act.kind == SAVE else finish_emptying
            finish(store, act_dir, name, act)
        elif act.problem is None:
            _Interrupted(store, act_dir, name, act).resolve(follow)
        elif name.endswith(PENDING):
            _without_manifest(store, act_dir, name, act)


def _without_manifest(store: Tree, act_dir: Tree, name: str, act: Act) -> None:
    """An act that was interrupted before its manifest was on the disk, so before anything moved.

    Second names of files that are in their places go, and so do new files that are still empty.  Where
    other files belong is unknown, but the trash can show and restore them.
    """
    for side in (FILES, BEFORE):
        for path, status in list(act_dir.walk(side)):
            place = act_dir.find(path)
            if place is not None and store.signature(path.removeprefix(f"{side}/")) == (
                Signature.of(status)
            ):
                place.unlink()
    for path, status in list(act_dir.walk(NEW)):
        if _is_empty_file(status) and (place := act_dir.find(path)) is not None:
            place.unlink()
    manifest = act_dir.place(MANIFEST)
    if (found := manifest.signature()) is not None and found.size == 0:
        manifest.unlink()
    if next(act_dir.walk(FILES), None):
        rename_act(store, name, act.id)
        return
    # Removing a folder fails if there is anything in it.
    for side in SIDES:
        for folder in written_folders():
            act_dir.remove_folder(f"{side}/{folder}".rstrip("/"))
        act_dir.remove_folder(side)
    store.remove_folder(f"{TRASH}/{name}")


def _is_empty_file(status: os.stat_result) -> bool:
    return stat.S_ISREG(status.st_mode) and status.st_size == 0


class _Interrupted:
    """An act or an undo that was interrupted, with a valid manifest."""

    def __init__(self, store: Tree, act_dir: Tree, name: str, act: Act) -> None:
        self._store, self._act_dir, self._name, self._act = store, act_dir, name, act
        self._steps: Sequence[Step] = [step for step in act.steps if not step.derived]

    def resolve(self, follow: Follow) -> None:
        is_pending = self._name.endswith(PENDING)
        if self._act.ready:
            self._return_last()
            for step in reversed(self._steps):
                with suppress(StaleSession):
                    self._take_back(step)
            with suppress(PersistenceError, OSError):
                for step in follow(self._act):
                    write_derived(self._store, step, self._side(NEW, step))
            self._sync()
        remove_spares(self._store, self._act_dir, self._act.id, self._steps)
        left = {step.path for step in self._steps if kept_in(self._store, self._act_dir, [step])}
        if left:
            if not is_pending:
                left.update(self._created_again())
            self._keep(left)
        elif is_pending:
            if remove_named(self._act_dir, self._act.steps):
                remove_manifest(self._store, self._act_dir, self._name)
        else:
            for step in self._steps:
                for side in (NEW, GONE, BEFORE):
                    self._side(side, step).unlink()
            for folder in self._act_dir.open_folders():
                remove_temporaries(self._act_dir, folder, self._steps)
            rename_act(self._store, self._name, self._act.id + UNDONE)

    def _created_again(self) -> Iterator[str]:
        """Put what an undo that cannot be finished has removed in its place again."""
        for step in self._steps:
            taken = self._act_dir.find(f"{TAKEN}/{step.path}")
            if step.op == "create" and taken is not None and taken.is_taken():
                with suppress(StaleSession):
                    put(taken, self._store.place(step.path, make=True))
                    yield step.path
        self._sync()

    def _keep(self, left: Collection[str]) -> None:
        """Keep the versions that have no other place as an act of these steps alone."""
        clear_attempt(self._store, self._act_dir, self._steps)
        if len(left) < len(self._steps):
            steps = tuple(step for step in self._steps if step.path in left)
            with suppress(PersistenceError):
                data = encode(structs.replace(self._act, steps=steps))
                replace_if(self._act_dir.place(MANIFEST), [data], ANYTHING)
        rename_act(self._store, self._name, self._act.id)

    def _return_last(self) -> None:
        """Put back what another program had saved when its file was moved out, just before the crash.

        It has the name of the last one that is missing, since files leave in their order.
        """
        for folder in folders_of(step.path for step in self._steps):
            last = self._act_dir.find(f"{GONE}/{folder}/{LAST}" if folder else f"{GONE}/{LAST}")
            out = last and last.signature()
            if last is None or out is None:
                continue
            files = [
                (target, target.signature(), kept.signature())
                for target, kept in self._leaving(folder)
            ]
            missing = [target for target, now, version in files if version and not now]
            is_ours = any(
                is_copy(each, out) for _, *both in files for each in both if each is not None
            )
            if missing and not is_ours:
                put(last, missing[-1])
                sync_directory_of(missing[-1].fd)
            # Otherwise it is kept, or an even later save has filled its place.
            last.unlink()

    def _leaving(self, folder: str) -> Iterator[tuple[Place, Place]]:
        """The places that the files of a folder leave and where they are kept, in the order of `Work`."""
        is_pending = self._name.endswith(PENDING)
        ops, side = (("move",), FILES) if is_pending else (("create", "restore"), TAKEN)
        # What one other act had moved goes back there together.
        together: dict[str, list[Step]] = {}
        for step in self._steps if is_pending else reversed(self._steps):
            if step.op in ops and step.path.rpartition("/")[0] == folder:
                together.setdefault((step.source or "").rpartition("/")[0], []).append(step)
        for step in chain.from_iterable(together.values()):
            kept = self._side(side, step)
            if step.source is not None:
                kept = self._store.place(step.source, make=True)
            yield self._store.place(step.path, make=True), kept

    def _take_back(self, step: Step) -> None:
        """Restore one file to its state before the act.  Idempotent."""
        target = self._store.place(step.path, make=True)
        if step.op == "move":
            self._move_back(step, target)
        elif step.op == "replace":
            self._swap_back(step)
        elif step.after is not None:
            self._return_foreign(self._gone(step), target, step.after)
            now = target.signature()
            if now is not None and is_copy(step.after, now):
                self._remove_created(step, target, now)

    def _gone(self, step: Step) -> Place | None:
        return self._act_dir.find(f"{GONE}/{step.path}")

    def _return_foreign(self, gone: Place | None, target: Place, *ours: Signature | None) -> None:
        """Put back what another program saved if it came out and was not put back before the crash."""
        out = gone.signature() if gone is not None else None
        if gone is None or out is None or any(each and is_copy(each, out) for each in ours):
            return
        with suppress(StaleSession):
            if put(gone, target):
                sync_directory_of(target.fd)
                gone.unlink()

    def _move_back(self, step: Step, target: Place) -> None:
        kept = self._side(FILES, step)
        version = kept.signature()
        self._return_foreign(self._gone(step), target, version)
        if version is None:
            return
        if target.signature() != version:
            put(kept, target)
        self._store.sync(step.path.rpartition("/")[0])
        kept.unlink()

    def _remove_created(self, step: Step, target: Place, now: Signature) -> None:
        if step.source is not None:
            source = self._store.place(step.source, make=True)
            if not source.is_taken():
                put(target, source)
            # It is in the directory of another act.
            self._store.sync(step.source.rpartition("/")[0])
        elif not self._name.endswith(PENDING):
            taken = self._side(TAKEN, step)
            if not taken.is_taken():
                put(target, taken)
        self._act_dir.sync_all()
        gone = self._side(GONE, step)
        gone.unlink()
        if target.is_taken():
            take(target, gone, now)
            gone.unlink()

    def _swap_back(self, step: Step) -> None:
        target, spare = edited_file(self._store, self._act_dir, self._act.id, step.path)
        before, after = self._side(BEFORE, step), step.after
        old, came_out, now = before.signature(), spare.signature(), target.signature()
        if old is None or after is None:
            return
        aside = partial(place_aside, self._act_dir, step.path, target, spare)
        if now is None:
            self._return_foreign(aside(), target, old, after)
            now = target.signature()
        is_new = now is not None and now != old and is_copy(after, now)
        is_foreign = came_out is not None and not (
            is_copy(old, came_out) or is_copy(after, came_out)
        )
        if now is not None and is_foreign and (is_new or is_copy(old, now)):
            # The exchange brought out another program's save, which was not put back before the crash.
            swap(spare, target, now, aside)
        elif now is not None and is_new:
            give_second_name(before, spare)
            if (
                not self._name.endswith(PENDING)
                and not (taken := self._side(TAKEN, step)).is_taken()
            ):
                give_second_name(target, taken)
            self._act_dir.sync_all()
            swap(spare, target, now, aside)
        elif now is None:
            give_second_name(before, spare)
            put(spare, target)

    def _side(self, side: str, step: Step) -> Place:
        return self._act_dir.place(f"{side}/{step.path}", make=True)

    def _sync(self) -> None:
        self._store.sync_all()
        self._act_dir.sync_all()
