"""How well a session fits a query, for the order `best`.

Strategy: a word that occurs often says more than one that occurs once, but the tenth occurrence little
more than the ninth, and a long session holds everything: counts enter as logarithms, over the length.
The person's own words and the title weigh more than the output of a tool, and several words more where they
stand together.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log1p

__all__ = ["score"]

_TITLE, _OWN_WORDS, _TOGETHER = 2.0, 0.5, 1.0


def score(
    counts: Sequence[int], messages: int, in_title: int, own: int, together: float = 0.0
) -> float:
    """The higher the better.

    `counts` are the matches of each term, `messages` those of the session, `in_title` the terms that are
    also in the title, `own` the hits that are the person's own words, `together` is 1 where all terms
    stand in one line, less where they are further apart.
    """
    if not counts:
        return 0.0
    often = sum(map(log1p, counts)) / len(counts)
    length = 1 + log1p(messages) / 4
    near = _OWN_WORDS * min(own, 3) + _TOGETHER * together
    return often / length + _TITLE * in_title / len(counts) + near
