"""Copy text to the clipboard by every available means, and report which of them accepted it.

Strategy: a terminal never confirms OSC 52, and tmux ignores it by default.  So programs that report success
come first: those of the local display, and tmux if we run inside it.  Over SSH, the local display is not the
user's.  The programs get no terminal and little time, and are killed with their children if they do not
finish.  `put` blocks; call it in a thread.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from agcx_tui.core.local.signals import unblocked

__all__ = ["Taken", "as_bytes", "may_be_taken", "put"]

_SECONDS = 2.0

_OVER_SSH = ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY")
# An environment variable that must be set, if any, and the command.
_LOCAL = (
    ("WAYLAND_DISPLAY", ("wl-copy",)),
    ("DISPLAY", ("xclip", "-selection", "clipboard", "-in")),
    ("DISPLAY", ("xsel", "--clipboard", "--input")),
    ("", ("pbcopy",)),
)


@dataclass(frozen=True, slots=True)
class Taken:
    """What accepted a text.

    Fields:
        program: The program of the local display; empty if none did.
        tmux: Whether tmux did.
        handed_on: Whether tmux passes it to the terminal.
    """

    program: str = ""
    tmux: bool = False
    handed_on: bool = False

    def __bool__(self) -> bool:
        return bool(self.program) or self.tmux


def as_bytes(text: str) -> bytes:
    """The text as UTF-8; undecodable parts of a file name become their original bytes."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def may_be_taken(environ: Mapping[str, str]) -> bool:
    """Whether something besides the terminal may accept a text."""
    return bool(environ.get("TMUX")) or not _is_over_ssh(environ)


def put(data: bytes, environ: Mapping[str, str]) -> Taken:
    """Copy the data; the result is false if nothing accepted it."""
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
    # Into tmux's buffer, and with -w on to the terminal, unless tmux is configured not to.
    if _run((tmux, "load-buffer", "-w", "-"), data, environ) is not None:
        setting = _run((tmux, "show-options", "-sv", "set-clipboard"), b"", environ)
        return Taken(program, True, setting is not None and setting.strip() != b"off")
    # tmux before 3.2 has no -w.
    return Taken(program, _run((tmux, "load-buffer", "-"), data, environ) is not None)


def _is_over_ssh(environ: Mapping[str, str]) -> bool:
    return any(environ.get(name) for name in _OVER_SSH)


def _local(environ: Mapping[str, str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Names and commands of the installed programs for the local display."""
    if _is_over_ssh(environ):
        return
    for variable, (name, *options) in _LOCAL:
        if variable and not environ.get(variable):
            continue
        path = shutil.which(name, path=environ.get("PATH"))
        if path is not None:
            yield name, (path, *options)


def _run(command: tuple[str, ...], data: bytes, environ: Mapping[str, str]) -> bytes | None:
    """The output of a program that is given the data; None unless it succeeds in time.

    Some programs stay in the background to serve the clipboard and would keep a pipe open, so only the
    output of tmux is read.
    """
    listened = command[1:2] == ("show-options",)
    try:
        with unblocked():
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE if listened else subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=dict(environ),
                # Without the terminal, it can neither read keys nor draw on the screen.
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
