"""One message as a search knows it: its text, and what kind of message it is.  Values only."""

from __future__ import annotations

from enum import IntEnum

import msgspec

from agcx_format import limits

__all__ = ["Kind", "Said", "storable"]


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
    TITLE = 6
    """No message, but the title of the session, which comes before the first one."""


class Said(msgspec.Struct, frozen=True, gc=False):
    """One message as it is read.

    Fields:
        text: what it says, and below that what is shown beside it; no NUL in it.
        kind: see `Kind`.
        role: of a message its role; else `reasoning`, `tool` or `title`.
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


def storable(text: str) -> str:
    """Without what no text of a file can be, in characters of the same number."""
    if len(text) > limits.MESSAGE_SHOWN:
        # Such a message is a stub on the screen.
        return ""
    if "\0" in text:
        text = text.replace("\0", "\u2400")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            text = text.encode("utf-8", "replace").decode()
    return text
