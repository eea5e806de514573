"""What is known of the syntax of the code that is shown, and what is still to be found out.

Strategy: a block of code is drawn at once with what is known, plain where nothing is; colors change
no line's length, so nothing moves when they come.  Drawing only notes what it missed.  A thread takes
that (`widgets/code_reader.py`), the latest first, since that is what one looks at.
"""

from __future__ import annotations

import threading

from textual.cache import LRUCache

from agcx_tui.core.local.lexing import Spans

__all__ = ["CODE_SPANS", "CodeSpans"]

_KEPT = 512
# What was scrolled past is asked for again when it is seen again.
_WANTED = 32

Code = tuple[str, str]


class CodeSpans:
    """Spans by language and code.  `missed` counts what was asked for in vain."""

    def __init__(self) -> None:
        self.missed = 0
        self._known: LRUCache[Code, Spans] = LRUCache(_KEPT)
        self._wanted: dict[Code, None] = {}
        self._lock = threading.Lock()

    def get(self, language: str, code: str) -> Spans:
        """What is known; nothing yet is as plain text."""
        with self._lock:
            found = self._known.get((language, code))
            if found is None:
                self.missed += 1
                self._wanted.pop((language, code), None)
                self._wanted[language, code] = None
                while len(self._wanted) > _WANTED:
                    del self._wanted[next(iter(self._wanted))]
        return found or ()

    def take(self) -> Code | None:
        """The next that is to be found out."""
        with self._lock:
            return self._wanted.popitem()[0] if self._wanted else None

    def put(self, code: Code, spans: Spans) -> None:
        with self._lock:
            self._known[code] = spans


CODE_SPANS = CodeSpans()
