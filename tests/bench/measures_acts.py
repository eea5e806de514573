"""Changes that a person makes: journaled acts."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
from uuid import UUID

from agcx_format import open_store
from agcx_format.store.acts import reserve
from agcx_format.store.paths import INDEX, TRASH
from tests.bench import floors, stores
from tests.bench.registry import measure, median_ms, times
from tests.bench.timing import Outcome, Probe, against, clock
from tests.bench.workspace import Workspace
from tests.support.many_acts import repeat_last_act


@measure(
    "delete",
    "deleting many sessions in one act",
    "moving the files so that none can be lost: link, fsync, unlink, fsync",
    times(2),
)
def delete(work: Workspace) -> Outcome:
    acts = _Acts(work)
    return acts.against(clock(acts.delete, acts.take_back), acts.renaming(durably=True))


@measure(
    "delete.plain",
    "deleting many sessions in one act",
    "renaming the files into a new directory",
)
def delete_plain(work: Workspace) -> Outcome:
    acts = _Acts(work)
    return acts.against(clock(acts.delete, acts.take_back), acts.renaming(durably=False))


@measure(
    "undo",
    "undoing the deletion of many sessions",
    "moving the files back so that none can be lost: link, fsync, unlink, fsync",
    times(2),
)
def undo(work: Workspace) -> Outcome:
    acts = _Acts(work)
    acts.delete()

    def anew() -> None:
        acts.forget()
        acts.delete()

    found = acts.against(clock(acts.store.undo, anew), acts.renaming_back())
    acts.take_back()
    return found


@measure(
    "update",
    "update_metadata of a large session",
    "a durable copy of the file: copy, fsync, rename, fsync",
    times(1.6),
)
def update(work: Workspace) -> Outcome:
    path = work.session(work.scaled(40_000, 2_000), work.scaled(380_000_000, 8_000_000))
    store = open_store(path.parent)
    session_id = UUID(path.stem)
    titles = itertools.cycle(("One title", "Another"))
    copy = work.folder("copied") / path.name
    return against(
        clock(
            lambda: store.update_metadata(session_id, title=next(titles)),
            # What was replaced would lie there otherwise, once for each run.
            lambda: shutil.rmtree(path.parent / TRASH),
        ),
        clock(lambda: floors.copy_durably(path, copy)),
        pairs=work.pairs(7),
        note=f"{path.stat().st_size / 1e6:,.0f} MB",
    )


@measure(
    "star",
    "starring one of many sessions that have an index",
    "a durable replacement of its file and of the index: write, fsync, rename, fsync",
    times(2),
)
def star(work: Workspace) -> Outcome:
    return _star(work, work.scaled(10_000, 300))


@measure(
    "star.few",
    "starring one of a few sessions that have an index",
    "a durable replacement of its file and of the index: write, fsync, rename, fsync",
)
def star_few(work: Workspace) -> Outcome:
    return _star(work, 10)


def _star(work: Workspace, count: int) -> Outcome:
    root = work.folder(f"starred-{count}") / "store"
    stores.make_store(root, count)
    store = open_store(root)
    sessions = list(store.rebuild_index().sessions)
    starred = itertools.cycle((True, False))
    session_id = sessions[count // 2]
    index, session = root / INDEX, root / f"{session_id}.agcx"
    copies = work.folder("starred-floor")
    data = session.read_bytes(), index.read_bytes()

    def replace_both() -> None:
        floors.replace(copies / session.name, data[0])
        floors.replace(copies / index.name, data[1])

    return against(
        clock(lambda: store.update_metadata(session_id, is_favorite=next(starred))),
        clock(replace_both),
        pairs=work.pairs(25),
        note=f"{count:,} sessions, an index of {len(data[1]) / 1e6:.1f} MB",
    )


@measure(
    "acts.trash",
    "agcx trash list after many acts, from process start",
    "agcx --version",
    median_ms(300),
)
def list_trash(work: Workspace) -> Outcome:
    return _with_many_acts(work, "trash", "list")


@measure(
    "acts.log",
    "agcx undo --list after many acts, from process start",
    "agcx --version",
    median_ms(300),
)
def list_acts(work: Workspace) -> Outcome:
    return _with_many_acts(work, "undo", "--list")


@measure(
    "acts.verify",
    "agcx verify after many acts, from process start",
    "agcx --version",
    median_ms(300),
)
def verify_acts(work: Workspace) -> Outcome:
    return _with_many_acts(work, "verify")


def _with_many_acts(work: Workspace, *command: str) -> Outcome:
    count = work.scaled(10_000, 50)
    store = work.root / f"acts-{count}"
    if not store.exists():
        stores.make_store(store, 1, work.seed)
        acts = open_store(store)
        acts.delete(list(acts.scan()))
        repeat_last_act(store, count)

    def run(*arguments: str) -> None:
        program = work.program(*arguments)
        subprocess.run(program, env=work.environment(), check=True, capture_output=True)

    return against(
        clock(lambda: run("--store", str(store), *command)),
        clock(lambda: run("--version")),
        pairs=work.pairs(9),
        note=f"{count:,} acts",
    )


class _Acts:
    """Many sessions that are deleted and brought back; undone, they are again those that were scanned.

    Beside it files of the same names are renamed, in directories of their own.
    """

    def __init__(self, work: Workspace) -> None:
        self._work = work
        self._path = work.store(work.scaled(1_000, 50), "delete")
        self.store = open_store(self._path)
        self._entries = list(self.store.scan())
        self._names = [os.path.basename(entry.path) for entry in self._entries]
        self._here, self._there = work.folder("renamed-from"), work.folder("renamed-to")
        for name in self._names:
            shutil.copyfile(self._path / name, self._here / name)

    def delete(self) -> None:
        self.store.delete(self._entries)

    def take_back(self) -> None:
        self.store.undo()
        self.forget()

    def forget(self) -> None:
        """The log does not grow from run to run; what a store keeps there for all acts stays."""
        with os.scandir(self._path / TRASH) as entries:
            for entry in filter(os.DirEntry.is_dir, entries):
                if entry.name != reserve.FOLDER:
                    shutil.rmtree(entry)

    def renaming(self, *, durably: bool) -> Probe:
        self._there.rmdir()

        def rename() -> None:
            # As an act does: a directory that grows takes its time.
            self._there.mkdir()
            move = floors.move_durably if durably else floors.rename_all
            move(self._names, self._here, self._there)

        def back() -> None:
            floors.rename_all(self._names, self._there, self._here)
            self._there.rmdir()

        return clock(rename, back)

    def renaming_back(self) -> Probe:
        def away() -> None:
            floors.rename_all(self._names, self._here, self._there)

        def back() -> None:
            floors.move_durably(self._names, self._there, self._here)

        away()
        return clock(back, away)

    def against(self, ours: Probe, floor: Probe) -> Outcome:
        note = f"{len(self._names):,} sessions"
        found = against(ours, floor, pairs=self._work.pairs(11), note=note)
        for folder in (self._here, self._there):
            shutil.rmtree(folder, ignore_errors=True)
        return found
