"""Other programs that get the terminal until they end: an editor, an agent."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from agcx_tui.core.local.signals import unblocked

__all__ = ["run_to_end"]


def run_to_end(command: Sequence[str], directory: str) -> int:
    """Run a program in a directory until it ends; returns its exit status, negative for a signal.

    As `subprocess.run` does, but signals are blocked here again as soon as it has started.

    Raises:
        OSError: It cannot be started.
    """
    with unblocked():
        program = subprocess.Popen(command, cwd=directory)
    with program:
        try:
            return program.wait()
        except BaseException:
            program.kill()
            raise
