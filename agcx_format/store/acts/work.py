"""The parts that an act, its undo and recovery share: transitions in order, and the act's directory."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from agcx_format.disk.durable import TEMPORARY, Signature, naming, temporary_beginning, write_new
from agcx_format.disk.tree import Place, Tree
from agcx_format.errors import StaleSession
from agcx_format.store.acts.journal import BEFORE, FILES, GONE, NEW, TAKEN
from agcx_format.store.acts.manifest import Step
from agcx_format.store.acts.transitions import Transition
from agcx_format.store.paths import TRASH

__all__ = [
    "Work", "clear_attempt", "is_copy", "kept_in", "rename_act", "signature_behind", "spare_name",
    "write_derived",
]  # fmt: skip


class Work:
    """Transitions of one act, in order, and the directory in which it keeps what it takes."""

    def __init__(self, store: Tree, home: Tree) -> None:
        self._store, self._home = store, home
        self._sources: set[str] = set()

    def _prepare(self, transitions: Sequence[Transition]) -> None:
        for each in transitions:
            each.prepare()

    def _do(self, transitions: Sequence[Transition], derive: Callable[[], None]) -> None:
        """Change the store; what was done is taken back when something goes wrong.

        `derive` writes what follows from the changed files.  The last look is the last thing: whoever
        saves after it saves after the act.
        """
        done: list[Transition] = []
        try:
            for each in transitions:
                each.do()
                done.append(each)
            derive()
            if not all(each.is_linked for each in done):
                # Without second names the files themselves went there.
                self._sync_kept()
            self._sync_store()
            for each in done:
                each.settle()
            for folder in self._sources:
                self._store.sync(folder)
            for each in done:
                if not each.is_as_done():
                    path = each.target.path
                    raise StaleSession("another program saved it meanwhile", path=path)
        except BaseException:
            self._revert(done)
            raise

    def _write_derived(self, steps: Iterable[Step]) -> None:
        for step in steps:
            write_derived(self._store, step, self._side(NEW, step.path))

    def _revert(self, done: Sequence[Transition]) -> None:
        for each in reversed(done):
            # What another program saved stays, and what belongs there is kept in the act.
            with suppress(StaleSession, OSError):
                each.revert()
        with suppress(OSError):
            self._sync_store()

    def _sync_kept(self) -> None:
        """The act's directory and what it keeps.  Of what else is in it nothing depends on the disk."""
        for folder in self._home.open_folders():
            if folder.partition("/")[0] in ("", FILES, BEFORE, TAKEN):
                self._home.sync(folder)

    def _sync_store(self) -> None:
        """The folders of the store in which something changed; those of the trash have their own time."""
        for folder in self._store.open_folders():
            if folder != TRASH and not folder.startswith(f"{TRASH}/"):
                self._store.sync(folder)

    def _side(self, side: str, path: str) -> Place:
        return self._home.place(f"{side}/{path}", make=True)

    def _source(self, path: str) -> Place:
        self._sources.add(path.rpartition("/")[0])
        return self._store.place(path, make=True)


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
            write_new(new.fd, new.name, step.parts, like=place.status_behind())
            new.rename(place)


def rename_act(store: Tree, old: str, new: str) -> None:
    """Move an act on to another state, durably: its directory's name carries it."""
    trash = store.folder(TRASH)
    os.rename(old, new, src_dir_fd=trash, dst_dir_fd=trash)
    store.sync(TRASH)


def spare_name(act_id: str, name: str) -> str:
    """Of the second file beside one that is edited through a link: the same after a crash."""
    return f"{temporary_beginning(name)}{act_id.rpartition('-')[2]}{TEMPORARY}"


def signature_behind(store: Tree, step: Step) -> Signature | None:
    """How the file of a step is now; of an edit through a link, the file behind it."""
    place = store.find(step.path)
    if place is None:
        return None
    if step.op == "replace" and place.is_link():
        with suppress(OSError):
            return store.behind(place).signature()
    return place.signature()


def kept_in(store: Tree, home: Tree, steps: Iterable[Step]) -> bool:
    """Whether an act's directory has a version that its place in the store does not hold."""
    for step in steps:
        side = {"move": FILES, "replace": BEFORE}.get(step.op)
        place = home.find(f"{side}/{step.path}") if side else None
        kept = place and place.signature()
        if kept is not None and not is_copy(kept, store.signature(step.path)):
            return True
    return False


def is_copy(kept: Signature, now: Signature | None) -> bool:
    """The same file, or where there are no links a copy with its times."""
    return now is not None and (kept.size, kept.mtime_ns) == (now.size, now.mtime_ns)


def clear_attempt(store: Tree, home: Tree, steps: Iterable[Step]) -> None:
    """Remove the second names of an undo that did not come about."""
    for step in steps:
        now = store.signature(step.path)
        for side in (TAKEN, NEW, GONE):
            place = home.find(f"{side}/{step.path}")
            if place is not None and place.signature() in (now, step.after):
                place.unlink()
