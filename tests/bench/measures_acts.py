"""Changes that a person makes: journaled acts."""

from __future__ import annotations

import itertools
import os
import shutil
from uuid import UUID

from agcx_format import open_store
from agcx_format.acts import TRASH
from tests.bench import floors
from tests.bench.registry import measure, times
from tests.bench.timing import Outcome, against, clock
from tests.bench.workspace import Workspace


@measure("delete", "deleting many sessions in one act", "renaming the files", times(2))
def delete(work: Workspace) -> Outcome:
    return _delete(work, durably=False)


@measure(
    "delete.durable",
    "deleting many sessions in one act",
    "renaming the files + fsync of both directories",
)
def delete_durably(work: Workspace) -> Outcome:
    return _delete(work, durably=True)


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


def _delete(work: Workspace, *, durably: bool) -> Outcome:
    path = work.store(work.scaled(1_000, 50), "delete")
    store = open_store(path)
    # Undone, the files are again those that were scanned: a rename changes no signature.
    entries = list(store.scan())
    names = [os.path.basename(entry.path) for entry in entries]
    aside = work.folder("renamed")

    def undo() -> None:
        store.undo()
        shutil.rmtree(path / TRASH)

    def rename() -> None:
        floors.rename_all(names, path, aside)
        if durably:
            floors.sync_directory(path)
            floors.sync_directory(aside)

    return against(
        clock(lambda: store.delete(entries), undo),
        clock(rename, lambda: floors.rename_all(names, aside, path)),
        pairs=work.pairs(11),
        note=f"{len(names):,} sessions",
    )
