"""What is kept on the way out: it may fail, which is logged, and never holds up the exit.

Strategy: every piece of it is run through `quietly`.  The log is one small file in the state directory, made
when there is something to say; it names what failed and why, and no words of any conversation.
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
    """Keep something; why it cannot be kept is logged as `what` was not."""
    try:
        keep(*arguments)
    except Exception as error:
        log_failure(f"{what} was not kept", error)


def log_failure(what: str, error: Exception) -> None:
    """Log why something failed that keeps nobody from going on."""
    _log.warning("%s: %s: %s", what, type(error).__name__, error)


def log_to(directory: Path | None) -> None:
    """Log to a file in this directory from now on; with None to nowhere."""
    for handler in _log.handlers[:]:
        _log.removeHandler(handler)
        handler.close()
    _log.propagate = False
    _log.addHandler(logging.NullHandler() if directory is None else _LogFile(directory))


class _LogFile(logging.handlers.RotatingFileHandler):
    """A file that is made, readable by its owner alone, when the first line is written."""

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
        """A log that cannot be written is none."""
