"""What a check of a file found, in words: on the command line and in the app.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from agcx_tui.core.words.format import counted, size

if TYPE_CHECKING:
    from agcx_format.doctor import FileReport, Finding, ReportPart
    from agcx_format.errors import PersistenceError

__all__ = ["SEVERITIES", "first_damage", "place_of", "sentence"]

# The severities of a report, in words; None without findings.
SEVERITIES: Final[Mapping[str | None, str]] = {
    "error": "error",
    "warning": "warning",
    "info": "note",
    None: "ok",
}


def place_of(part: ReportPart) -> str:
    """Where a section is, and how much is in it; its name is not made safe."""
    if part.start is None or part.end is None:
        return "not found"
    words = [f"bytes {part.start:,} to {part.end:,}{' decompressed' if part.decompressed else ''}"]
    if part.text is not None:
        words.append(f"{size(part.text)} decompressed")
    if part.items is not None:
        words.append(counted(part.items, "message"))
    return ", ".join(words)


def first_damage(report: FileReport) -> PersistenceError | None:
    """The first part of a file that cannot be read, as an error; None if all can be read."""
    from agcx_format.errors import CorruptData

    for each in report.findings:
        if each.severity == "error":
            return CorruptData(
                each.reason,
                path=report.path,
                section=each.section,
                offset=each.offset,
                decompressed=each.decompressed,
            )
    return None


def sentence(finding: Finding) -> str:
    """`error: message 9, byte 2,010: it is cut off`; it may quote the file."""
    places = []
    if finding.message is not None:
        places.append(f"message {finding.message:,}")
    if finding.offset is not None:
        places.append(f"{'decompressed ' * finding.decompressed}byte {finding.offset:,}")
    place = f"{', '.join(places)}: " if places else ""
    return f"{SEVERITIES[finding.severity]}: {place}{finding.reason}"
