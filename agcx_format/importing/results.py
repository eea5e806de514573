"""What becomes of each conversation of an import."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from uuid import UUID

from agcx_format.importing.report import ImportReport

__all__ = ["ImportOutcome", "ImportResult"]


class ImportOutcome(StrEnum):
    """What became of a conversation."""

    IMPORTED = "imported"
    UPDATED = "updated"
    PRESENT = "already there"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What became of one conversation, or of a directory that could not be read.

    Fields:
        outcome: what was done.
        reason: why it was skipped or failed.
        id, title: of the session; None and empty if the file could not be read.
        report: None if the file could not be read, or has not changed since its import.
        part: the conversation in a file that holds several; see `Source`.
        size: bytes of its file.
        agent: the name of the one that wrote it; empty if that is not known.
        is_unchanged: whether an earlier import read the same file, and said what is wrong with it.
    """

    path: Path
    outcome: ImportOutcome
    reason: str = ""
    id: UUID | None = None
    title: str = ""
    report: ImportReport | None = None
    part: str = ""
    size: int = 0
    agent: str = ""
    is_unchanged: bool = False
