"""Rows on the screen before anything large is imported: the page that the list showed last.

Strategy: Textual takes a quarter of a second to import, and a person need not wait for it.  When nothing
but the list can have been asked for, its last page is written to the terminal at once, and Textual
then takes over in the same place (`taking_over.py`).  Until then the terminal is read by nobody: what is
typed is neither echoed nor lost, and stays in its buffer.  Ctrl+C, an exception or a signal brings
back the terminal as it was.  In doubt nothing is painted.

Known to the entry point alone; it hands `Painted` on.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agcx_tui.core.local.paths import Location

__all__ = ["Painted", "list_asked_for", "page", "paint"]

_STDIN, _STDOUT, _STDERR = 0, 1, 2
_ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[H"
_LEAVE = "\x1b[?7h\x1b[?1049l\x1b[?25h"


class Painted:
    """A page on the screen; `attributes` are those that the terminal had before."""

    def __init__(self, attributes: list, handlers: dict) -> None:
        self.attributes = attributes
        self.taken = False
        self._handlers = handlers
        self._streams = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = (_Uncovering(self, stream) for stream in self._streams)

    def take(self) -> None:
        """Somebody else answers for the terminal from now on."""
        self.taken = True
        sys.stdout, sys.stderr = self._streams
        self._restore_handlers()

    def undo(self) -> None:
        """Bring back the terminal, unless somebody has taken it over."""
        if not self.taken:
            import termios

            self.take()
            _write(_LEAVE)
            termios.tcsetattr(_STDIN, termios.TCSANOW, self.attributes)

    def _restore_handlers(self) -> None:
        import signal

        for number, handler in self._handlers.items():
            # Whoever takes over may have set its own by now.
            if signal.getsignal(number) is _end:
                signal.signal(number, handler)


class _Uncovering:
    """A standard stream: what somebody prints is to be read, so the page goes first."""

    def __init__(self, painted: Painted, stream: object) -> None:
        self._painted = painted
        self._stream = stream

    def write(self, text: str) -> object:
        self._painted.undo()
        return self._stream.write(text)

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


def list_asked_for(arguments: list[str]) -> Location | None:
    """Where the store is whose list was surely asked for, in a terminal that can show it."""
    try:
        named = _store_asked_for(arguments)
        if named is _SOMETHING_ELSE or not _is_suitable_terminal():
            return None
        from agcx_tui.core.local.paths import find_store

        return find_store(named)  # type: ignore[arg-type]
    except (OSError, ValueError):
        return None


def paint(location: Location) -> Painted | None:
    """Show the last page of this store's list, when there is one that is still right."""
    try:
        lines = page(location)
        return _begin(lines) if lines else None
    except (OSError, ValueError):
        return None


_SOMETHING_ELSE = object()


def _store_asked_for(arguments: list[str]) -> object:
    """The value of --store, None without; _SOMETHING_ELSE when it may not be the list."""
    rest = [word for word in arguments if word != "browse"]
    if len(arguments) - len(rest) > 1:
        return _SOMETHING_ELSE
    if not rest:
        return None
    if not rest[-1].removeprefix("--store=").strip():
        # The command line says that it is empty.
        return _SOMETHING_ELSE
    if len(rest) == 2 and rest[0] == "--store" and not rest[1].startswith("-"):
        return rest[1]
    if len(rest) == 1 and rest[0].startswith("--store="):
        return rest[0].removeprefix("--store=")
    return _SOMETHING_ELSE


def _is_suitable_terminal() -> bool:
    if os.environ.get("TERM", "dumb") in ("dumb", "unknown", ""):
        return False
    if os.environ.get("TEXTUAL_DRIVER") or os.name != "posix":
        return False
    if not all(map(os.isatty, (_STDIN, _STDOUT, _STDERR))):
        return False
    # Not in the background, where to write would stop us.
    return os.tcgetpgrp(_STDIN) == os.getpgrp()


def page(location: Location) -> list[str] | None:
    """The lines as they look now, without what is gone; None when there are none that are right."""
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
        # Nothing of what it shows: then it is no page of sessions.
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

    from agcx_tui.core.local.signals import ENDING, block_faults

    before = termios.tcgetattr(_STDIN)
    attributes = termios.tcgetattr(_STDIN)
    # As Textual will have it, but for Ctrl+C: until it runs, nobody else could obey that.
    attributes[0] &= ~(termios.IXON | termios.IXOFF | termios.ICRNL | termios.INLCR | termios.IGNCR)
    attributes[3] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN)
    attributes[6] = list(attributes[6])
    attributes[6][termios.VMIN] = 1
    for other in (termios.VSUSP, termios.VQUIT):
        attributes[6][other] = b"\x00"
    block_faults()
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
    # As Textual writes it after us.
    data = text.encode(sys.__stderr__.encoding, sys.__stderr__.errors)
    while data:
        data = data[os.write(_STDERR, data) :]
