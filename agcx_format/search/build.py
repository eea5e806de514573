"""A process that brings the book of a store up to date: `python -m agcx_format.search.build STORE CACHE`.

Strategy: a program with a screen starts this as a process of its own, so that building costs it nothing: it
runs at the lowest priority, and ends when its input is closed, as it is when that program ends.  Each line
of its output is a JSON object with the fields of `BookState`.  Exit status: 0 when the book is complete,
1 when it could not be written, 3 when another process is building it, 4 when it was stopped.
"""

from __future__ import annotations

import os
import select
import sys

import msgspec

from agcx_format.errors import LockFailed, PersistenceError
from agcx_format.search.index import Index
from agcx_format.search.state import DEFAULT_CAP, BookState
from agcx_format.store.store import open_store

__all__ = ["BUSY", "DONE", "FAILED", "STOPPED", "command", "main"]

DONE, FAILED, BUSY, STOPPED = 0, 1, 3, 4


def command(
    store: str | os.PathLike[str], cache_dir: str | os.PathLike[str], cap: int = DEFAULT_CAP
) -> list[str]:
    """What to run; its input must be a pipe that is kept open for as long as it is to run."""
    paths = (os.fspath(store), os.fspath(cache_dir))
    return [sys.executable, "-m", "agcx_format.search.build", *paths, str(cap)]


def main(arguments: list[str]) -> int:
    store, cache_dir, *rest = arguments
    os.nice(19)
    try:
        state = Index(open_store(store), cache_dir).update(
            cap=int(rest[0]) if rest else DEFAULT_CAP, should_stop=_input_closed, report=_report
        )
    except LockFailed:
        return BUSY
    except PersistenceError as error:
        print(error, file=sys.stderr)
        return FAILED
    except BrokenPipeError:
        return STOPPED
    return DONE if state.complete or not _input_closed() else STOPPED


def _input_closed() -> bool:
    """Whether whoever started this is gone."""
    try:
        ready, _, _ = select.select([0], [], [], 0)
        return bool(ready) and not os.read(0, 4096)
    except (OSError, ValueError):
        return False


def _report(state: BookState) -> None:
    print(msgspec.json.encode(state).decode(), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
