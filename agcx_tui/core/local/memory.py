"""Memory that was freed goes back to the system, where the C library would keep it."""

from __future__ import annotations

from contextlib import suppress

__all__ = ["give_back"]


def give_back() -> None:
    """Return free memory to the system, for a thread that has made and dropped very much.

    glibc keeps what one thread freed for that thread alone.  Other systems do this by themselves.
    """
    import ctypes

    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
