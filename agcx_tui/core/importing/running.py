"""An import started on a screen: conversations are read in a thread, then added as one act.

No Textual.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from threading import Event, Lock
from typing import TYPE_CHECKING

from agcx_format.importing import (
    FoundSource,
    ImportOptions,
    ImportOutcome,
    ImportResult,
    ImportRun,
    LeftOut,
    Workers,
)
from agcx_tui.core.store import store_work

if TYPE_CHECKING:
    from agcx_format import Store
    from agcx_tui.core.store.store_work import Outcome

__all__ = ["ImportProgress", "RunningImport"]

# Seconds between two reports.
_REPORT_EVERY = 0.1


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """How far an import has come.

    Fields:
        done: conversations that were read.
        found: how many there are.
        bytes_done: of the files that were read.
        size: bytes of all files.
        outcomes: how often each was the result.
        why_skipped: how often each was the reason why one is not in the store.
        failed: the conversations that could not be read.
    """

    done: int
    found: int
    bytes_done: int
    size: int
    outcomes: Counter[ImportOutcome]
    why_skipped: Counter[str]
    failed: tuple[ImportResult, ...]

    def without(self, left_out: Iterable[LeftOut]) -> ImportProgress:
        """The same, but for what was read and is not in the store."""
        outcomes, why_skipped = Counter(self.outcomes), Counter(self.why_skipped)
        for each in left_out:
            outcomes[each.instead_of] -= 1
            outcomes[each.result.outcome] += 1
            why_skipped[each.result.reason] += 1
        return replace(self, outcomes=+outcomes, why_skipped=why_skipped)

    def seconds_left(self, elapsed: float) -> float | None:
        """An estimate; None until something was read."""
        if not self.bytes_done:
            return None
        return elapsed * (self.size - self.bytes_done) / self.bytes_done


class RunningImport:
    """One import into a store.

    Iterate over `read` in a thread, then call `finish` where acts are done.  After a `cancel`, and for
    whoever stops reading before the end, that takes the conversations that were read whole.  In the end,
    call `close`.  Both wait until the thread has stopped.

    Fields:
        left_out: Once it is finished, the sessions that another program changed meanwhile.
    """

    def __init__(
        self,
        store: Store,
        found: Iterable[FoundSource],
        options: ImportOptions | None = None,
        workers: Workers | None = None,
    ) -> None:
        self.left_out: tuple[LeftOut, ...] = ()
        self._store = store
        self._found = list(found)
        self._options = options or ImportOptions(processes=None, apart=True)
        self._workers = workers
        self._run: ImportRun | None = None
        self._reading = Lock()
        self._canceled = Event()
        self._closed = False

    def cancel(self) -> None:
        """Have the reading end soon; the last report is of what was read until then."""
        self._canceled.set()

    def read(self, stop: Event) -> Iterator[ImportProgress]:
        """Read the conversations, until `stop` is set or it is canceled; the last report counts them all.

        Raises:
            PersistenceError: The store cannot be read or written.
        """
        with self._reading:
            if self._closed:
                # It was stopped before this thread began; what it begins now would not be closed.
                return

            def stopped() -> bool:
                return stop.is_set() or self._canceled.is_set()

            self._run = ImportRun(self._store, self._found, self._options, stopped, self._workers)
            yield from self._read(self._run, stopped)

    def _read(self, run: ImportRun, stopped: Callable[[], bool]) -> Iterator[ImportProgress]:
        total = sum(each.size for each in self._found)
        outcomes: Counter[ImportOutcome] = Counter()
        reasons: Counter[str] = Counter()
        failed: list[ImportResult] = []
        done, read, reported = 0, 0, time.monotonic()

        def progress() -> ImportProgress:
            counts = Counter(outcomes), Counter(reasons)
            return ImportProgress(done, len(self._found), read, total, *counts, tuple(failed))

        for result in run.results():
            done += 1
            outcomes[result.outcome] += 1
            read += result.size
            if result.outcome is ImportOutcome.FAILED:
                failed.append(result)
            elif result.outcome is ImportOutcome.SKIPPED:
                reasons[result.reason] += 1
            if stopped():
                break
            now = time.monotonic()
            if now - reported >= _REPORT_EVERY:
                reported = now
                yield progress()
        yield progress()

    def finish(self, store: Store) -> Outcome | None:
        """Put what was read into the store; None if that changes nothing.

        Raises:
            PersistenceError: The system refuses something; then nothing changed.
        """
        assert self._run is not None
        with self._reading:
            summary = self._run.finish()
        self.left_out = summary.left_out
        return store_work.imported(store, summary.acts)

    def close(self) -> None:
        """End what is running, and remove what was not put in place."""
        with self._reading:
            self._closed = True
            if self._run is not None:
                self._run.close()
