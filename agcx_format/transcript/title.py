"""Makes a title from a person's first words."""

from __future__ import annotations

__all__ = ["short_title"]

_TITLE_LENGTH = 80
# A title is made from this many times its length: the words may be megabytes.
_LOOKED_AT = 100
# One of these continues a sentence; it has not ended with any of those before.
_GOING_ON = frozenset("@`'\"(")
_ENDS = frozenset(".!?:;")


def short_title(words: str, length: int = _TITLE_LENGTH) -> str:
    """The first line that is not blank, with those that continue its sentence, cut between words."""
    title = ""
    for line in words.lstrip()[: _LOOKED_AT * length].splitlines():
        said = " ".join(line.split())
        if title and not _goes_on(title, said):
            break
        title = f"{title} {said}" if title else said
        if len(title) > length:
            break
    if len(title) <= length:
        return title
    cut = title.rfind(" ", length // 2, length)
    return title[: cut if cut > 0 else length - 1].rstrip(" ,;:.") + "…"


def _goes_on(title: str, line: str) -> bool:
    """Whether an editor or a terminal broke the line in the middle of a sentence."""
    return bool(line) and title[-1] not in _ENDS and (line[0].islower() or line[0] in _GOING_ON)
