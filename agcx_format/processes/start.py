"""Starts programs that work for this one, and that talk to it through their input and output.

Strategy: each has a process group of its own, so that keys pressed in the terminal do not reach it, but stays
in the session.  Linux compares priorities within a session, so in one of its own a process of low priority
would get as much as this one.  And one that was stopped ends when this program does, however that ends: the
system hangs up a group that no process in its session could continue any more.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

__all__ = ["start_program"]


def start_program(
    command: Sequence[str], *, errors: int = subprocess.DEVNULL, buffered: bool = False
) -> subprocess.Popen[bytes]:
    """Start a program with pipes for its input and output; `errors` is where its errors go.

    Raises `OSError` when the system cannot start it.
    """
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        bufsize=-1 if buffered else 0,
        process_group=0,
    )
