"""Take an act back: all of its steps or none, as `perform` does them.

Strategy: an undo refuses before it changes anything if a file is not as the act left it.  The index and
the copies of metadata are rebuilt from the session files as they are after the undo.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from agcx_format.counting import counted
from agcx_format.disk.durable import Signature, naming
from agcx_format.disk.syncs import Syncs
from agcx_format.disk.tree import Tree
from agcx_format.errors import (
    CorruptData,
    NothingToUndo,
    PersistenceError,
    StaleSession,
    UndoConflict,
)
from agcx_format.store.acts import reserve
from agcx_format.store.acts.act_dirs import (
    BEFORE,
    FILES,
    TAKEN,
    UNDOING,
    UNDONE,
    folders_of,
)
from agcx_format.store.acts.journal import iter_acts, next_to_undo
from agcx_format.store.acts.manifest import Act, Step
from agcx_format.store.acts.transitions import Fill, Vacate, give_second_name
from agcx_format.store.acts.work import (
    Follow,
    Work,
    clear_attempt,
    edited_file,
    is_copy,
    remove_spares,
    rename_act,
    signature_behind,
)
from agcx_format.store.paths import TRASH

__all__ = ["undo"]


def undo(
    root: Path,
    act_id: str | None = None,
    follow: Follow = lambda act: (),
    after_failure: Follow = lambda act: (),
) -> Act:
    """Take back an act, by default the last; the store must be locked.

    `follow` gives the derived files once it was taken back, `after_failure` if it could not be.

    Raises:
        NothingToUndo: there is no such act, or it was undone or emptied.
        UndoConflict: a file is not as the act left it; then nothing changed.
        CorruptData: the act's manifest cannot be used.
        StoreNotWritable: the store may not be written.
        PersistenceError: the system refuses something else.
    """
    act = next_to_undo(root, act_id)
    if act is None:
        named = "nothing is left to undo" if act_id is None else f"no change {act_id!r} to undo"
        raise NothingToUndo(named, path=root)
    if act.problem is not None:
        raise CorruptData(
            f"it cannot be undone ({act.problem}); the trash has the sessions that it keeps",
            path=root / TRASH / act.id,
        )
    with naming(root), Tree(root) as store:
        # An undo of a deletion may use the last room on the disk.
        reserve.spend(store, lambda: _Undo(store, act, follow, after_failure).run())
    return act


class _Undo(Work):
    """One act from done to undone."""

    def __init__(self, store: Tree, act: Act, follow: Follow, after_failure: Follow) -> None:
        super().__init__(store, store.below(f"{TRASH}/{act.id}"))
        self._act, self._follow, self._after_failure = act, follow, after_failure
        self._has_derived = False
        self._steps = [step for step in act.steps if not step.derived]
        # The files that the act put in place, in their current state.
        self._now: dict[str, Signature] = {}

    def run(self) -> None:
        try:
            self._check()
            try:
                rename_act(self._store, self._act.id, self._act.id + UNDOING)
                self._take_back()
            except BaseException as cause:
                if self._has_derived:
                    self._follow_back(self._act, self._after_failure)
                if not self._is_stuck:
                    self._leave()
                if isinstance(cause, StaleSession):
                    raise self._conflict([cause.path or ""]) from None
                raise
            with suppress(OSError):
                rename_act(self._store, self._act.id + UNDOING, self._act.id + UNDONE)
                for step in self._steps:
                    if step.op == "replace":
                        # The second name of the file that is in its place again.
                        self._side(BEFORE, step.path).unlink()
        finally:
            self._act_dir.close()

    def _leave(self) -> None:
        """Remove the second names of this attempt; the act is what it was."""
        remove_spares(self._store, self._act_dir, self._act.id, self._steps)
        with suppress(OSError, PersistenceError):
            clear_attempt(self._store, self._act_dir, self._steps)
        with suppress(FileNotFoundError):
            rename_act(self._store, self._act.id + UNDOING, self._act.id)

    def _take_back(self) -> None:
        for step in reversed(self._steps):
            self._add(step)
        for each in self._transitions:
            each.prepare()
        with Syncs() as syncs:
            self._add_kept(syncs)
            for folder in self._sources:
                self._store.add_to(syncs, folder)
        self._do(self._derive)

    def _derive(self) -> None:
        self._has_derived = True
        # The index can be rebuilt at any time: an undo does not fail because of it.
        with suppress(PersistenceError, OSError):
            steps = list(self._follow(self._act))
            try:
                self._write_derived(steps)
            except (PersistenceError, OSError) as error:
                if reserve.is_full(error) and reserve.release(self._store):
                    self._write_derived(steps)

    def _check(self) -> None:
        """Raises `UndoConflict` before anything has changed."""
        # Nothing is left to take back of what it put in place and was destroyed.
        gone = {step.path for step in self._steps if self._is_gone(step)}
        destroyed = gone.difference(self._in_trash(gone)) if gone else gone
        self._steps = [step for step in self._steps if step.path not in destroyed]
        sides = {side: self._names_kept(side) for side in (FILES, BEFORE)}
        moved = [step.path for step in self._steps if step.op == "move"]
        taken = self._taken(moved)
        wrong = [
            self._store.full(step.path)
            for step in self._steps
            if (
                step.path in taken or step.path not in sides[FILES]
                if step.op == "move"
                else self._is_wrong(step, sides[BEFORE])
            )
        ]
        if wrong:
            raise self._conflict(wrong)

    def _taken(self, paths: Iterable[str]) -> set[str]:
        """The paths at which there is a file."""
        names: dict[str, list[str]] = {}
        for path in paths:
            folder, _, name = path.rpartition("/")
            names.setdefault(folder, []).append(name)
        found = set[str]()
        for folder, those in names.items():
            within = f"{folder}/" if folder else ""
            with suppress(FileNotFoundError):
                taken = self._store.opened(folder).taken(those)
                found.update(within + name for name in taken)
        return found

    def _conflict(self, paths: Sequence[str]) -> UndoConflict:
        others = len(paths) - 1
        which = (
            f"it and {counted(others, 'other')} are not as that change left them"
            if others
            else "it is not as that change left it"
        )
        return UndoConflict(f"{which}; nothing was undone", path=paths[0], paths=paths)

    def _names_kept(self, side: str) -> set[str]:
        """The files in a part of the act's directory; each folder is listed once."""
        found: set[str] = set()
        for folder in folders_of(step.path for step in self._steps):
            within = f"{folder}/" if folder else ""
            names = self._act_dir.names(f"{side}/{folder}".rstrip("/"))
            found.update(within + name for name in names)
        return found

    def _is_gone(self, step: Step) -> bool:
        if step.op != "create" or step.source is not None or step.after is None:
            return False
        return self._store.signature(step.path) is None

    def _in_trash(self, paths: Collection[str]) -> Iterator[str]:
        """The paths whose files a later act moved away; undoing that act would bring them back."""
        for act in iter_acts(Path(self._store.path)):
            for step in act.steps if act.is_kept else ():
                kept = f"{TRASH}/{act.id}/{FILES}/{step.path}"
                if step.op == "move" and step.path in paths and self._store.signature(kept):
                    yield step.path

    def _is_wrong(self, step: Step, before: Collection[str]) -> bool:
        now = signature_behind(self._store, step)
        if step.after is None or now is None or not is_copy(step.after, now):
            # A finished act always records it: without it the file may be anyone's.
            return True
        # Not the recorded one: inodes differ in a copied store, and change on some file systems.
        self._now[step.path] = now
        if step.op == "replace":
            return step.path not in before
        return step.source is not None and self._store.signature(step.source) is not None

    def _add(self, step: Step) -> None:
        """Add what takes the step back to the transitions."""
        name = step.path.rpartition("/")[2]
        if step.op == "replace":
            _, spare = edited_file(self._store, self._act_dir, self._act.id, step.path)
            give_second_name(self._side(BEFORE, step.path), spare)
            swap = self._swapping(self._act.id, step.path, TAKEN, self._now[step.path])
            self._transitions.append(swap)
        elif step.op == "move":
            self._moving(Fill, step, FILES).add(name)
        else:
            self._moving(Vacate, step, TAKEN).add(name, self._now[step.path])
