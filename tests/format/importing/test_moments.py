"""Times in any form, and estimates where a line has none."""

from __future__ import annotations

import pytest

from agcx_format.importing.codex.rollout import read_rollout
from agcx_format.importing.moments import estimated, moment_of
from agcx_format.model.timestamps import Timestamp
from tests.support.rollout_lines import SESSION, meta, user, write


@pytest.mark.parametrize(
    "time",
    [
        1_754_051_400, 1_754_051_400.0, 1_754_051_400_000, 1_754_051_400_000_000,
        1_754_051_400_000_000_000, "2025-08-01T12:30:00Z", "1754051400", "1754051400.0", "1754051400000",
        "1754051400000000", "2025-08-01 12:30:00", "2025-08-01T12:30:00.0",
    ],
)  # fmt: skip
def test_numbers_are_times_in_any_unit(time):
    assert moment_of(time) == Timestamp("2025-08-01T12:30:00Z")


@pytest.mark.parametrize(
    "time", [None, True, 0, -1, float("nan"), float("inf"), 1e300, "yesterday", [], {}]
)
def test_other_values_are_no_times(time):
    assert moment_of(time) is None


def test_missing_times_lie_evenly_between_their_neighbors():
    first, last, start = (Timestamp(f"2025-08-01T12:30:{s:02}Z") for s in (10, 40, 0))
    found = list(estimated([None, first, None, None, last, None], start))
    assert found == [Timestamp(f"2025-08-01T12:30:{s:02}Z") for s in (5, 10, 20, 30, 40, 40)]
    assert list(estimated([None, None], start)) == [start, start]
    assert list(estimated([last, None, first], start)) == [last, last, first]


def test_a_message_between_two_with_times_is_between_them(tmp_path):
    times = "2025-09-25T14:02:10Z", None, "2025-09-25T14:02:20Z"
    lines = [user(str(n)) | {"timestamp": time} for n, time in enumerate(times)]
    imported = read_rollout(write(tmp_path / "a.jsonl", meta(), *lines))
    assert [m.timestamp for m in imported.conversation.messages] == [
        "2025-09-25T14:02:10Z", "2025-09-25T14:02:15Z", "2025-09-25T14:02:20Z",
    ]  # fmt: skip
    assert imported.report.without_time == 1


def test_a_header_may_have_a_number_as_its_time(tmp_path):
    header = {"id": SESSION, "timestamp": 1_754_051_400}
    said = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}
    imported = read_rollout(write(tmp_path / "a.jsonl", header, said))
    assert (str(imported.metadata.id), imported.report.messages) == (SESSION, 1)
    assert imported.metadata.created_at == "2025-08-01T12:30:00Z"
