"""A look at every change of names and every sync that this process makes, before it happens or after.

Strategy: the functions of `os` that change names or sync are wrapped for a while, and so is the
system call behind exchanging two files.  What a wrapped call leads to is not looked at again.  Threads
that sync at the same time take turns, so that each call has one moment.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import RLock

import pytest

from agcx_format.disk import exchange
from tests.slow.crash.processes import child

NAMES = ("rename", "link", "unlink", "mkdir", "rmdir", "symlink", "replace")
Look = Callable[[str, tuple], None]


def nothing(name: str, arguments: tuple) -> None:
    """Not looked at."""


@contextmanager
def watched(
    patch: pytest.MonkeyPatch, *, before: Look = nothing, after: Look = nothing, also: tuple = ()
) -> Iterator[None]:
    """Call `before` and `after` with the name and the arguments of each call that is watched."""
    turn, inside = RLock(), False

    def wrapped(name: str, function: Callable) -> Callable:
        def call(*args, **options):
            nonlocal inside
            with turn:
                if inside:
                    return function(*args, **options)
                inside = True
                try:
                    before(name, args)
                    value = function(*args, **options)
                    after(name, args)
                    return value
                finally:
                    inside = False

        return call

    with patch.context() as each:
        for name in (*NAMES, "fsync", *also):
            each.setattr(os, name, wrapped(name, getattr(os, name)))
        call = exchange._system_call()
        if call is not None:
            counted = wrapped("exchange", call)
            each.setattr(exchange, "_system_call", lambda: counted)
        yield


def die_after(
    is_it: Callable[[str, tuple], bool], first: Callable[[], None], work: Callable[[], None]
) -> None:
    """A program that does `work` dies right after a call; just before that, another one did `first`."""

    def first_then(name: str, arguments: tuple) -> None:
        if is_it(name, arguments):
            first()

    def die_then(name: str, arguments: tuple) -> None:
        if is_it(name, arguments):
            os.kill(os.getpid(), signal.SIGKILL)

    def observed() -> None:
        with watched(pytest.MonkeyPatch(), before=first_then, after=die_then):
            work()

    with child(observed) as pid:
        _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status)
