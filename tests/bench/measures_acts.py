"""Changes that a person makes: journaled acts."""

from __future__ import annotations

import os
import shutil

from agcx_format import open_store
from agcx_format.acts import TRASH
from tests.bench import floors
from tests.bench.registry import measure, times
from tests.bench.timing import Outcome, against, clock
from tests.bench.workspace import Workspace


@measure("delete", "deleting many sessions in one act", "renaming the files", times(2))
def delete(work: Workspace) -> Outcome:
    path = work.store(work.scaled(1_000, 50), "delete")
    store = open_store(path)
    # Undone, the files are again those that were scanned: a rename changes no signature.
    entries = list(store.scan())
    names = [os.path.basename(entry.path) for entry in entries]
    aside = work.folder("renamed")

    def undo() -> None:
        store.undo()
        shutil.rmtree(path / TRASH)

    return against(
        clock(lambda: store.delete(entries), undo),
        clock(
            lambda: floors.rename_all(names, path, aside),
            lambda: floors.rename_all(names, aside, path),
        ),
        pairs=work.pairs(11),
        note=f"{len(names):,} sessions",
    )


@measure(
    "delete.durable",
    "deleting many sessions in one act",
    "renaming the files + fsync of both directories",
)
def delete_durably(work: Workspace) -> Outcome:
    path = work.store(work.scaled(1_000, 50), "delete")
    store = open_store(path)
    entries = list(store.scan())
    names = [os.path.basename(entry.path) for entry in entries]
    aside = work.folder("renamed")

    def undo() -> None:
        store.undo()
        shutil.rmtree(path / TRASH)

    def rename() -> None:
        floors.rename_all(names, path, aside)
        floors.sync_directory(path)
        floors.sync_directory(aside)

    return against(
        clock(lambda: store.delete(entries), undo),
        clock(rename, lambda: floors.rename_all(names, aside, path)),
        pairs=work.pairs(11),
        note=f"{len(names):,} sessions",
    )
