"""Carry out an act and take it back: all of its steps or none, whatever else happens to the store.

Strategy: an act is a directory below `trash/` of the store whose name carries its state (`journal`
lists them).  `perform` prepares everything there, makes it durable, lets each step do its one
atomic change, makes the store durable, looks whether all is as it should be, and renames the
directory: from then on the act is done.  However many sessions an act has, it costs one manifest
and a handful of syncs.  Files that follow from the sessions (the index, copies of metadata) are written
before the act is marked done, and made anew when it is undone.  What a crash leaves is for
`recovery`; the store must be locked throughout.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace as with_changes
from pathlib import Path

from msgspec.structs import replace

from agcx_format.disk.durable import naming, temporary_name, write_new
from agcx_format.disk.tree import Place, Tree
from agcx_format.errors import (
    CorruptData,
    NothingToUndo,
    PersistenceError,
    StaleSession,
    UndoConflict,
)
from agcx_format.store.acts import reserve
from agcx_format.store.acts.journal import (
    BEFORE,
    FILES,
    GONE,
    MANIFEST,
    NEW,
    PENDING,
    TAKEN,
    UNDOING,
    UNDONE,
    folders_of,
    iter_acts,
    next_moment,
    read_acts,
    stamp,
    unfinished,
)
from agcx_format.store.acts.manifest import Act, ActSession, Edit, Step, checked, encode
from agcx_format.store.acts.transitions import Fill, Swap, Transition, Vacate, second_name
from agcx_format.store.acts.work import (
    Work,
    clear_attempt,
    kept_in,
    rename_act,
    signature_behind,
    spare_name,
)
from agcx_format.store.paths import TRASH

__all__ = [
    "Act", "ActSession", "Edit", "Follow", "Step", "perform", "read_acts", "undo", "unfinished",
]  # fmt: skip

# Gives the derived files as they must be after an act was taken back.
Follow = Callable[[Act], Iterable[Step]]


def perform(
    root: Path,
    kind: str,
    steps: Sequence[Step],
    sessions: Iterable[ActSession],
    edit: Edit | None = None,
) -> Act:
    """Do all of `steps`, or none; the store must be locked.  `edit` is what the log tells of an edit.

    Raises `StaleSession` when a file is not as expected, at the beginning or at any later moment;
    `StoreNotWritable` and other errors of the system are raised after what was begun has been taken
    back.  `ValueError` for a step that no manifest may hold.
    """
    steps, sessions = tuple(map(checked, steps)), tuple(sessions)
    with naming(root), Tree(root) as store:

        def run() -> Act:
            return _Performance(store, kind, steps, sessions, edit).run()

        if all(step.op in ("move", "bring") or step.derived for step in steps):
            # What only moves files may use the last room there is.
            return reserve.spend(store, run)
        act = run()
        reserve.keep(store)
        return act


def undo(root: Path, act_id: str | None = None, follow: Follow = lambda act: ()) -> Act:
    """Take back an act, by default the last; the store must be locked.

    Raises `NothingToUndo` when there is none; `UndoConflict` names what is in the way, and then
    nothing changed; `CorruptData` when its manifest cannot be used.
    """
    kept = (act for act in iter_acts(root) if act.is_kept and act_id in (None, act.id))
    act = next(kept, None)
    if act is None:
        raise NothingToUndo("nothing is left to undo", path=root)
    if act.problem is not None:
        raise CorruptData(
            f"it cannot be undone ({act.problem}); the trash has the sessions that it keeps",
            path=root / TRASH / act.id,
        )
    with naming(root), Tree(root) as store:
        _Undo(store, act, follow).run()
    return act


class _Performance(Work):
    """One act from its beginning to the instant at which it is done."""

    def __init__(
        self,
        store: Tree,
        kind: str,
        steps: tuple[Step, ...],
        sessions: tuple[ActSession, ...],
        edit: Edit | None,
    ) -> None:
        steps = tuple(_as_expected(store, step) for step in steps)
        self._derived = [step for step in steps if step.derived]
        moment = next_moment(Path(store.path))
        act_id = f"{stamp(moment)}-{kind}-{os.urandom(3).hex()}"
        self._act = Act(act_id, kind, moment, sessions, steps, edit=edit, ready=False)
        self._path = f"{TRASH}/{act_id}{PENDING}"
        self._is_first = store.signature(TRASH) is None
        super().__init__(store, store.below(self._path, make=True))
        self._outside: list[Place] = []

    def run(self) -> Act:
        try:
            if any(_has_content(step) and not step.derived for step in self._act.steps):
                # So that what is written next can be named, should the machine stop.
                self._write_manifest(self._act, sync=False)
            steps = tuple(map(self._with_content, self._act.steps))
            bare = tuple(replace(step, expected=None, parts=()) for step in steps)
            act = with_changes(self._act, steps=bare, ready=True)
            self._write_manifest(act)
            transitions = [self._transition(step) for step in steps if not step.derived]
            self._prepare(transitions)
            self._sync_act()
            self._do(transitions, self._derive)
            self._mark_done()
            return act
        except BaseException:
            with suppress(OSError, PersistenceError):
                self._leave()
            raise
        finally:
            self._home.close()

    def _derive(self) -> None:
        """Write the index and the like.  A deletion does not fail because there is no room for them."""
        try:
            self._write_derived(self._derived)
        except (OSError, PersistenceError) as error:
            steps = (step for step in self._act.steps if not step.derived)
            if any(map(_has_content, steps)) or not reserve.is_full(error):
                raise
            for step in self._derived:
                self._side(NEW, step.path).unlink()

    def _write_manifest(self, act: Act, *, sync: bool = True) -> None:
        """Its name becomes durable with the act's directory."""
        place = self._home.place(MANIFEST)
        new = place.beside(temporary_name(MANIFEST))
        write_new(new.fd, new.name, [encode(act)], sync=sync)
        new.rename(place)

    def _with_content(self, step: Step) -> Step:
        """Write new content aside; then the signature that the file will have is known."""
        if step.op == "move" or step.derived:
            return step
        if step.source is not None:
            return replace(step, after=self._source(step.source).signature())
        target = self._store.place(step.path, make=True)
        new = self._new(step, target)
        like = target.status_behind()
        return replace(step, parts=(), after=write_new(new.fd, new.name, step.parts, like=like))

    def _new(self, step: Step, target: Place) -> Place:
        if not target.is_link():
            return self._side(NEW, step.path)
        # An edit goes through a link: the exchange needs the new file beside the old one.
        real = self._store.behind(target)
        self._outside.append(real.beside(spare_name(self._act.id, real.name)))
        return self._outside[-1]

    def _transition(self, step: Step) -> Transition:
        target = self._store.place(step.path, make=True)
        new = self._side(NEW, step.path)
        if step.op != "replace":
            gone = self._side(GONE, step.path)
            if step.op == "create":
                return Fill(target, new, gone)
            if step.source is not None:
                return Fill(target, self._source(step.source), gone)
            assert step.expected is not None
            return Vacate(target, self._side(FILES, step.path), gone, step.expected)
        assert step.expected is not None
        if target.is_link():
            target = self._store.behind(target)
            new = target.beside(spare_name(self._act.id, target.name))
        return Swap(target, new, self._side(BEFORE, step.path), step.expected)

    def _sync_act(self) -> None:
        """The act's directory with all in it, and the names that lead to it."""
        self._sync_kept()
        self._store.sync(TRASH)
        if self._is_first:
            self._store.sync()

    def _mark_done(self) -> None:
        trash = self._store.folder(TRASH)
        os.rename(os.path.basename(self._path), self._act.id, src_dir_fd=trash, dst_dir_fd=trash)
        # It is done: that this cannot be made durable is no failure of it.
        with suppress(OSError):
            self._store.sync(TRASH)

    def _leave(self) -> None:
        """Remove what was prepared; what has no other place any more is kept as an act."""
        for place in self._outside:
            place.unlink()
        if kept_in(self._store, self._home, self._act.steps):
            self._mark_done()
            return
        self._home.remove_all("")
        self._store.remove_folder(self._path)
        self._store.sync(TRASH)


