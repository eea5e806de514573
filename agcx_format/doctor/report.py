"""The result of a check as frozen values, with a plain form for scripts.

Strategy: checks write into a `ReportDraft`, one for each file, which limits how much is kept: a section may
hold a hundred thousand bad messages, and nobody reads past the first twenty. It becomes a `FileReport`.
Reasons may quote bytes of a hostile file: escape them before showing them.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from agcx_format.errors import PersistenceError

__all__ = ["SCHEMA", "FileReport", "Finding", "ReportDraft", "ReportPart", "Severity"]

# Version of `FileReport.to_plain`, so that scripts notice when a field changes its meaning.
SCHEMA = 1

# How many findings of one kind are listed; all of them are counted.
_LISTED = 20


class Severity(StrEnum):
    """How bad a finding is.

    `error`: something cannot be read, and data may be lost. `warning`: wrong, but readable. `info`: worth
    knowing, but nothing is wrong.
    """

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


_WORST_FIRST = tuple(Severity)


class Finding(msgspec.Struct, frozen=True):
    """One thing that a check found.

    Fields:
        code: its kind, for scripts.
        section: the part of the file.
        reason: what it is, for people.
        offset: bytes from the start of the file or, if `decompressed`, of the decompressed section.
        message: number of the message, from 1.
    """

    severity: Severity
    code: str
    section: str
    reason: str
    offset: int | None = None
    decompressed: bool = False
    message: int | None = None


class ReportPart(msgspec.Struct, frozen=True):
    """A section of a file.

    Fields:
        start, end: its bytes in the file; None if it was not found.
        decompressed: whether `start` and `end` count in the decompressed section around it instead.
        text: its size when decompressed, if it is compressed.
        items: how many messages were found in it.
    """

    name: str
    start: int | None = None
    end: int | None = None
    decompressed: bool = False
    text: int | None = None
    items: int | None = None


class FileReport(msgspec.Struct, frozen=True):
    """The report on one file, or on the store as a whole.

    Fields:
        kind: `session`, `checkpoint`, `index`, `metadata copy`, `leftover`, `act`, or `store`.
        size: in bytes.
        stopped: whether the check ended before it was done.
    """

    path: str
    kind: str
    size: int = 0
    layout: int | None = None
    id: UUID | None = None
    parts: tuple[ReportPart, ...] = ()
    findings: tuple[Finding, ...] = ()
    stopped: bool = False

    @property
    def severity(self) -> Severity | None:
        """The severity of the worst finding; None without findings."""
        found = {finding.severity for finding in self.findings}
        return next((severity for severity in _WORST_FIRST if severity in found), None)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong: there are no findings but information."""
        return self.severity in (None, Severity.INFO)

    def of_part(self, name: str) -> list[Finding]:
        """The findings in one section of the file."""
        return [finding for finding in self.findings if finding.section == name]

    def to_plain(self) -> dict[str, Any]:
        """The report for JSON; `schema` is the version of this form."""
        plain = msgspec.to_builtins(self)
        severity = self.severity
        return {"schema": SCHEMA, **plain, "ok": self.ok, "severity": severity and severity.value}


@dataclass
class ReportDraft:
    """A report in progress."""

    path: str | os.PathLike[str]
    kind: str
    size: int = 0
    layout: int | None = None
    id: UUID | None = None
    parts: list[ReportPart] = field(default_factory=list)
    stopped: bool = False
    _findings: list[Finding] = field(default_factory=list)
    _counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, severity: Severity, code: str, section: str, reason: str, **where: Any) -> None:
        """Add a finding; `where` takes `offset`, `decompressed`, and `message`."""
        self._counts[code, section] += 1
        if self._counts[code, section] <= _LISTED:
            self._findings.append(Finding(severity, code, section, reason, **where))

    def error(
        self, error: PersistenceError, section: str, code: str = "unreadable", **where: Any
    ) -> None:
        """Add an error of the format; `section` counts if the error names none."""
        where = {"offset": error.offset, "decompressed": error.decompressed} | where
        self.add(Severity.ERROR, code, error.section or section, error.reason, **where)

    def finish(self) -> FileReport:
        findings = list(self._findings)
        for (code, section), count in self._counts.items():
            if count > _LISTED:
                like = next(f for f in findings if (f.code, f.section) == (code, section))
                more = f"and {count - _LISTED:,} more like these"
                findings.append(Finding(like.severity, code, section, more))
        return FileReport(
            os.fspath(self.path), self.kind, self.size, self.layout, self.id,
            tuple(self.parts), tuple(findings), self.stopped,
        )  # fmt: skip
