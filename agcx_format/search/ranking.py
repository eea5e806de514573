"""How well a session fits a query, for the order `best`.

Strategy: a word that occurs often says more than one that occurs once, but the tenth occurrence little
more than the ninth, and a long session holds everything: counts enter as logarithms, over the length.
The person's own words and the title weigh more than the output of a tool.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log1p

__all__ = ["score"]

_TITLE, _OWN_WORDS = 2.0, 0.5


def score(counts: Sequence[int], messages: int, in_title: int, own: int) -> float:
    """The higher the better.

    `counts` are the matches of each term, `messages` those of the session, `in_title` the terms that are
    also in the title, `own` the hits that are the person's own words.
    """
    if not counts:
        return 0.0
    often = sum(map(log1p, counts)) / len(counts)
    length = 1 + log1p(messages) / 4
    return often / length + _TITLE * in_title / len(counts) + _OWN_WORDS * min(own, 3)
