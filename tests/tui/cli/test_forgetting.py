"""Emptying the trash takes words out of all that the program keeps, leftovers of killed writes as well."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from agcx_format.catalog.file import Catalog
from agcx_format.space.measure_cache import StatsCache
from agcx_format.store.store import open_store
from agcx_tui.core.local.page_file import page_path
from agcx_tui.core.local.paths import cache_directory, catalogs, measures, state_directory
from tests.support.many_acts import repeat_last_act
from tests.support.privileges import without_privileges
from tests.tui.cli.conftest import GRID, QUEUE, run

TITLE = "Fix the grid layout"

# Writes all that is kept, and is killed before any of it gets its name.
KILLED = """
import os, sys
from pathlib import Path
from agcx_format.catalog.file import Catalog
from agcx_format.catalog.columns import Columns
from agcx_format.space.measure_cache import StatsCache
from agcx_format.store.store import open_store
from agcx_tui.core.local import page_file
from agcx_tui.core.local.paths import cache_directory, catalogs, measures, state_directory
from tests.support.many_acts import repeat_last_act
from agcx_tui.core.local.reading_positions import Position, ReadingPositions

store, what = Path(sys.argv[1]), sys.argv[2]
entries = list(open_store(store).scan())
columns = Columns()
rows = [columns.put(entry) for entry in entries]
cache = cache_directory()
if what != "none":
    os.rename = os.replace = lambda *_, **__: os.kill(os.getpid(), 9)
if what in ("catalog", "none"):
    Catalog(catalogs(cache), store).save(columns, rows)
if what in ("measures", "none"):
    kept = StatsCache(measures(cache), store)
    list(kept.gather(entries))
    kept.save()
if what in ("page", "none"):
    lines = [page_file.Line(entry.title, None, entry.path) for entry in entries]
    page_file.save(page_file.page_path(cache, store), str(store), "x", lines)
if what in ("positions", "none"):
    entry = next(entry for entry in entries if entry.title == "Fix the grid layout")
    ReadingPositions(state_directory()).save(entry.id, entry.title, Position(len(what)))
"""


def write(store: Path, what: str) -> None:
    result = subprocess.run([sys.executable, "-c", KILLED, store, what], timeout=60, check=False)
    assert result.returncode == (0 if what == "none" else -9)


def mentions(*folders: Path) -> list[Path]:
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if TITLE.encode() in path.read_bytes()]


@pytest.fixture
def places(store, tmp_path, monkeypatch) -> tuple[Path, Path]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return cache_directory(), state_directory()


def test_what_a_killed_write_left_does_not_outlive_the_trash(store, places):
    for what in ("none", "catalog", "measures", "page", "positions"):
        write(store, what)
    # As a page was written before.
    old = Path(f"{page_path(places[0], store)}.4711")
    old.write_text(TITLE)
    assert len(mentions(*places)) >= 9
    run("delete", GRID, "--yes")
    assert run("trash", "empty", "--yes").exit_code == 0
    assert mentions(*places, store) == []
    assert Catalog(catalogs(places[0]), store).load() is not None


def test_the_lists_of_many_acts_do_not_outlive_the_trash(store, places):
    run("delete", GRID, "--yes", "--force")
    repeat_last_act(store, 600)
    run("undo", "--list")
    (kept,) = mentions(*places)
    # Of a write that was killed.
    shutil.copy(kept, kept.with_name(f".{kept.name}.0123456789ab.agcx-tmp"))
    listed = run("trash", "list").stdout
    assert listed.count(TITLE) == 600
    assert run("trash", "empty", "--yes").exit_code == 0
    assert mentions(*places, store) == []


def test_what_somebody_is_writing_is_left_to_them(store, places):
    import fcntl

    write(store, "none")
    busy = catalogs(places[0]) / ".busy.0123456789ab.agcx-tmp"
    with busy.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        run("delete", GRID, "--yes")
        assert run("trash", "empty", "--yes").exit_code == 0
        assert busy.exists()


def test_a_cache_that_can_be_neither_written_nor_removed_is_emptied(store, places):
    write(store, "none")
    entry = open_store(store).resolve(GRID)
    with without_privileges() as folder:
        for kind, place in ((Catalog, catalogs(places[0])), (StatsCache, measures(places[0]))):
            own = folder / kind.__name__
            own.mkdir(0o700)
            cache = kind(own, store)
            cache.path.write_bytes((place / cache.path.name).read_bytes())
            assert mentions(own)
            own.chmod(0o500)
            cache.forget([entry.path])
            own.chmod(0o700)
            assert mentions(own) == []


def test_a_cache_folder_that_others_could_look_into_is_closed(store, tmp_path):
    folder = measures(cache_directory())
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    run("stats")
    assert list(folder.iterdir()) != []
    assert folder.stat().st_mode & 0o777 == 0o700


def broken_disk(monkeypatch, name: str) -> None:
    """From now on nothing of that name can be removed or renamed."""
    for call in ("rename", "unlink"):
        function = getattr(os, call)

        def refuse(path, *others, function=function, **folders):
            if name in str(path):
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return function(path, *others, **folders)

        monkeypatch.setattr(os, call, refuse)


@pytest.mark.parametrize("is_permanent", [False, True], ids=["trash empty", "delete --permanently"])
def test_what_is_gone_is_forgotten_though_the_rest_could_not_be_destroyed(
    store, places, monkeypatch, is_permanent: bool
):
    write(store, "none")
    queue = open_store(store).resolve(QUEUE).path
    if is_permanent:
        words = ("delete", GRID, QUEUE, "--permanently")
    else:
        for each in (GRID, QUEUE):
            run("delete", each, "--yes")
        words = ("trash", "empty")
    with monkeypatch.context() as patch:
        broken_disk(patch, os.path.basename(queue))
        result = run(*words, "--yes")
    assert result.exit_code == 1
    assert "input/output error" in result.stderr
    assert mentions(*places, store) == []
