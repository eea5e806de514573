"""Hypothesis draws the same examples in every process, whatever is loaded in it."""

from __future__ import annotations

from hypothesis.internal.conjecture import providers

__all__ = ["draw_the_same_everywhere"]


def draw_the_same_everywhere() -> None:
    """Do without the constants that Hypothesis collects from the source of all loaded modules.

    Which are loaded differs from worker to worker, and what they say with every change of the code: so did
    the examples, although they are meant to be derived from the test alone.  No setting turns it off, and
    reading the source of this project takes more than a second in each worker.
    """
    nothing = providers._local_constants
    providers._get_local_constants = lambda: nothing
