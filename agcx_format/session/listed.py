"""What a list keeps of a session's metadata: little, however much the file holds.

Strategy: a kilobyte of zstd can decompress to a title of sixty megabytes, and a list holds the titles of a
thousand files. So texts and lists that are longer than any person writes are cut as soon as they are read,
and end in `…`. What is cut is never written to a session: an edit takes all that it does not change from
the file, and `whole_tags` finds the full text of cut tags.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from agcx_format import limits
from agcx_format.model.session import CheckpointMetadata, SessionMetadata

__all__ = ["listed", "short_title", "whole_tags"]

MARK = "…"


def listed(metadata: SessionMetadata) -> SessionMetadata:
    """The metadata with long texts and lists cut; the same object when nothing is too long."""
    tags, checkpoints = metadata.tags, metadata.checkpoints
    if (
        len(metadata.title) <= limits.LISTED_TITLE
        and len(metadata.model) <= limits.LISTED_TEXT
        and len(tags) <= limits.LISTED_TAGS
        and (not tags or max(map(len, tags)) <= limits.LISTED_TEXT)
        and (not checkpoints or _fit(checkpoints))
    ):
        return metadata
    return replace(
        metadata,
        title=short_title(metadata.title),
        model=_cut(metadata.model),
        tags=_cut_tags(tags),
        checkpoints=[_cut_checkpoint(each) for each in checkpoints[: limits.LISTED_CHECKPOINTS]],
    )


def short_title(title: str) -> str:
    """As `listed` has it."""
    return _cut(title, limits.LISTED_TITLE)


def whole_tags(tags: Iterable[str], old: Sequence[str]) -> list[str]:
    """Undo in `tags`, which come from an edit of listed metadata, what `listed` cut of the `old` tags."""
    short = _cut_tags(old)
    if short == list(old):
        return list(tags)
    # Several may be cut to the same text. The last one may be the mark for all that follow.
    whole: dict[str, list[str]] = {}
    for cut, full in zip(short, old, strict=False):
        whole.setdefault(cut, []).append(full)
    if len(old) > limits.LISTED_TAGS:
        whole[MARK] += old[limits.LISTED_TAGS :]
    return [full for tag in dict.fromkeys(tags) for full in whole.get(tag, [tag])]


def _fit(checkpoints: Sequence[CheckpointMetadata]) -> bool:
    return len(checkpoints) <= limits.LISTED_CHECKPOINTS and all(
        len(each.name) <= limits.LISTED_TEXT and len(each.description or "") <= limits.LISTED_TEXT
        for each in checkpoints
    )


def _cut(text: str, longest: int | None = None) -> str:
    longest = limits.LISTED_TEXT if longest is None else longest
    return text if len(text) <= longest else text[: longest - 1] + MARK


def _cut_tags(tags: Sequence[str]) -> list[str]:
    most = limits.LISTED_TAGS
    short = [_cut(tag) for tag in tags[:most]]
    if len(tags) > most:
        short[-1] = MARK
    return short


def _cut_checkpoint(checkpoint: CheckpointMetadata) -> CheckpointMetadata:
    description = checkpoint.description
    return replace(
        checkpoint,
        name=_cut(checkpoint.name),
        description=None if description is None else _cut(description),
    )
