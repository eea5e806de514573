"""Processes that the system ends as soon as a program has started them."""

from __future__ import annotations

import subprocess

import pytest

__all__ = ["end_started"]


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
