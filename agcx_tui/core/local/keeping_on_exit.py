"""Save things on exit, and log failures that must not stop the program.

Strategy: each thing is saved through `quietly`.  The log is a small file in the state directory, created by
its first line; it says what failed and why, without any words of a conversation.
"""

from __future__ import annotations

import logging
import logging.handlers
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["LOG_FILE", "log_failure", "log_to", "quietly"]

LOG_FILE = "agcx.log"
_LARGEST = 64 * 1024
_log = logging.getLogger("agcx_tui")


def quietly(what: str, keep: Callable[..., object], *arguments: Any) -> None:
    """Save something; a failure is logged as "`what` was not kept"."""
    try:
        keep(*arguments)
    except Exception as error:
        log_failure(f"{what} was not kept", error)


def log_failure(what: str, error: Exception) -> None:
    """Log a failure that does not stop the program."""
    _log.warning("%s: %s: %s", what, type(error).__name__, error)


def log_to(directory: Path | None) -> None:
    """Log to a file in this directory from now on, or, with None, nowhere."""
    for handler in _log.handlers[:]:
        _log.removeHandler(handler)
        handler.close()
    _log.propagate = False
    _log.addHandler(logging.NullHandler() if directory is None else _LogFile(directory))


class _LogFile(logging.handlers.RotatingFileHandler):
    """A file created by its first line, readable only by its owner."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        super().__init__(
            directory / LOG_FILE, maxBytes=_LARGEST, backupCount=1, encoding="utf-8",
            errors="backslashreplace", delay=True,
        )  # fmt: skip
        self.setFormatter(logging.Formatter("%(asctime)s %(message)s"))

    def _open(self) -> Any:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        Path(self.baseFilename).touch(mode=0o600)
        return super()._open()

    def handleError(self, record: logging.LogRecord) -> None:
        """Ignore a log that cannot be written."""
