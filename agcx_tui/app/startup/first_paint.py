"""Paint the page that the list last showed, before anything large is imported.

Strategy: importing Textual takes a quarter of a second, which the user should not have to wait.  If the
arguments can only mean the list, its last page is written to the terminal at once, and Textual then takes
over in place (`driver.py`).  Until then nothing reads the terminal: keys are not echoed and stay in its
buffer.  Ctrl+C, an exception, or a signal restores the terminal.  When in doubt, nothing is painted.

Only the entry point calls this; it passes `Painted` on.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from agcx_tui.core.local.paths import Location

__all__ = ["Painted", "list_asked_for", "page", "paint"]

_STDIN, _STDOUT, _STDERR = 0, 1, 2
_ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[H"
_LEAVE = "\x1b[?7h\x1b[?1049l\x1b[?25h"


class Painted:
    """A page on the screen; `attributes` are the original ones of the terminal."""

    def __init__(self, attributes: list[Any], handlers: dict[int, Any]) -> None:
        self.attributes = attributes
        self.taken = False
        self._handlers = handlers
        self._streams = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = (_Uncovering(self, stream) for stream in self._streams)

    def take(self) -> None:
        """Hand over the responsibility for the terminal."""
        self.taken = True
        sys.stdout, sys.stderr = self._streams
        self._restore_handlers()

    def undo(self) -> None:
        """Restore the terminal, unless it was taken over."""
        if not self.taken:
            import termios

            self.take()
            _write(_LEAVE)
            termios.tcsetattr(_STDIN, termios.TCSANOW, self.attributes)

    def _restore_handlers(self) -> None:
        import signal

        for number, handler in self._handlers.items():
            # The code that took over may have set its own.
            if signal.getsignal(number) is _end:
                signal.signal(number, handler)


class _Uncovering:
    """A standard stream that removes the page before anything is printed, so that it can be read."""

    def __init__(self, painted: Painted, stream: TextIO) -> None:
        self._painted = painted
        self._stream = stream

    def write(self, text: str) -> object:
        self._painted.undo()
        return self._stream.write(text)

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


def list_asked_for(arguments: list[str]) -> Location | None:
    """The store whose list is certainly wanted, in a terminal that can show it; else None."""
    try:
        asked = _asked_for(arguments)
        if asked is None or not _is_suitable_terminal():
            return None
        from agcx_tui.core.local.paths import find_store

        return find_store(asked[0] if asked else None)
    except (OSError, ValueError):
        return None


def paint(location: Location) -> Painted | None:
    """Show the last page of this store's list, if there is one that is still valid."""
    try:
        lines = page(location)
        return _begin(lines) if lines else None
    except (OSError, ValueError):
        return None


def _asked_for(arguments: list[str]) -> list[str] | None:
    """The store that --store names, if any, when only its list is wanted; None for anything else."""
    rest = [word for word in arguments if word != "browse"]
    if len(arguments) - len(rest) > 1:
        return None
    if not rest:
        return []
    if not rest[-1].removeprefix("--store=").strip():
        # The command reports the empty value.
        return None
    if len(rest) == 2 and rest[0] == "--store" and not rest[1].startswith("-"):
        return rest[1:]
    if len(rest) == 1 and rest[0].startswith("--store="):
        return [rest[0].removeprefix("--store=")]
    return None


def _is_suitable_terminal() -> bool:
    if os.environ.get("TERM", "dumb") in ("dumb", "unknown", ""):
        return False
    if os.environ.get("TEXTUAL_DRIVER") or os.name != "posix":
        return False
    if not all(map(os.isatty, (_STDIN, _STDOUT, _STDERR))):
        return False
    # In the background, writing could stop the process.
    return os.tcgetpgrp(_STDIN) == os.getpgrp()


def page(location: Location) -> list[str] | None:
    """The lines as they look now, without files that are gone; None if the page is not valid."""
    from agcx_tui.core.local import page_file, paths
    from agcx_tui.core.words import format

    store = location.path
    if not os.path.isdir(store):
        return None
    size = os.get_terminal_size(_STDERR)
    config = paths.config_file(os.environ)
    depends = page_file.conditions((size.columns, size.lines), os.environ, config)
    path = page_file.page_path(paths.cache_directory(), store)
    lines = page_file.load(path, os.fspath(store), depends)
    if lines is None or len(lines) != size.lines:
        return None
    now = time.time_ns() // 1000
    there = [line for line in lines if line.path and os.path.lexists(line.path)]
    if not there:
        # None of the files exists: it is not a page of this store's sessions.
        return None
    shown = []
    rows = iter(there)
    for line in lines:
        if line.path:
            line = next(rows, None) or page_file.Line("")
        age = "" if line.moment is None else format.age(line.moment, now)
        shown.append(line.text.replace(page_file.AGE, f"{age:<{format.AGE_WIDTH}}"))
    return shown


def _begin(lines: list[str]) -> Painted:
    import signal
    import termios

    from agcx_tui.core.local.signals import ENDING, block

    before = termios.tcgetattr(_STDIN)
    attributes = termios.tcgetattr(_STDIN)
    # As Textual sets it, except for Ctrl+C, which nothing else handles until Textual runs.
    attributes[0] &= ~(termios.IXON | termios.IXOFF | termios.ICRNL | termios.INLCR | termios.IGNCR)
    attributes[3] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN)
    attributes[6] = list(attributes[6])
    attributes[6][termios.VMIN] = 1
    for other in (termios.VSUSP, termios.VQUIT):
        attributes[6][other] = b"\x00"
    block()
    handlers = {number: signal.signal(number, _end) for number in ENDING}
    painted = Painted(before, handlers)
    try:
        termios.tcsetattr(_STDIN, termios.TCSANOW, attributes)
        _write(_ENTER + "".join(f"\x1b[{y};1H{line}" for y, line in enumerate(lines, 1)))
    except BaseException:
        painted.undo()
        raise
    return painted


def _end(number: int, _frame: object) -> None:
    sys.exit(128 + number)


def _write(text: str) -> None:
    # Encoded as Textual does.
    stream = sys.__stderr__
    assert stream is not None
    data = text.encode(stream.encoding, stream.errors or "strict")
    while data:
        data = data[os.write(_STDERR, data) :]
