"""Memory that was freed goes back to the system."""

from __future__ import annotations

import ctypes
import os
import threading
from pathlib import Path

import pytest

from agcx_tui.core.local.memory import give_back

_PIECE, _PIECES = 64 << 10, 600


def resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="the C library is no glibc"
)
def test_what_a_thread_has_freed_is_given_back():
    kept: list[bytes] = []

    def work() -> None:
        pieces = [b"x" * _PIECE for _ in range(_PIECES)]
        # Some of it is still in use, all the way to the end.
        kept.extend(pieces[::50])

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    before = resident()
    give_back()
    assert before - resident() > _PIECE * _PIECES // 2
