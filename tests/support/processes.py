"""Processes that a program started: whether they ended, and such as end at once."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest

from tests.support.waiting import wait_until

__all__ = ["children", "end_started", "has_ended", "stop"]


def end_started(monkeypatch: pytest.MonkeyPatch, most: int | None = None) -> list[subprocess.Popen]:
    """Have the first `most` processes, or all, end as soon as they are started; the list of all that were."""
    started: list[subprocess.Popen] = []
    popen = subprocess.Popen

    def start(*given, **named):
        process = popen(*given, **named)
        started.append(process)
        if most is None or len(started) <= most:
            process.kill()
        return process

    monkeypatch.setattr(subprocess, "Popen", start)
    return started


def children() -> set[int]:
    """The processes that this one started and has not waited for."""
    with subprocess.Popen(
        ["ps", "-o", "pid=", "--ppid", str(os.getpid())], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        return set(map(int, process.stdout.read().split())) - {process.pid}


def has_ended(pid: int) -> bool:
    """Whether a process has ended, even if its parent has not waited for it."""
    return _state(pid) in ("", "Z")


def stop(pid: int) -> None:
    """Stop a process, which neither ends nor goes on."""
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: _state(pid) == "T", "a stopped process")


def _state(pid: int) -> str:
    """The letter of `ps`; empty for none."""
    command = ["ps", "-o", "stat=", "-p", str(pid)]
    found = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return found.strip()[:1]
