"""What a check found: frozen values, with a form for scripts.

Strategy: checks write into a `ReportDraft`, one a file, which bounds how much is kept: a message section may
hold a hundred thousand bad messages, and nobody reads past the first twenty.  What it gives is a
`FileReport`.  Reasons may quote bytes of a hostile file; whoever shows them makes them safe.
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

# Of `FileReport.to_plain`: a script can tell when a field changed its meaning.
SCHEMA = 1

# Findings of one kind that are told one by one; all of them are counted.
_LISTED = 20


class Severity(StrEnum):
    """`error`: cannot be read, data may be lost.  `warning`: wrong, but readable.  `info`: worth
    knowing, nothing is wrong."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


_WORST_FIRST = tuple(Severity)


class Finding(msgspec.Struct, frozen=True):
    """One thing that was found.

    `code` names its kind for scripts.  `offset` counts bytes from the start of the file, or, where
    `decompressed`, of the decompressed section.  `message` counts from 1.
    """

    severity: Severity
    code: str
    section: str
    reason: str
    offset: int | None = None
    decompressed: bool = False
    message: int | None = None


class ReportPart(msgspec.Struct, frozen=True):
    """A section, from byte `start` to `end` of the file; None where it was not found.

    `decompressed`: they count bytes of the decompressed section that it lies in.  `text` is the size of
    a compressed section once it is decompressed, `items` how many messages were found in it.
    """

    name: str
    start: int | None = None
    end: int | None = None
    decompressed: bool = False
    text: int | None = None
    items: int | None = None


class FileReport(msgspec.Struct, frozen=True):
    """One file, or the store as a whole (`kind` is `store`).

    `kind`: `session`, `checkpoint`, `index`, `metadata copy`, `leftover`, `act` or `store`; `size` in
    bytes; `stopped` when the check was ended before it was done.
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
        """The worst of its findings."""
        found = {finding.severity for finding in self.findings}
        return next((severity for severity in _WORST_FIRST if severity in found), None)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong; information alone is not."""
        return self.severity in (None, Severity.INFO)

    def of_part(self, name: str) -> list[Finding]:
        return [finding for finding in self.findings if finding.section == name]

    def to_plain(self) -> dict[str, Any]:
        """For JSON; `schema` is the version of this form."""
        plain = msgspec.to_builtins(self)
        severity = self.severity
        return {"schema": SCHEMA, **plain, "ok": self.ok, "severity": severity and severity.value}


@dataclass
class ReportDraft:
    """A report while it is being made."""

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
        """`where`: `offset`, `decompressed`, `message`."""
        self._counts[code, section] += 1
        if self._counts[code, section] <= _LISTED:
            self._findings.append(Finding(severity, code, section, reason, **where))

    def error(
        self, error: PersistenceError, section: str, code: str = "unreadable", **where: Any
    ) -> None:
        """An error of the format where it was raised; `section` when it does not say."""
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
