"""A process that brings the book of a store up to date: `python -m agcx_format.search.build STORE CACHE`.

Strategy: a program with a screen starts this as a process of its own, so that building costs it nothing: it
runs at the lowest priority, and ends when its input is closed, as it is when that program ends, however that
happens.  Each line of its output is a JSON object with the fields of `BookState`, the first before anything
is read.  Exit status: 0 when the book is complete, 1 when it could not be written, 3 when another process is
building it, 4 when it was stopped.
"""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agcx_format.search.state import BookState

__all__ = ["BUILD_BUSY", "BUILD_DONE", "BUILD_FAILED", "BUILD_STOPPED", "build_command", "main"]

BUILD_DONE, BUILD_FAILED, BUILD_BUSY, BUILD_STOPPED = 0, 1, 3, 4
# Seconds in which a build that is stopped may still commit what it has read.
_GRACE = 2.0


def build_command(
    store: str | os.PathLike[str], cache_dir: str | os.PathLike[str], cap: int | None = None
) -> list[str]:
    """The command to run; its input must be a pipe that is kept open while it should run.

    `cap` is the largest size of the book in bytes.
    """
    words = [os.fspath(store), os.fspath(cache_dir), *([] if cap is None else [str(cap)])]
    # Nothing is imported from the directory that the program happens to be in.
    return [sys.executable, "-P", "-m", "agcx_format.search.build", *words]


def main(arguments: list[str]) -> int:
    # Before anything that takes long.
    _give_way()
    # Threads of numpy, which nothing here has work for: their start takes nearly as long as its import.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    stopped = threading.Event()
    threading.Thread(target=_end_with_input, args=(stopped,), daemon=True).start()
    from agcx_format.errors import LockHeld, PersistenceError
    from agcx_format.search.index import Index
    from agcx_format.search.state import DEFAULT_CAP

    store, cache_dir, *rest = arguments
    try:
        state = Index(store, cache_dir).update(
            cap=int(rest[0]) if rest else DEFAULT_CAP, should_stop=stopped.is_set, report=_report
        )
    except LockHeld:
        return BUILD_BUSY
    except PersistenceError as error:
        # The reason first: what shows it may have little room.
        print(f"{error.reason} ({error.path})" if error.path else error, file=sys.stderr)
        return BUILD_FAILED
    except BrokenPipeError:
        return BUILD_STOPPED
    return BUILD_DONE if state.complete or not stopped.is_set() else BUILD_STOPPED


def _give_way() -> None:
    """Take the lowest priority, regardless of that of the program."""
    # A sandbox may refuse either; the book is built all the same.
    with suppress(OSError):
        # An idle program already has less, and may not leave that.
        if hasattr(os, "SCHED_BATCH") and os.sched_getscheduler(0) != os.SCHED_IDLE:
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    with suppress(OSError):
        os.nice(19)


def _end_with_input(stopped: threading.Event) -> None:
    """Stop when the parent is gone; a session that takes long does not delay that."""
    try:
        while os.read(0, 4096):
            pass
    except OSError:
        pass
    stopped.set()
    timer = threading.Timer(_GRACE, os._exit, (BUILD_STOPPED,))
    timer.daemon = True
    timer.start()


def _report(state: BookState) -> None:
    import msgspec

    print(msgspec.json.encode(state).decode(), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
