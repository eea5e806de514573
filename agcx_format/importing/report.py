"""What an import says about a file: what was taken, what was not and why, with an example of each kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from msgspec import Struct, to_builtins

from agcx_format.importing.fields import as_json

__all__ = [
    "OTHER_KINDS", "Example", "ImportReport", "ImportTotals", "Kinds", "LineOutcome", "LineTally",
]  # fmt: skip

# What all kinds are counted as that are met after the first ones: a file can name another in every line.
OTHER_KINDS = "other kinds"
_KINDS = 1000

# Characters of a line that an example shows.
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Example:
    """The first line of its kind.

    Fields:
        line: its number, from 1.
        text: its beginning, as JSON.
    """

    line: int
    text: str


def _example(number: int, value: Any) -> Example:
    plain = to_builtins(value) if isinstance(value, Struct) else value
    return Example(number, as_json(plain)[:_SHOWN])


class Kinds(Counter[str]):
    """How often each kind of something was met; those that the file names are counted with `add`."""

    def add(self, kind: str) -> str:
        """Count one of a kind; the kind that it was counted as."""
        if kind not in self and len(self) >= _KINDS:
            kind = OTHER_KINDS
        self[kind] += 1
        return kind


@dataclass
class LineTally:
    """How often each kind of line was met, with the first one of each."""

    counts: Kinds = field(default_factory=Kinds)
    examples: dict[str, Example] = field(default_factory=dict)

    def add(self, kind: str, number: int, value: Any) -> None:
        if kind in self.examples:
            self.counts[kind] += 1
            return
        kind = self.counts.add(kind)
        if kind not in self.examples:
            self.examples[kind] = _example(number, value)

    def later(self, kind: str, number: int, value: Any) -> Callable[[], None]:
        """Adds the line when it is called, without holding its value until then."""
        example = _example(number, value) if kind not in self.examples else None

        def add() -> None:
            counted = self.counts.add(kind)
            if example is not None:
                self.examples.setdefault(counted, example)

        return add

    def sorted(self) -> dict[str, int]:
        return dict(sorted(self.counts.items()))


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of the lines of a file.

    Fields:
        messages: how many the conversation has.
        duplicates: lines for display, by type: what they say is in the conversation from another line.
        skipped: lines without conversation, by type.
        unknown: lines and items of types that are not understood; they are kept as text.
        examples: the first line of each type in the three above.
        kept_as: items of types that AGCX does not have, by what they were and became.
        left_out: fields of items that AGCX has no place for.
        bad_lines: number and reason of the first thousand lines that could not be read.
        bad_count: how many lines could not be read.
        replaced: sequences of bytes that are not UTF-8, and became U+FFFD. In usual lines (see `json_lines`),
            only those in fields that the import uses: the others are not looked into.
        without_time: messages whose time was estimated from those around them.
        notes: sentences about the file.
        is_unfinished: the last line was not yet written to its end; the next import reads the file again.
    """

    messages: int
    duplicates: Mapping[str, int]
    skipped: Mapping[str, int]
    unknown: Mapping[str, int]
    examples: Mapping[str, Example]
    kept_as: Mapping[str, int]
    left_out: Mapping[str, int]
    bad_lines: tuple[tuple[int, str], ...]
    bad_count: int
    replaced: int
    without_time: int
    notes: tuple[str, ...]
    is_unfinished: bool = False

    @property
    def not_understood(self) -> int:
        """How many lines and items could not be read, or are of a type that is not known."""
        return self.bad_count + sum(self.unknown.values())


class LineOutcome(StrEnum):
    """What became of a line, or of something in one."""

    TAKEN = "taken"
    DUPLICATE = "for display"
    SKIPPED = "no conversation"
    UNKNOWN = "not understood"


@dataclass
class ImportTotals:
    """The reports of several files together.

    Fields:
        counts: how many messages were taken, and how many lines were not, by why.
        examples: the first of those lines, with its file and its type or what is wrong with it.
    """

    counts: Counter[LineOutcome] = field(default_factory=Counter)
    examples: dict[LineOutcome, tuple[Path, str, Example]] = field(default_factory=dict)

    def add(self, path: Path, report: ImportReport) -> None:
        """Add the report of one more file."""
        self.counts[LineOutcome.TAKEN] += report.messages
        self.counts[LineOutcome.UNKNOWN] += report.bad_count
        for number, reason in report.bad_lines[:1]:
            self.examples.setdefault(LineOutcome.UNKNOWN, (path, reason, Example(number, "")))
        for kind, counts in (
            (LineOutcome.DUPLICATE, report.duplicates),
            (LineOutcome.SKIPPED, report.skipped),
            (LineOutcome.UNKNOWN, report.unknown),
        ):
            self.counts[kind] += sum(counts.values())
            for name in counts:
                self.examples.setdefault(kind, (path, name, report.examples[name]))
