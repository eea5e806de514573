"""One message as a search knows it: its text, and what kind of message it is.  Values only."""

from __future__ import annotations

from enum import IntEnum

import msgspec

__all__ = ["Kind", "Said"]


class Kind(IntEnum):
    """What kind of message it is, as `in:` tells them apart."""

    YOU = 0
    """The person's own words, or a picture of theirs."""
    OTHER = 1
    """What an agent put in: instructions, the environment."""
    ASSISTANT = 2
    REASONING = 3
    CALL = 4
    RESULT = 5


class Said(msgspec.Struct, frozen=True, gc=False):
    """One message as it is read.

    Fields:
        text: what it says; no NUL in it.
        kind: see `Kind`.
        role: of a message its role; else `reasoning` or `tool`.
        time: as the file has it.
        tool: the name of the tool that is called, or whose result this is; empty for others.
        failed: whether a tool call is known to have failed.
        paths: files that a call is about.
    """

    text: str
    kind: Kind
    role: str
    time: str
    tool: str = ""
    failed: bool = False
    paths: tuple[str, ...] = ()
