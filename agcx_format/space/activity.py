"""What happened in each session of a store, in few words, and sums of it over many."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from agcx_format.model.session import CheckpointMetadata
from agcx_format.transcript.activity import Activity

__all__ = ["ActivityFacts", "ActivitySums", "ToolTally"]

# A longer name or path is cut.
_NAME = 1000


class ActivityFacts(msgspec.Struct, array_like=True, frozen=True):
    """What happened in one session, as far as a list or a sum over sessions needs it.

    Fields:
        turns, seconds, active_seconds: as in `Activity`.
        failed: how many calls failed.
        edited: how many messages were edited.
        branches: how many branches there are.
        tools: name, calls, failed calls, and seconds of each tool.
        files: path, lines added, and lines removed of each file.
        checkpoints: their names.
    """

    turns: int = 0
    seconds: float = 0
    active_seconds: float = 0
    failed: int = 0
    edited: int = 0
    branches: int = 0
    tools: tuple[tuple[str, int, int, float], ...] = ()
    files: tuple[tuple[str, int, int], ...] = ()
    checkpoints: tuple[str, ...] = ()

    @classmethod
    def of(cls, activity: Activity, checkpoints: Iterable[CheckpointMetadata]) -> ActivityFacts:
        """What a list needs of the activity of one session, and of its checkpoints."""
        return cls(
            activity.turns,
            activity.seconds,
            activity.active_seconds,
            len(activity.failed),
            len(activity.edited),
            activity.branches,
            tuple((t.name[:_NAME], t.calls, t.failed, t.seconds) for t in activity.tools),
            tuple((f.path[:_NAME], f.added, f.removed) for f in activity.files),
            tuple(each.name[:_NAME] for each in checkpoints),
        )


@dataclass(slots=True)
class ToolTally:
    """How often a tool was called in how many sessions, and how long that took."""

    sessions: int = 0
    calls: int = 0
    failed: int = 0
    seconds: float = 0


@dataclass(slots=True)
class ActivitySums:
    """What happened in many sessions; `sessions` counts those that were added.

    Fields:
        turns, active_seconds, edited, added, removed: sums over all sessions.
        tools: by name.
    """

    sessions: int = 0
    turns: int = 0
    active_seconds: float = 0
    edited: int = 0
    added: int = 0
    removed: int = 0
    tools: dict[str, ToolTally] = field(default_factory=dict)

    def add(self, facts: ActivityFacts) -> None:
        """Add what happened in one more session."""
        self.sessions += 1
        self.turns += facts.turns
        self.active_seconds += facts.active_seconds
        self.edited += facts.edited
        self.added += sum(added for _, added, _ in facts.files)
        self.removed += sum(removed for _, _, removed in facts.files)
        for name, calls, failed, seconds in facts.tools:
            tally = self.tools.setdefault(name, ToolTally())
            tally.sessions += 1
            tally.calls += calls
            tally.failed += failed
            tally.seconds += seconds

    @property
    def calls(self) -> int:
        """How many tool calls there are."""
        return sum(tally.calls for tally in self.tools.values())

    @property
    def failed(self) -> int:
        """How many of them failed."""
        return sum(tally.failed for tally in self.tools.values())
