"""What the storage screen says in a narrow terminal."""

from __future__ import annotations

from agcx_format.search import DEFAULT_CAP, BookState
from agcx_format.space import Stats
from agcx_tui.core.search.index_keeper import IndexPhase, IndexState
from agcx_tui.core.words.index_report import index_section
from agcx_tui.core.words.storage_report import headline


def test_what_does_not_fit_is_left_out_whole_and_what_takes_space_stays():
    stats = Stats()
    whole = headline(stats, 5000)
    assert whole == "0 sessions · 0 messages · 0 B on disk · 0 B decompressed · 5.0 kB in the trash"
    assert headline(stats, 5000, len(whole)) == whole
    less = "0 sessions · 0 B on disk · 0 B decompressed · 5.0 kB in the trash"
    assert headline(stats, 5000, len(whole) - 1) == less
    assert headline(stats, 5000, 10) == "0 sessions · 0 B on disk · 5.0 kB in the trash"
    stats.subagents.sessions = 2
    assert headline(stats).startswith("0 sessions (2 subagents) · ")
    assert headline(stats, 5000, 10) == "0 sessions · 0 B on disk · 5.0 kB in the trash"


def test_an_index_that_is_not_to_be_is_said_to_be_off_with_what_is_left_of_it():
    off = IndexState(IndexPhase.OFF, problem="search.index is false")
    (line,) = index_section(off, None).lines
    assert (line.label, line.amount, line.note) == ("off: search.index is false", 0, "")
    (line,) = index_section(off, BookState(20, 26, 0, 800_000, DEFAULT_CAP)).lines
    assert (line.label, line.amount) == ("off: search.index is false", 800_000)
    assert line.note == "not used"


def test_what_is_said_of_the_index_has_room_in_a_narrow_terminal():
    failed = IndexState(IndexPhase.FAILED, problem="cannot be made: no space left on device")
    (line,) = index_section(failed, BookState(20, 26, 0, 800_000, DEFAULT_CAP)).lines
    assert line.label == "not built: cannot be made: no space left on device"
    assert line.note == "6 not in it yet"

    (line,) = index_section(IndexState(IndexPhase.ELSEWHERE), BookState(20, 26, 0, 1, 9)).lines
    assert (line.label, line.note) == (
        "20 of 26 sessions, built by another program",
        "6 not in it yet",
    )

    def note(book: BookState) -> str:
        (line,) = index_section(IndexState(IndexPhase.WAITING), book).lines
        return line.note

    assert note(BookState(26, 26, 0, 800_000, DEFAULT_CAP)) == "at most 2.0 GB"
    assert note(BookState(20, 26, 0, 800_000, DEFAULT_CAP)) == "6 not in it yet"
    assert note(BookState(20, 26, 6, 800_000, DEFAULT_CAP)) == "6 do not fit 2.0 GB"
