"""Prepares conversations in other processes, one or several at once, in the same order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from agcx_format.importing.prepare import Job, Prepared, prepare
from agcx_format.processes.pool import Pool

__all__ = ["WORTH_A_PROCESS", "Workers"]

# As many bytes are read in the time that starting a process takes.
WORTH_A_PROCESS = 24 * 1024 * 1024


class Workers:
    """Processes that prepare conversations; they start when they are needed and last until `close`.

    Args:
        processes: how many.
        low_priority: everything else on the machine has priority over them.
    """

    def __init__(self, processes: int, *, low_priority: bool = False) -> None:
        self._pool = Pool(prepare, processes, low_priority=low_priority)

    def prepare_all(
        self, jobs: Iterable[Job], should_stop: Callable[[], bool] = lambda: False
    ) -> Iterator[tuple[Job, Prepared]]:
        """Prepare each job, in order, until `should_stop`, which is asked several times a second.

        Raises:
            PersistenceError: a session cannot be written, or a process was ended by the system.
        """
        for job, outcome in self._pool.run(jobs, should_stop):
            yield job, outcome.result()

    def close(self) -> None:
        """End the processes at once, even if they are working."""
        self._pool.close()
