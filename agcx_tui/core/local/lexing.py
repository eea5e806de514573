"""Syntax highlighting by a separate process, which is killed if it takes too long.

Strategy: `Lexing.spans` may block for a moment; call it in a thread.  The process (`lexer_process.py`) is
started by the first request, and again after a request that killed it.  Code that killed it is shown plain,
and a language that did so repeatedly is no longer highlighted.
"""

from __future__ import annotations

import json
import select
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from agcx_format.processes import start_program

__all__ = ["Lexing", "Spans"]

# Lengths and roles (`Palette`) that cover a text from its beginning; the rest is plain.
Spans = tuple[tuple[int, str], ...]

_COMMAND = (sys.executable, "-P", "-m", "agcx_tui.core.local.lexer_process")
# Seconds; the process ends itself long before, unless it cannot even do that.
_PATIENCE = 10.0
_STEP = 0.05
# How often a language may kill the process.
_STRIKES = 3


class Lexing:
    """One process; not safe for several threads at once."""

    def __init__(self, command: tuple[str, ...] = _COMMAND) -> None:
        self._command = command
        self.process: subprocess.Popen[bytes] | None = None
        self._strikes: Counter[str] = Counter()
        self._startable = bool(sys.executable)

    def spans(
        self, language: str, code: str, stopped: Callable[[], bool] = lambda: False
    ) -> Spans | None:
        """The parts of the code, empty if it is plain; None if `stopped` before they were known."""
        if self._strikes[language] >= _STRIKES:
            return ()
        process = self._running()
        if process is None:
            return ()
        answer = self._ask(process, {"language": language, "code": code}, stopped)
        if answer is None:
            self.close()
            if stopped():
                return None
            self._strikes[language] += 1
            return ()
        return tuple(answer)

    def close(self) -> None:
        """End the process; the next request starts another."""
        process, self.process = self.process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with suppress(OSError):
                        pipe.close()

    def _running(self) -> subprocess.Popen[bytes] | None:
        if self.process is not None and self.process.poll() is not None:
            self.close()
        if self.process is None and self._startable:
            try:
                self.process = start_program(self._command)
            except OSError:
                self._startable = False
        return self.process

    def _ask(
        self, process: subprocess.Popen[bytes], request: object, stopped: Callable[[], bool]
    ) -> list[tuple[int, str]] | None:
        """The answer; None if the process gave none."""
        assert process.stdin is not None
        assert process.stdout is not None
        reply = b""
        try:
            process.stdin.write(json.dumps(request).encode() + b"\n")
            end = time.monotonic() + _PATIENCE
            while not reply.endswith(b"\n"):
                if stopped() or time.monotonic() > end:
                    return None
                if select.select([process.stdout], [], [], _STEP)[0]:
                    read = process.stdout.read(1 << 16)
                    if not read:
                        return None
                    reply += read
            return [(int(length), str(role)) for length, role in json.loads(reply)]
        except (OSError, ValueError, TypeError):
            return None
