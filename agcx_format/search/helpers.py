"""Processes that search beside this one, for a search that goes through much text.

Strategy: nearly all steps of a search hold the interpreter, and what they call gives it away for microseconds
at a time: two threads take twice as long as one.  So a large search has processes, one for each further
core.  They are started when its first results are there, or before it by whoever knows that one is about to
come, and take part as soon as they are ready.  They stay for the searches that follow while a line is typed;
some seconds after the last one they end.  Where there are none, or the system ends them, everything is done
here.  A search that still runs when they are closed starts none: whoever closed them does not want it.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING
from weakref import WeakSet

if TYPE_CHECKING:
    from concurrent.futures import Future

    from agcx_format.processes.pool import Process
    from agcx_format.search.examine import Outcome
    from agcx_format.search.jobs import RemoteJob

    Helper = Process[RemoteJob | None, list[Outcome]]

__all__ = ["WORTH_HELP", "Helpers"]

# A search asks for help if more blocks than this are left: reading them takes as long as starting a process.
WORTH_HELP = 3_000
# Each takes some 25 MB.
_MOST = 2
# Seconds without a search.
_STAY = 20.0


class Helpers:
    """The processes of one index.  May be used from several threads, and after a fork."""

    def __init__(self, niceness: int = 0) -> None:
        """`niceness`, up to 19, is that of the processes."""
        self._niceness = niceness
        self._begin()
        _all.add(self)

    def _begin(self) -> None:
        """Without any.  In a fork as well: they work for the process that it came from."""
        self._lock = threading.Lock()
        # Each with its first answer, which says that it is ready.
        self._known: list[tuple[Helper, Future[list[Outcome]]]] = []
        self._searches = 0
        # Closed while there were searches, and not all of those have ended.
        self._unwanted = False
        self._leave: threading.Timer | None = None

    @contextmanager
    def needed(self) -> Iterator[None]:
        """They do not end as long as a search may need them."""
        with self._lock:
            self._searches += 1
            self._stay()
        try:
            yield
        finally:
            with self._lock:
                self._searches -= 1
                if not self._searches:
                    self._unwanted = False
                    if self._known:
                        self._end_later()

    def start(self) -> None:
        """Start those that are missing; does not wait for them."""
        from agcx_format.processes.pool import Process, cores
        from agcx_format.search.jobs import run_remote_job

        with self._lock:
            self._forget_ended()
            if self._unwanted:
                return
            # A search does not depend on helpers.
            with suppress(OSError):
                while len(self._known) < min(_MOST, cores() - 1) and _can_start():
                    helper: Helper = Process(run_remote_job, self._niceness)
                    self._known.append((helper, helper.submit(None)))

    def ready(self) -> list[Helper]:
        """The helpers that can be given work."""
        with self._lock:
            self._forget_ended()
            return [helper for helper, answer in self._known if answer.done()]

    @property
    def pids(self) -> list[int]:
        with self._lock:
            return [helper.pid for helper, _ in self._known if helper.is_alive]

    def close(self) -> None:
        """End them at once, even if they are working."""
        with self._lock:
            self._unwanted = self._searches > 0
            self._close()

    def _end_later(self) -> None:
        self._leave = threading.Timer(_STAY, self._close_unneeded)
        self._leave.daemon = True
        try:
            self._leave.start()
        except RuntimeError:
            # No thread can be started that would wait so long.
            self._close()

    def _close_unneeded(self) -> None:
        with self._lock:
            if not self._searches:
                self._close()

    def _close(self) -> None:
        self._stay()
        for helper, _ in self._known:
            helper.close()
        self._known = []

    def _stay(self) -> None:
        if self._leave is not None:
            self._leave.cancel()
            self._leave = None

    def _forget_ended(self) -> None:
        for helper, _ in self._known:
            if not helper.is_alive:
                # The system keeps its number until someone has asked for it.
                helper.close()
        self._known = [each for each in self._known if each[0].is_alive]


_all: WeakSet[Helpers] = WeakSet()


def _begin_in_fork() -> None:
    for each in list(_all):
        each._begin()


os.register_at_fork(after_in_child=_begin_in_fork)


def _can_start() -> bool:
    """Whether a Python can be started: in a frozen or an embedding program that is another program."""
    program = os.path.basename(sys.executable or "")
    return program.startswith(("python", "pypy")) and not getattr(sys, "frozen", False)
