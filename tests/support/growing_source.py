"""A source of messages that is still being read, as slowly as a test wants it."""

from __future__ import annotations

import threading

from agcx_format.errors import PersistenceError
from agcx_format.session.source import PENDING
from tests.support.waiting import LIMIT


class GrowingSource:
    """A source that makes a few messages known at a time, when the test lets it."""

    def __init__(self, messages: list, error: PersistenceError | None = None) -> None:
        self._messages = messages
        self._known = 0
        self._error = error
        self.gate = threading.Semaphore(0)
        self.complete = False
        self.error: PersistenceError | None = None

    def known(self) -> int:
        return self._known

    def get(self, index: int):
        return self._messages[index] if index < self._known else PENDING

    def size_of(self, index: int) -> int:
        return 100

    def sizes(self, start: int, stop: int) -> list[int]:
        return [100] * (stop - start)

    def read_more(self) -> bool:
        if self.complete:
            return False
        self.gate.acquire(timeout=LIMIT)
        self._known = min(len(self._messages), self._known + 5)
        if self._known == len(self._messages):
            self.error = self._error
            self.complete = True
        return True
