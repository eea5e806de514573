"""Set right what a crash left of an act, from the files alone.

Strategy: a pending act is taken back, an undo and an emptying that were begun are finished.  Each step is
judged by what lies where, so recovery can itself be interrupted and repeated.  It changes
nothing but what a manifest names that is read and understood; what another program saved meanwhile stays
in its place, and the version that belonged there stays in the act, which is then listed as done.
The store must be locked: an act whose writer lives is never touched.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace as with_changes
from pathlib import Path

from agcx_format.disk.compare_and_swap import ANYTHING, put, replace_if, swap, take
from agcx_format.disk.durable import TEMPORARY, is_temporary, remove_unused, temporary_beginning
from agcx_format.disk.tree import Place, Tree
from agcx_format.errors import PersistenceError, StaleSession
from agcx_format.store.acts import emptied
from agcx_format.store.acts.journal import (
    BEFORE,
    EMPTYING,
    FILES,
    GONE,
    MANIFEST,
    NEW,
    PENDING,
    SIDES,
    TAKEN,
    UNDONE,
    read_act,
    unfinished,
)
from agcx_format.store.acts.manifest import Act, Step, encode
from agcx_format.store.acts.perform import Follow
from agcx_format.store.acts.transitions import second_name
from agcx_format.store.acts.work import (
    clear_attempt,
    is_copy,
    kept_in,
    rename_act,
    spare_name,
    write_derived,
)
from agcx_format.store.paths import TRASH

__all__ = ["finish_emptying", "recover"]

# What `temporary_name` puts behind a name.
_RANDOM_END = f"0123456789ab{TEMPORARY}"


def recover(root: Path, follow: Follow = lambda act: ()) -> list[Path]:
    """Deal with every act that was interrupted; gives the directories that it looked at.

    Never raises for one that cannot be dealt with: it stays, `verify` finds it, and the store works.
    """
    found = unfinished(root)
    if not found:
        return []
    with suppress(OSError), Tree(root) as store:
        for home in found:
            with suppress(OSError, PersistenceError):
                _recover_one(store, home, follow)
    return found


def _recover_one(store: Tree, home: Path, follow: Follow) -> None:
    act = read_act(home)
    if act is None:
        return
    with store.below(f"{TRASH}/{home.name}") as inside:
        if not inside.names():
            store.remove_folder(f"{TRASH}/{home.name}")
            return
        if home.name.endswith(EMPTYING):
            finish_emptying(store, inside, home.name, act)
        elif act.problem is not None:
            if home.name.endswith(PENDING) and next(inside.walk(FILES), None):
                # Nobody knows where these belong, but they can be seen in the trash and restored.
                rename_act(store, home.name, act.id)
        else:
            _Interrupted(store, inside, home.name, act).resolve(follow)


def finish_emptying(store: Tree, home: Tree, name: str, act: Act) -> None:
    """Remove what the manifest of an act names, and fold the act into the log."""
    if act.problem is not None:
        return
    if _remove_named(home, act.steps):
        emptied.append(store, [act])
        _remove_manifest(store, home, name)


def _remove_manifest(store: Tree, home: Tree, name: str) -> None:
    """The last thing: until then what is left over can be told to be ours."""
    home.place(MANIFEST).unlink()
    store.remove_folder(f"{TRASH}/{name}")
    store.sync(TRASH)


def _remove_named(home: Tree, steps: Sequence[Step]) -> bool:
    """Remove what an act keeps, file by file as its manifest names them, and folders left empty.

    Whether nothing but the manifest is left.
    """
    folders = {""}
    for side in SIDES:
        for step in steps:
            path = f"{side}/{step.path}"
            place = home.find(path)
            if place is not None:
                with suppress(OSError):
                    place.unlink()
            while path := path.rpartition("/")[0]:
                folders.add(path)
    folders.discard("")
    folders.update(SIDES)
    for folder in sorted(folders, key=lambda path: path.count("/"), reverse=True):
        _remove_temporaries(home, folder, steps)
        home.remove_folder(folder)
    _remove_temporaries(home, "", steps)
    return home.names() == [MANIFEST]


def _remove_temporaries(home: Tree, folder: str, steps: Iterable[Step]) -> None:
    """What was being written when the machine stopped, for files that the manifest names."""
    beginnings = {temporary_beginning(os.path.basename(step.path)) for step in steps}
    beginnings.add(temporary_beginning(MANIFEST))
    for name in home.names(folder):
        if is_temporary(name) and name[: -len(_RANDOM_END)] in beginnings:
            with suppress(OSError):
                remove_unused(home.folder(folder), name)


class _Interrupted:
    """An act or an undo that was begun, with a manifest that is understood."""

    def __init__(self, store: Tree, home: Tree, name: str, act: Act) -> None:
        self._store, self._home, self._name, self._act = store, home, name, act
        self._steps: Sequence[Step] = [step for step in act.steps if not step.derived]

    def resolve(self, follow: Follow) -> None:
        is_pending = self._name.endswith(PENDING)
        if self._act.ready:
            for step in reversed(self._steps):
                with suppress(StaleSession):
                    self._take_back(step)
            with suppress(PersistenceError, OSError):
                for step in follow(self._act):
                    write_derived(self._store, step, self._side(NEW, step))
            self._sync()
        self._remove_spares()
        left = [step for step in self._steps if kept_in(self._store, self._home, [step])]
        if left:
            self._keep(left)
        elif is_pending:
            if _remove_named(self._home, self._act.steps):
                _remove_manifest(self._store, self._home, self._name)
        else:
            for step in self._steps:
                for side in (NEW, GONE, BEFORE):
                    self._side(side, step).unlink()
            for folder in self._home.open_folders():
                _remove_temporaries(self._home, folder, self._steps)
            rename_act(self._store, self._name, self._act.id + UNDONE)

    def _keep(self, left: Sequence[Step]) -> None:
        """What has no other place any more stays an act, of these steps alone."""
        clear_attempt(self._store, self._home, self._steps)
        if len(left) < len(self._steps):
            with suppress(PersistenceError):
                data = encode(with_changes(self._act, steps=tuple(left)))
                replace_if(self._home.place(MANIFEST), [data], ANYTHING)
        rename_act(self._store, self._name, self._act.id)

    def _take_back(self, step: Step) -> None:
        """Put one file back as it was before the act: idempotent."""
        target = self._store.place(step.path, make=True)
        if step.op == "move":
            self._return(step, target)
        elif step.op == "replace":
            self._swap_back(step, target)
        elif target.signature() == step.after is not None:
            self._take_out(step, target)

    def _return(self, step: Step, target: Place) -> None:
        kept, gone = self._side(FILES, step), self._home.find(f"{GONE}/{step.path}")
        version = kept.signature()
        out = gone.signature() if gone is not None else None
        if gone is not None and out is not None and not (version and is_copy(version, out)):
            # What came out was another program's save, and it was not put back any more.
            with suppress(StaleSession):
                if put(gone, target):
                    gone.unlink()
        if version is None:
            return
        if target.signature() != version:
            put(kept, target)
        self._store.sync(step.path.rpartition("/")[0])
        kept.unlink()

    def _take_out(self, step: Step, target: Place) -> None:
        assert step.after is not None
        if step.source is not None:
            source = self._store.place(step.source, make=True)
            if not source.is_taken():
                put(target, source)
        elif not self._name.endswith(PENDING):
            taken = self._side(TAKEN, step)
            if not taken.is_taken():
                put(target, taken)
        self._home.sync_all()
        gone = self._side(GONE, step)
        gone.unlink()
        if target.is_taken():
            take(target, gone, step.after)
            gone.unlink()

    def _swap_back(self, step: Step, target: Place) -> None:
        spare = self._spare(step)
        if target.is_link():
            target = self._store.behind(target)
        before, after = self._side(BEFORE, step), step.after
        old, came_out, now = before.signature(), spare.signature(), target.signature()
        if old is None or after is None:
            return
        is_foreign = came_out not in (None, after) and not is_copy(old, came_out)
        if is_foreign and now in (old, after):
            # The exchange brought out another program's save, and it was not put back any more.
            swap(spare, target, now)
        elif now == after:
            second_name(before, spare)
            if (
                not self._name.endswith(PENDING)
                and not (taken := self._side(TAKEN, step)).is_taken()
            ):
                second_name(target, taken)
            self._home.sync_all()
            swap(spare, target, after)
        elif now is None:
            second_name(before, spare)
            put(spare, target)

    def _spare(self, step: Step) -> Place:
        target = self._store.place(step.path, make=True)
        if not target.is_link():
            return self._side(NEW, step)
        real = self._store.behind(target)
        return real.beside(spare_name(self._act.id, real.name))

    def _remove_spares(self) -> None:
        """Of edits through links, which lie outside of the act's directory."""
        for step in self._steps:
            place = self._store.find(step.path)
            if step.op == "replace" and place is not None and place.is_link():
                with suppress(OSError):
                    self._spare(step).unlink()

    def _side(self, side: str, step: Step) -> Place:
        return self._home.place(f"{side}/{step.path}", make=True)

    def _sync(self) -> None:
        self._store.sync_all()
        self._home.sync_all()
