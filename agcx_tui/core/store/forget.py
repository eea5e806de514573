"""Remove destroyed sessions from every cache of the program.

Strategy: this module knows all caches.  Code that destroys sessions does so through `destroy`; code that adds
a cache adds it here.  No Textual; it may block.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from agcx_format.disk import os_reason
from agcx_format.errors import PersistenceError
from agcx_format.store import DestroyedInPart, Emptied
from agcx_tui.core.local.paths import catalogs, histories, measures, search_index

__all__ = ["destroy", "forget"]


def destroy(
    work: Callable[[], Emptied],
    store: Path,
    *,
    state: Path | None,
    cache: Path | None,
    report: Callable[[Emptied], None],
) -> None:
    """Destroy by `work` and forget what is gone, also if only a part is.

    `report` gets what is gone before it is forgotten, unless `work` fails.

    Raises:
        PersistenceError: Something could not be destroyed, or a cache not be cleaned.
    """
    try:
        gone = work()
    except DestroyedInPart as error:
        with suppress(PersistenceError):
            forget(error.gone, store, state=state, cache=cache)
        raise
    report(gone)
    forget(gone, store, state=state, cache=cache)


def forget(gone: Emptied, store: Path, *, state: Path | None, cache: Path | None) -> None:
    """Remove what was destroyed in `store` from the state and cache directories.

    Raises:
        PersistenceError: A cache could be neither written nor removed; the others were cleaned.
    """
    if cache is not None:
        # First, and whatever was destroyed: the page of the list is soon made again.
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
        from agcx_format.catalog import Catalog, HistoryCache
        from agcx_format.search import forget_text
        from agcx_format.space import StatsCache

        names = _names(gone, store)
        catalog, measured = Catalog(catalogs(cache), store), StatsCache(measures(cache), store)
        history = HistoryCache(histories(cache), store)
        _all(
            {
                catalog.path: lambda: catalog.forget(names),
                measured.path: lambda: measured.forget(names),
                history.path: history.clear,
                search_index(cache): lambda: forget_text(search_index(cache), store),
                (page := Path(page_path(cache, store))): lambda: page.unlink(missing_ok=True),
            }
        )
        for folder in (catalogs(cache), measures(cache), histories(cache)):
            _sweep(folder)


def _all(steps: Mapping[Path, Callable[[], None]]) -> None:
    """Run every step.

    Raises:
        PersistenceError: A step failed; the error is the first one and names its file.
    """
    failed: list[tuple[Path, OSError | PersistenceError]] = []
    for path, step in steps.items():
        try:
            step()
        except NotADirectoryError:
            continue
        except (OSError, PersistenceError) as error:
            failed.append((path, error))
    if failed:
        path, cause = failed[0]
        reason = os_reason(cause) if isinstance(cause, OSError) else cause.reason
        words = f"still holds words of what was destroyed: {reason}"
        raise PersistenceError(words, path=path) from cause


def _sweep(folder: Path) -> None:
    """Remove the temporary files of killed writes, which hold the same data."""
    from agcx_format.disk import Tree

    with suppress(OSError, PersistenceError), Tree(folder) as tree:
        tree.sweep("")
    # The temporary pages of earlier versions.
    for left in folder.glob("*.page.*"):
        if left.suffix[1:].isdecimal():
            with suppress(OSError):
                left.unlink()


def _names(gone: Emptied, store: Path) -> set[str]:
    """The paths of the files; a list uses the path by which its store was opened.

    Of a session that exists, what was destroyed are versions that edits replaced: an earlier title, or a
    secret.  What is remembered of it may be of one of those, and is read again.
    """
    files = {store / session.origin for session in gone.sessions}
    files |= {store / step.path for act in gone.acts for step in act.steps if step.op == "replace"}
    return {form(file) for file in files for form in (str, os.path.abspath, os.path.realpath)}
