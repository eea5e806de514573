"""After deleting and emptying, no word of a session is left: in its store, its index, or any cache.

The caches are those that the browser and `agcx stats` made; what cannot be written anew is removed.
"""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest
from msgspec.structs import replace

from agcx_format import SessionStorage, SessionStore, open_store
from agcx_format.catalog import file as catalog
from agcx_format.space import measure_cache
from agcx_tui.app.screens.browser.page import keep_page
from agcx_tui.core.local.paths import cache_directory, catalogs, measures
from tests.support.browsing import SIZE, browser, notices, scanned, until
from tests.support.privileges import without_privileges
from tests.support.stores import contents, golden_session
from tests.support.waiting import soon
from tests.tui.cli.conftest import run

pytestmark = pytest.mark.usefixtures("undrawn")

SECRET, OTHER = UUID(int=1 << 96), UUID(int=2 << 96)
TITLE = "Zwetschgendatschi"


@pytest.fixture(params=[SessionStorage, SessionStore], ids=["layout 1", "layout 2"])
def store(request, tmp_path, monkeypatch) -> Path:
    """A store of two sessions with an index; nobody waits long for a cache that another one writes."""
    root = tmp_path / "history"
    metadata, conversation, state = golden_session("full")
    facade = request.param(root)
    for session_id, title in ((SECRET, TITLE), (OTHER, "Another")):
        named = replace(metadata, id=session_id, title=title, tags=[], checkpoints=[])
        facade.save_session(session_id, named, conversation, state)
    facade.rebuild_index()
    for path in root.rglob("*.agcx"):
        # Long ago: no agent is at work on it.
        os.utime(path, (10**9, 10**9))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(catalog, "_PATIENCE", 0.1)
    monkeypatch.setattr(measure_cache, "_PATIENCE", 0.1)
    return root


def words(*places: Path) -> dict[str, bytes]:
    """The files in which the title stands."""
    every = {f"{place}/{name}": data for place in places for name, data in kept(place).items()}
    return {name: data for name, data in every.items() if TITLE.encode() in data}


def kept(place: Path) -> dict[str, bytes]:
    return contents(place, trash=True)


async def used(store: Path, cache: Path) -> None:
    """Browse it and measure it, so that every cache there is holds the title."""
    app = browser(store, cache=cache)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot, 2)
        await until(pilot, lambda: not notices(pilot))
        keep_page(screen, cache, str(store))
        await pilot.pause()
    assert run("--store", store, "stats").exit_code == 0
    await soon(
        lambda: len(words(cache)) == 3, "the title in the catalog, the measures and the page"
    )


def destroy(store: Path) -> None:
    assert run("--store", store, "delete", str(SECRET), "--yes", "--force").exit_code == 0
    assert run("--store", store, "trash", "empty", "--yes").exit_code == 0
    assert [entry.title for entry in open_store(store).scan()] == ["Another"]


async def test_a_title_leaves_the_store_and_every_cache(store, tmp_path):
    await used(store, cache_directory())
    assert words(store)
    destroy(store)
    assert words(store, tmp_path) == {}
    # What is known of the other one is kept.
    assert b"Another" in b"".join(kept(cache_directory()).values())


async def test_a_cache_that_another_program_is_writing_is_removed(store, tmp_path):
    cache = cache_directory()
    await used(store, cache)
    with held(catalogs(cache)), held(measures(cache)):
        destroy(store)
    assert words(store, tmp_path) == {}


async def test_a_full_disk_does_not_keep_the_title(store, tmp_path, refusing):
    cache = cache_directory()
    await used(store, cache)
    refusing |= {(errno.ENOSPC, catalogs(cache)), (errno.ENOSPC, measures(cache))}
    destroy(store)
    assert words(store, tmp_path) == {}


async def test_a_cache_that_was_made_read_only_does_not_keep_it(store, tmp_path):
    with without_privileges():
        cache = cache_directory()
        await used(store, cache)
        for directory in (catalogs(cache), measures(cache)):
            directory.chmod(0o500)
        destroy(store)
    assert words(store, tmp_path) == {}


async def test_what_still_holds_words_is_named_and_the_rest_is_forgotten(store, refusing):
    cache = cache_directory()
    await used(store, cache)
    refusing.add((errno.EROFS, catalogs(cache)))
    run("--store", store, "delete", str(SECRET), "--yes", "--force")
    result = run("--store", store, "trash", "empty", "--yes")
    assert result.exit_code == 1
    assert f"{catalogs(cache)}/" in result.stderr
    assert "still holds words of what was destroyed: read-only file system" in result.stderr
    assert words(store, measures(cache)) == {}


@pytest.fixture
def refusing(monkeypatch) -> set[tuple[int, Path]]:
    """In these directories no file can be made; on a read-only file system none can be removed."""
    refused: set[tuple[int, Path]] = set()
    really_open, really_unlink = os.open, os.unlink

    def refuse(path, *numbers: int) -> None:
        for number, directory in refused:
            if number in numbers and Path(os.fsdecode(path)).parent == directory:
                raise OSError(number, os.strerror(number), path)

    def opened(path, flags, *arguments, **options):
        if flags & os.O_CREAT:
            refuse(path, errno.ENOSPC, errno.EROFS)
        return really_open(path, flags, *arguments, **options)

    def unlinked(path, **options):
        refuse(path, errno.EROFS)
        really_unlink(path, **options)

    monkeypatch.setattr(os, "open", opened)
    monkeypatch.setattr(os, "unlink", unlinked)
    return refused


_HOLDER = """
import fcntl, os, sys
fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_EX)
print("held", flush=True)
input()
"""


@contextmanager
def held(directory: Path) -> Iterator[None]:
    """Another process writes in it all the time."""
    command = [sys.executable, "-c", _HOLDER, str(directory)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        yield
        holder.kill()


async def test_a_cache_that_others_could_read_is_made_its_owners_alone(store):
    cache = cache_directory()
    for directory in (catalogs(cache), measures(cache)):
        directory.mkdir(parents=True)
        directory.chmod(0o755)
    await used(store, cache)
    for directory in (catalogs(cache), measures(cache)):
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        for path in directory.iterdir():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
