"""Carry out an act: all of its steps or none, whatever else happens to the store.

Strategy: an act is a directory below `trash/` of the store whose name carries its state (`act_dirs`).
`perform` prepares everything there and makes it durable, lets each step make its one atomic change,
makes the store durable, checks the result, and renames the directory: from then on the act is
done.  However many sessions an act has, it costs one manifest and four waits for the disk.  Files
that follow from the sessions (the index, copies of metadata) are written before the act is marked
as done.  `undo` takes an act back; `recovery` deals with what a crash left.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from agcx_format.disk.durable import naming, temporary_name, write_new
from agcx_format.disk.place import Place
from agcx_format.disk.syncs import Syncs
from agcx_format.disk.tree import Tree
from agcx_format.errors import PersistenceError, StaleSession
from agcx_format.store.acts import reserve
from agcx_format.store.acts.act_dirs import (
    BEFORE,
    FILES,
    MANIFEST,
    NEW,
    PENDING,
    new_moment,
    stamp,
)
from agcx_format.store.acts.manifest import Act, ActSession, Edit, Step, checked, encode
from agcx_format.store.acts.transitions import Fill, Vacate
from agcx_format.store.acts.work import Follow, Work, edited_file, kept_in, remove_spares
from agcx_format.store.paths import TRASH
from agcx_format.store.staging import take_over

__all__ = ["perform"]

_NEEDS_NO_ROOM: Final = "agcx delete --permanently needs none, but cannot be undone"


def perform(
    root: Path,
    kind: str,
    steps: Sequence[Step],
    sessions: Iterable[ActSession],
    edit: Edit | None = None,
    after_failure: Follow = lambda act: (),
) -> Act:
    """Do all of `steps`, or none; the store must be locked.

    `kind` and `edit` are what the history says of the act.  If it fails, what was begun has been
    taken back; `after_failure` gives the derived files that were written already.

    Raises:
        StaleSession: a file is not the expected one, at the beginning or at any later moment.
        StoreNotWritable: the store may not be written.
        PersistenceError: the system refuses something else.
        ValueError: a manifest may not hold one of the steps.
    """
    steps, sessions = tuple(map(checked, steps)), tuple(sessions)
    with naming(root), Tree(root) as store:

        def run() -> Act:
            return _Performance(store, kind, steps, sessions, edit, after_failure).run()

        if any(map(_has_content, steps)):
            act = run()
            reserve.keep(store)
            return act
        # What only moves files may use the last room on the disk.
        try:
            return reserve.spend(store, run)
        except (OSError, PersistenceError) as error:
            if not (reserve.is_full(error) and all(s.op == "move" or s.derived for s in steps)):
                raise
            # A store that we never wrote to has no reserve.
            reason = f"no space left for its trash; {_NEEDS_NO_ROOM}"
            raise PersistenceError(f"cannot be written: {reason}", path=root) from error


def _has_content(step: Step) -> bool:
    return step.op in ("replace", "create") and not step.derived


class _Performance(Work):
    """One act from its beginning to the instant at which it is done."""

    def __init__(
        self,
        store: Tree,
        kind: str,
        steps: tuple[Step, ...],
        sessions: tuple[ActSession, ...],
        edit: Edit | None,
        after_failure: Follow,
    ) -> None:
        steps = tuple([s if s.op == "move" else _as_expected(store, s) for s in steps])
        self._derived = [step for step in steps if step.derived]
        self._has_derived, self._after_failure = False, after_failure
        self._writes_content = any(map(_has_content, steps))
        moment = new_moment(Path(store.path))
        act_id = f"{stamp(moment)}-{kind}-{os.urandom(3).hex()}"
        self._act = Act(act_id, kind, moment, sessions, steps, edit=edit, ready=False)
        self._path = f"{TRASH}/{act_id}{PENDING}"
        self._is_first = store.signature(TRASH) is None
        super().__init__(store, store.below(self._path, make=True))

    def run(self) -> Act:
        try:
            act, steps = self._prepare()
            for step in steps:
                if not step.derived:
                    self._add(step)
            for each in self._transitions:
                each.prepare()
            self._sync_act()
            self._do(self._derive, self._mark_done)
            return act
        except BaseException:
            if not self._is_finished():
                self._give_up()
            raise
        finally:
            self._act_dir.close()

    def _prepare(self) -> tuple[Act, tuple[Step, ...]]:
        """Write the manifest and all new content, and sync them together.

        Gives the act as it is recorded, and its steps with what they still need.
        """
        with Syncs() as syncs:
            if self._writes_content:
                # So that what is written next can be identified if the machine stops.
                self._write_manifest(self._act, os.close).rename(self._act_dir.place(MANIFEST))
            steps = tuple([self._with_content(step, syncs) for step in self._act.steps])
            recorded = tuple([_as_recorded(step) for step in steps])
            act = replace(self._act, steps=recorded, ready=True)
            manifest = self._write_manifest(act, syncs.add_file)
        manifest.rename(self._act_dir.place(MANIFEST))
        return act, steps

    def _write_manifest(self, act: Act, later: Callable[[int], None]) -> Place:
        """Under a temporary name, which the caller renames."""
        new = self._act_dir.place(temporary_name(MANIFEST))
        write_new(new.fd, new.name, [encode(act)], later=later)
        return new

    def _with_content(self, step: Step, syncs: Syncs) -> Step:
        """Write new content aside, which shows the signature that the file will have."""
        if step.source is not None:
            folder, _, name = step.source.rpartition("/")
            return replace(step, after=self._source(folder).place(name).signature())
        if step.op == "move" or (step.derived and not self._writes_content):
            return step
        target = self._store.place(step.path, make=True)
        new = self._new(step)
        like = target.target_status()
        if step.staged is not None:
            after = take_over(step.staged, new, like, syncs)
            return replace(step, staged=None, after=after)
        after = write_new(
            new.fd, new.name, step.parts, like=like, mtime_ns=step.mtime_ns, later=syncs.add_file
        )
        return step if step.derived else replace(step, parts=(), after=after)

    def _new(self, step: Step) -> Place:
        if step.derived:
            return self._side(NEW, step.path)
        return edited_file(self._store, self._act_dir, self._act.id, step.path)[1]

    def _add(self, step: Step) -> None:
        """Add what the step does to the transitions."""
        name = step.path.rpartition("/")[2]
        if step.op == "replace":
            assert step.expected is not None
            swap = self._swapping(self._act.id, step.path, BEFORE, step.expected)
            self._transitions.append(swap)
        elif step.op == "move":
            self._moving(Vacate, step, FILES).add(name, step.expected)
        else:
            self._moving(Fill, step, NEW).add(name)

    def _sync_act(self) -> None:
        """Sync the act's directory with all that is in it, and the names that lead to it."""
        with Syncs() as syncs:
            self._add_kept(syncs)
            self._store.add_to(syncs, TRASH)
            if self._is_first:
                self._store.add_to(syncs, "")

    def _derive(self) -> None:
        """Put the index and other derived files in place."""
        self._has_derived = bool(self._derived)
        if self._writes_content:
            for step in self._derived:
                place = self._store.place(step.path, make=True)
                with naming(place.path):
                    self._side(NEW, step.path).rename(place)
            return
        try:
            self._write_derived(self._derived)
        except (OSError, PersistenceError) as error:
            # A deletion does not fail because there is no room for a new index.
            if not reserve.is_full(error):
                raise
            for step in self._derived:
                # There may have been no room for its folder either.
                with suppress(OSError):
                    self._side(NEW, step.path).unlink()

    def _mark_done(self) -> None:
        trash = self._store.folder(TRASH)
        os.rename(os.path.basename(self._path), self._act.id, src_dir_fd=trash, dst_dir_fd=trash)
        # The act is done, even if its new name cannot be made durable.
        with suppress(OSError):
            self._store.sync(TRASH)

    def _is_finished(self) -> bool:
        with suppress(PersistenceError):
            return self._store.signature(self._path) is None
        return False

    def _give_up(self) -> None:
        """Have nothing left of an act that failed; never raises."""
        if self._has_derived:
            self._follow_back(self._act, self._after_failure)
        if not self._is_stuck:
            with suppress(OSError, PersistenceError):
                self._leave()

    def _leave(self) -> None:
        """Remove what was prepared; a version that has no other place is kept as an act."""
        remove_spares(self._store, self._act_dir, self._act.id, self._act.steps)
        if kept_in(self._store, self._act_dir, self._act.steps):
            self._mark_done()
            return
        self._act_dir.remove_all("")
        self._store.remove_folder(self._path)
        self._store.sync(TRASH)


def _as_recorded(step: Step) -> Step:
    """The step as the manifest gives it back."""
    return Step(
        step.op, step.path, (), None, None, step.after, step.derived, step.source, step.mtime_ns
    )


def _as_expected(store: Tree, step: Step) -> Step:
    """The step with the signature of what is there now.

    Not for a `move`, which compares when it gives the file its second name.

    Raises:
        StaleSession: it is not what was expected.
    """
    if step.derived:
        return step
    target = store.find(step.path)
    if step.op != "replace" and target is not None and target.is_taken():
        raise StaleSession("something is there already", path=target.path)
    if step.op == "create":
        return step
    path = step.path if step.source is None else step.source
    place = store.find(path)
    if step.op == "replace" and place is not None and place.is_link():
        place = store.target_of(place)
    if step.op == "replace" and place is not None:
        place.check_regular()
    found = place and place.accept(step.expected)
    if found is None:
        raise StaleSession("it changed since it was read", path=store.full(path))
    return replace(step, expected=found)
