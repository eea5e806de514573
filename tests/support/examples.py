"""Hypothesis draws the same examples in every process, and few of them in the quick form."""

from __future__ import annotations

from hypothesis.internal.conjecture import providers

__all__ = ["draw_all", "draw_the_same_everywhere", "is_full", "some_of"]

# Of a hundred examples, in the quick form.
_SHARE, _AT_LEAST = 35, 10
_full = False


def draw_all(wanted: bool) -> None:
    """Say whether the long form is wanted, before tests are imported."""
    global _full
    _full = wanted


def is_full() -> bool:
    """Whether the long form was asked for: `--full`."""
    return _full


def some_of(examples: int) -> int:
    """How many examples of so many to draw: all of them in the long form."""
    return examples if _full else min(examples, max(_AT_LEAST, examples * _SHARE // 100))


def draw_the_same_everywhere() -> None:
    """Do without the constants that Hypothesis collects from the source of all loaded modules.

    Which are loaded differs from worker to worker, and what they say with every change of the code: so did
    the examples, although they are meant to be derived from the test alone.  No setting turns it off, and
    reading the source of this project takes more than a second in each worker.
    """
    nothing = providers._local_constants
    providers._get_local_constants = lambda: nothing
