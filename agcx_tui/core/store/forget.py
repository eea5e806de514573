"""What was destroyed is forgotten: no cache of the program keeps a word of it.

Strategy: one place that knows every cache there is.  Whoever destroys calls `forget`; whoever adds
a cache adds it here.  No Textual; it may block.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from agcx_format.disk.durable import os_reason
from agcx_format.errors import PersistenceError
from agcx_format.store.trash import Emptied
from agcx_tui.core.local.paths import catalogs, measures

__all__ = ["forget"]


def forget(gone: Emptied, store: Path, *, state: Path | None, cache: Path | None) -> None:
    """Take what was destroyed of `store` out of the state and the cache directory, where there are.

    Raises `PersistenceError` when a cache could be neither written nor removed; the others are forgotten
    all the same.
    """
    if cache is not None:
        # First of all, and whatever was destroyed: a picture of the list is soon made again.
        from agcx_tui.core.local.page_file import page_path

        with suppress(OSError):
            os.unlink(page_path(cache, store))
    if not gone.acts:
        return
    if state is not None:
        from agcx_tui.core.local.reading_positions import ReadingPositions

        ReadingPositions(state).forget(gone.ids)
        _sweep(state)
    if cache is not None:
        from agcx_format.catalog.file import Catalog
        from agcx_format.space.measure_cache import StatsCache

        # Of what only edits kept, an earlier title for example, there is no session that went.
        names = _names(gone, store)
        catalog, measured = Catalog(catalogs(cache), store), StatsCache(measures(cache), store)
        _all(
            {
                catalog.path: lambda: catalog.forget(names),
                measured.path: lambda: measured.forget(names),
                (page := Path(page_path(cache, store))): lambda: page.unlink(missing_ok=True),
            }
        )
        for folder in (catalogs(cache), measures(cache)):
            _sweep(folder)


def _all(steps: Mapping[Path, Callable[[], None]]) -> None:
    """Do every step, and then tell of the first that failed, by the file that it is about."""
    failed: list[tuple[Path, OSError]] = []
    for path, step in steps.items():
        try:
            step()
        except NotADirectoryError:
            continue
        except OSError as cause:
            failed.append((path, cause))
    for path, cause in failed:
        words = f"still holds words of what was destroyed: {os_reason(cause)}"
        raise PersistenceError(words, path=path) from cause


def _sweep(folder: Path) -> None:
    """Remove what a write that was killed left: it holds as much as the file that it was to become."""
    from agcx_format.disk.tree import Tree

    with suppress(OSError, PersistenceError), Tree(folder) as tree:
        tree.sweep("")
    # As pages were written before.
    for left in folder.glob("*.page.*"):
        if left.suffix[1:].isdecimal():
            with suppress(OSError):
                left.unlink()


def _names(gone: Emptied, store: Path) -> set[str]:
    """A list names files by the path under which its store was opened."""
    files = {store / session.origin for session in gone.sessions}
    return {form(file) for file in files for form in (str, os.path.abspath, os.path.realpath)}
