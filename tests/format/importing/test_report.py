"""A report names the first kinds of what was met, and does not grow with a file that has many."""

from __future__ import annotations

import pytest

from agcx_format.importing import read_rollout, read_transcript
from agcx_format.importing.report import OTHER_KINDS
from tests.support import transcript_lines as claude
from tests.support.rollout_lines import event, item, line, meta, user, write

MANY, NAMED = 1500, 1000


def new_blocks(number: int) -> dict:
    return claude.assistant({"type": f"new_{number}", "text": "?"})


def new_fields(number: int) -> dict:
    return user("Why?") | {"payload": user("Why?")["payload"] | {f"new_{number}": 1}}


@pytest.mark.parametrize(
    ("make", "counted"),
    [
        (lambda number: line(f"new_{number}", {"text": "?"}), "unknown"),
        (lambda number: event(f"new_{number}", text="?"), "unknown"),
        (lambda number: item(f"new_{number}", text="?"), "unknown"),
        (lambda number: item(f"new_{number}", text="?"), "kept_as"),
        (new_fields, "left_out"),
    ],
)
def test_kinds_after_the_first_of_a_rollout_are_counted_together(tmp_path, make, counted):
    lines = map(make, range(MANY))
    report = read_rollout(write(tmp_path / "a.jsonl", meta(), user("Hi"), *lines)).report
    counts = getattr(report, counted)
    assert counts[OTHER_KINDS] == MANY - NAMED
    assert (len(counts), sum(counts.values())) == (NAMED + 1, MANY)
    if counted == "unknown":
        assert report.not_understood == MANY
        assert report.examples[OTHER_KINDS].line == NAMED + 3


def test_kinds_after_the_first_of_a_transcript_are_counted_together(tmp_path):
    path = write(tmp_path / "a.jsonl", claude.user("Hi"), *map(new_blocks, range(MANY)))
    report = read_transcript(path).report
    for counts in (report.unknown, report.kept_as):
        assert counts[OTHER_KINDS] == MANY - NAMED
        assert (len(counts), sum(counts.values())) == (NAMED + 1, MANY)
