"""Words of the store that are spelled nearly as one that was not found.

Strategy: only for a word that nothing was found for, and labelled as a guess by whoever shows it.  The
newest text is looked through for a moment; the words that differ least are given, the more frequent first.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress

from agcx_format.search.blocks import Block, Damaged
from agcx_format.transcript.folding import fold

__all__ = ["close_words"]

_words = re.compile(r"\w{3,64}").findall
# A word that is much shorter is close to too many.
_SHORTEST = 4
_MOST_DISTANCE = 2


def close_words(
    word: str,
    blocks: Iterable[Block],
    *,
    most: int,
    seconds: float,
    stopped: Callable[[], bool] = lambda: False,
) -> list[str]:
    """Up to `most` words, the closest first; none if it is `stopped`."""
    wanted = fold(word)
    if len(wanted) < _SHORTEST or not wanted.isalnum():
        return []
    deadline = time.monotonic() + seconds
    seen: Counter[str] = Counter()
    for block in blocks:
        if stopped():
            return []
        with suppress(Damaged):
            words = _words(fold(block.text))
            seen.update(each for each in words if abs(len(each) - len(wanted)) <= 2)
        if time.monotonic() > deadline:
            break
    close = []
    for each, count in seen.items():
        distance = _distance(wanted, each, 1 if len(wanted) < 6 else _MOST_DISTANCE)
        if distance is not None and distance > 0:
            close.append((distance, -count, each))
    return [each for _, _, each in sorted(close)[:most]]


def _distance(a: str, b: str, most: int) -> int | None:
    """Letters to insert, remove, replace or swap to make one the other; None when more than `most`."""
    if a[:1] != b[:1] and a[-1:] != b[-1:]:
        # It could be, but is hardly what was meant, and most words fall here.
        return None
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        older, before, row = before, row, [i]
        for j, y in enumerate(b, 1):
            cost = min(before[j] + 1, row[-1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return None
    return row[-1] if row[-1] <= most else None
