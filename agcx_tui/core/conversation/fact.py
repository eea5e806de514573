"""What the tabs beside the messages show: facts, in groups under a title.  Values only."""

from __future__ import annotations

from dataclasses import dataclass

from agcx_format.store import StoredCheckpoint

__all__ = ["Fact", "Group"]


@dataclass(frozen=True, slots=True)
class Fact:
    """A name and a value.

    Fields:
        note: A quieter text below the value.
        target: What Enter opens: a path, or a checkpoint, whose file may be gone.
        copied: What is copied instead of the value.
        message: The number of the message that Enter goes to, from 1.
        secret: Whether the value is hidden until Enter is pressed.
    """

    name: str
    value: str
    note: str = ""
    target: str | StoredCheckpoint | None = None
    copied: str = ""
    message: int | None = None
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Facts under a title; `empty` is shown in place of missing facts."""

    title: str
    facts: tuple[Fact, ...]
    empty: str = "none"
