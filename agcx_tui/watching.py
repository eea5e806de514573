"""What other programs do to a store, told as it happens.

Strategy: the system tells which names changed (`watchfiles`), and each is looked at.  A name says
nothing of what was done: our own acts come back here too, and are seen to be known already.  Where
nothing can be watched (a limit of the system, a file system that tells nothing) nothing comes.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

from agcx_format import places
from agcx_format.columns import Columns
from agcx_format.comparing import Gone, look_at
from agcx_format.entries import ScanEntry

__all__ = ["watch"]

# Milliseconds: how long what comes together is gathered, and how soon a stop is obeyed.
_GATHER, _STEP = 300, 50
_TICK = 1000
# Seconds between two looks for a store that is not there yet.
_PATIENCE = 1.0


def watch(
    path: str, columns: Columns, stop: threading.Event
) -> Iterator[list[ScanEntry | Gone] | None]:
    """What changed, as it does, until `stop`; None whenever watching begins anew.

    Blocks: for a thread.
    """
    from watchfiles import watch as watch_files

    while not stop.is_set():
        if not os.path.isdir(path):
            stop.wait(_PATIENCE)
            continue
        begun = False
        try:
            for changes in watch_files(
                *_folders(path),
                watch_filter=_is_of_interest,
                debounce=_GATHER,
                step=_STEP,
                rust_timeout=_TICK if begun else _STEP,
                yield_on_timeout=True,
                stop_event=stop,
                raise_interrupt=False,
                recursive=False,
            ):
                if not begun:
                    begun = True
                    yield None
                names = {name for _, name in changes}
                found = [look_at(Path(path), columns, each) for each in _paths(path, names)]
                if wanted := [each for each in found if each is not None]:
                    yield wanted
                if _folders_changed(path, names):
                    break
        except (OSError, RuntimeError):
            # The limit of watches is reached, or the directory went away.
            stop.wait(_PATIENCE * 10)


def _folders(path: str) -> list[str]:
    folders = (os.path.join(path, folder) for folder in places.FOLDERS.values())
    return [folder for folder in folders if os.path.isdir(folder)]


def _is_of_interest(change: object, name: str) -> bool:
    base = os.path.basename(name)
    is_session = base.endswith(places.SUFFIX) and not base.startswith(".")
    return is_session or base in places.FOLDERS.values()


def _paths(path: str, names: Iterable[str]) -> Iterator[str]:
    """The session files among the names, as a scan of the store spells them."""
    inside = places.FOLDERS[2]
    for name in sorted(names):
        folder, base = os.path.split(name)
        if base.endswith(places.SUFFIX):
            yield str(Path(path, inside if os.path.basename(folder) == inside else "", base))


def _folders_changed(path: str, names: Iterable[str]) -> bool:
    """The folder of layout 2 came or went: then it is another thing that is to be watched."""
    return any(os.path.basename(name) in places.FOLDERS.values() for name in names)
