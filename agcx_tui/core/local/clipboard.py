"""Text into the clipboard, by every way that a person's terminal leaves, and which of them took it.

Strategy: a terminal never says whether it obeyed OSC 52, and tmux by default drops what a program asks.
So programs whose end tells come first: those of the local display, and tmux itself when we are inside.
Over SSH the local display is somebody else's.  They are given a moment, a null output and no terminal,
and are ended with all that they began when they do not come to an end.  For a thread: `put` waits.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

__all__ = ["Taken", "as_bytes", "may_be_taken", "put"]

_SECONDS = 2.0

_OVER_SSH = ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY")
# The variable that says that it can work, if there is one; the command.
_LOCAL = (
    ("WAYLAND_DISPLAY", ("wl-copy",)),
    ("DISPLAY", ("xclip", "-selection", "clipboard", "-in")),
    ("DISPLAY", ("xsel", "--clipboard", "--input")),
    ("", ("pbcopy",)),
)


@dataclass(frozen=True, slots=True)
class Taken:
    """Who took a text: the program of the display, tmux, and whether tmux hands it on to the terminal."""

    program: str = ""
    tmux: bool = False
    handed_on: bool = False

    def __bool__(self) -> bool:
        return bool(self.program) or self.tmux


def as_bytes(text: str) -> bytes:
    """UTF-8; of a file's name that is none, the bytes that the file has."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def may_be_taken(environ: Mapping[str, str]) -> bool:
    """Whether there may be anybody but the terminal to give it to."""
    return bool(environ.get("TMUX")) or not _is_over_ssh(environ)


def put(data: bytes, environ: Mapping[str, str]) -> Taken:
    """Give it to whoever is there; what comes back is false when nobody took it."""
    program = ""
    for name, command in _local(environ):
        if _run(command, data, environ) is not None:
            program = name
            break
    if not environ.get("TMUX"):
        return Taken(program)
    tmux = shutil.which("tmux", path=environ.get("PATH"))
    if tmux is None:
        return Taken(program)
    # To tmux's buffer, and with -w by tmux to the terminal, unless it is told never to do that.
    if _run((tmux, "load-buffer", "-w", "-"), data, environ) is not None:
        setting = _run((tmux, "show-options", "-sv", "set-clipboard"), b"", environ)
        return Taken(program, True, setting is not None and setting.strip() != b"off")
    # Before tmux 3.2 there was no -w.
    return Taken(program, _run((tmux, "load-buffer", "-"), data, environ) is not None)


def _is_over_ssh(environ: Mapping[str, str]) -> bool:
    return any(environ.get(name) for name in _OVER_SSH)


def _local(environ: Mapping[str, str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The programs of the local display that are there, by name."""
    if _is_over_ssh(environ):
        return
    for variable, (name, *options) in _LOCAL:
        if variable and not environ.get(variable):
            continue
        path = shutil.which(name, path=environ.get("PATH"))
        if path is not None:
            yield name, (path, *options)


def _run(command: tuple[str, ...], data: bytes, environ: Mapping[str, str]) -> bytes | None:
    """What a program writes when it is given the data; None unless it ends well, and soon.

    Some go on behind our back to serve the clipboard: these are not waited for, but must not hold
    our pipe either, so only tmux, which does not, is listened to.
    """
    listened = command[1:2] == ("show-options",)
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if listened else subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=dict(environ),
            # Away from the terminal: it may neither read a key nor write over the screen.
            start_new_session=True,
        )
    except OSError:
        return None
    try:
        written, _ = process.communicate(data, timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        with suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return None
    except OSError:
        process.kill()
        process.wait()
        return None
    return (written or b"") if process.returncode == 0 else None