class _Undo(Work):
    """One act from done to undone."""

    def __init__(self, store: Tree, act: Act, follow: Follow) -> None:
        super().__init__(store, store.below(f"{TRASH}/{act.id}"))
        self._act, self._follow = act, follow
        self._steps = [step for step in act.steps if not step.derived]

    def run(self) -> None:
        try:
            self._check()
            rename_act(self._store, self._act.id, self._act.id + UNDOING)
            try:
                self._take_back()
            except BaseException as cause:
                with suppress(OSError, PersistenceError):
                    clear_attempt(self._store, self._home, self._steps)
                rename_act(self._store, self._act.id + UNDOING, self._act.id)
                if isinstance(cause, StaleSession):
                    raise self._conflict([cause.path or ""]) from None
                raise
            with suppress(OSError):
                rename_act(self._store, self._act.id + UNDOING, self._act.id + UNDONE)
                for step in self._steps:
                    if step.op == "replace":
                        # The second name of what is in its place again.
                        self._side(BEFORE, step.path).unlink()
        finally:
            self._home.close()

    def _take_back(self) -> None:
        transitions = [self._transition(step) for step in reversed(self._steps)]
        self._prepare(transitions)
        self._sync_kept()
        for folder in self._sources:
            self._store.sync(folder)
        self._do(transitions, self._derive)

    def _derive(self) -> None:
        # The index can be made anew at any time: an undo does not fail for it.
        with suppress(PersistenceError, OSError):
            self._write_derived(self._follow(self._act))

    def _check(self) -> None:
        """Raises `UndoConflict` before anything changed."""
        sides = {side: self._kept(side) for side in (FILES, BEFORE)}
        wrong = [self._store.full(step.path) for step in self._steps if self._is_wrong(step, sides)]
        if wrong:
            raise self._conflict(wrong)

    def _conflict(self, paths: Sequence[str]) -> UndoConflict:
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        return UndoConflict(
            f"it changed after the act of {self._act.created_at}{more}", path=paths[0]
        )

    def _kept(self, side: str) -> set[str]:
        """What lies in a part of the act's directory, by a look into each folder of its steps."""
        found: set[str] = set()
        for folder in folders_of(step.path for step in self._steps):
            within = f"{folder}/" if folder else ""
            found.update(within + name for name in self._home.names(f"{side}/{folder}".rstrip("/")))
        return found

    def _is_wrong(self, step: Step, kept: dict[str, set[str]]) -> bool:
        now = signature_behind(self._store, step)
        if step.op == "move":
            return now is not None or step.path not in kept[FILES]
        if step.op == "replace":
            return now != step.after or step.path not in kept[BEFORE]
        if step.source is not None and self._store.signature(step.source) is not None:
            return True
        return now != step.after

    def _transition(self, step: Step) -> Transition:
        target = self._store.place(step.path, make=True)
        if step.op == "move":
            return Fill(target, self._side(FILES, step.path), self._side(GONE, step.path))
        assert step.after is not None
        if step.source is not None:
            gone = self._side(GONE, step.path)
            return Vacate(target, self._source(step.source), gone, step.after)
        taken = self._side(TAKEN, step.path)
        if step.op == "create":
            return Vacate(target, taken, self._side(GONE, step.path), step.after)
        spare = self._side(NEW, step.path)
        if target.is_link():
            target = self._store.behind(target)
            spare = target.beside(spare_name(self._act.id, target.name))
        second_name(self._side(BEFORE, step.path), spare)
        return Swap(target, spare, taken, step.after)


def _as_expected(store: Tree, step: Step) -> Step:
    """The step with what lies there now, if that is what was expected.  Raises `StaleSession`."""
    if step.derived:
        return step
    target = store.find(step.path)
    if step.op in ("create", "bring") and target is not None and target.is_taken():
        raise StaleSession("something is there already", path=target.path)
    if step.op == "create":
        return step
    path = step.source if step.source is not None else step.path
    place = store.find(path)
    if step.op == "replace" and place is not None and place.is_link():
        place = store.behind(place)
    found = place and place.accept(step.expected)
    if found is None:
        raise StaleSession("it changed since it was read", path=store.full(path))
    return replace(step, expected=found)


def _has_content(step: Step) -> bool:
    return step.op in ("replace", "create")
