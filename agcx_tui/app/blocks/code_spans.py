"""The syntax of the code that is shown, as far as it is parsed.

Strategy: a block of code is drawn at once, plain if it is not parsed yet; colors change no line's length,
so nothing moves when they come.  Drawing only notes what it missed.  A thread takes that
(`code_reader.py`), the latest first, since that is what the reader looks at.
"""

from __future__ import annotations

import threading

from agcx_tui.core.local.lexing import Spans
from agcx_tui.core.local.recent import Recent

__all__ = ["CODE_SPANS", "CodeSpans"]

_KEPT = 512
# What was scrolled past is wanted again when it is in view again.
_WANTED = 32

Code = tuple[str, str]


class CodeSpans:
    """Spans by language and code.  `missed` counts how often none were there."""

    def __init__(self) -> None:
        self.missed = 0
        self._known: Recent[Code, Spans] = Recent(_KEPT)
        self._wanted: dict[Code, None] = {}
        self._lock = threading.Lock()

    def get(self, language: str, code: str) -> Spans:
        """The spans of some code, empty until it is parsed, as for plain text."""
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
        """The code to parse next, or None."""
        with self._lock:
            return self._wanted.popitem()[0] if self._wanted else None

    def put(self, code: Code, spans: Spans) -> None:
        with self._lock:
            self._known[code] = spans


CODE_SPANS = CodeSpans()
