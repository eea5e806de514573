"""What an agent keeps on this machine, and how far an import is, in words.

No Textual.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from agcx_format.importing import ImportOutcome, SourceState
from agcx_format.transcript import safe_line
from agcx_tui.core.words import format

if TYPE_CHECKING:
    from agcx_format.importing import FoundAgent
    from agcx_tui.core.importing.running import ImportProgress

__all__ = ["describe_new", "describe_outcomes", "describe_places", "describe_progress"]

# In the order of the words. One that is already there was new by its path alone.
_OUTCOMES = (
    ImportOutcome.IMPORTED,
    ImportOutcome.UPDATED,
    ImportOutcome.PRESENT,
    ImportOutcome.SKIPPED,
    ImportOutcome.FAILED,
)


def describe_new(counts: Counter[SourceState]) -> str:
    """Such as `312 new · 4 to update`, or `nothing new`."""
    # Those that grew, and those that an earlier importer read.
    states = {SourceState.NEW: "new", SourceState.GROWN: "to update"}
    words = [f"{counts[state]:,} {word}" for state, word in states.items() if counts[state]]
    return " · ".join(words) or "nothing new"


def describe_places(found: FoundAgent, now: int) -> str:
    """Where it is, how much there is in all, and when an import last looked at it; `now` as for `age`."""
    parts = [
        ", ".join(safe_line(format.short_path(str(place))) for place in found.places),
        format.counted(len(found.sources), "conversation"),
    ]
    if deleted := found.counts[SourceState.DELETED]:
        parts.append(f"{deleted:,} deleted here")
    if found.looked is not None:
        since = max(0, now - found.looked.ns // 1000)
        parts.append(f"last import {format.elapsed(since)} ago")
    if found.changing:
        parts.append(f"{found.changing:,} changed in the last minute")
    return " · ".join(parts)


def describe_progress(progress: ImportProgress, elapsed: float) -> str:
    """How many were read, how fast, and how long it will still take."""
    words = f"importing {progress.done:,} of {progress.found:,}"
    if elapsed >= 1:
        words += f" · {format.size(int(progress.bytes_done / elapsed))}/s"
        left = progress.seconds_left(elapsed)
        if left is not None and left >= 1:
            words += f" · {format.elapsed(int(left * 1_000_000))} left"
    return words


def describe_outcomes(progress: ImportProgress) -> str:
    """Such as `312 imported, 22 already there, 1 skipped (no messages in it)`."""
    outcomes = progress.outcomes
    words = {each: f"{outcomes[each]:,} {each}" for each in _OUTCOMES if outcomes[each]}
    if progress.why_skipped:
        words[ImportOutcome.SKIPPED] += f" ({_reasons(progress.why_skipped)})"
    return ", ".join(words.values()) or "Nothing to import"


def _reasons(counts: Counter[str]) -> str:
    if len(counts) == 1:
        return next(iter(counts))
    return "; ".join(f"{count:,}: {reason}" for reason, count in counts.most_common())
