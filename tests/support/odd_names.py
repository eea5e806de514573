"""A store whose files have names that a file can have and nobody would give: no text, several lines,
orders."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

# What each does to who takes it for a word: is not UTF-8, ends a line, colors, copies, turns the direction,
# is an option, is markup, clears the screen, is a command.
ODD = (
    b"caf\xe9", b"new\nline", b"\x1b[31mred", b"\x1b]52;c;aGk=\x07", b"\xe2\x80\xaeright", b"-rf", b" tab\t ",
    b"[bold]x[-]", b"\xff\x1b[2J\n$(id)'\"`;",
)  # fmt: skip
BROKEN = b"broken\xe9\x1b[31m\n"


def path_of(store: Path, name: bytes) -> str:
    return os.path.join(os.fspath(store), os.fsdecode(name) + ".agcx")


def add_odd_names(store: Path, session: Path) -> list[str]:
    """Put copies of a session into a store, a name each, and a broken file; gives the paths."""
    for name in ODD:
        shutil.copyfile(session, path_of(store, name))
    Path(path_of(store, BROKEN)).write_bytes(b"AGCX is not what this is")
    paths = [path_of(store, name) for name in (*ODD, BROKEN)]
    for path in paths:
        # Nobody may be at work on them.
        os.utime(path, (time.time() - 86_400, time.time() - 86_400))
    return paths
