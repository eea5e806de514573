"""Makes a title from a person's first words."""

from __future__ import annotations

__all__ = ["short_title"]

_TITLE_LENGTH = 80


def short_title(words: str, length: int = _TITLE_LENGTH) -> str:
    """The first line that is not blank, cut between words."""
    line = next((" ".join(line.split()) for line in words.splitlines() if line.strip()), "")
    if len(line) <= length:
        return line
    cut = line.rfind(" ", length // 2, length)
    return line[: cut if cut > 0 else length - 1].rstrip(" ,;:.") + "…"
