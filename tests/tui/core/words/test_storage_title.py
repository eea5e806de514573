"""The totals of the storage screen in a narrow terminal."""

from __future__ import annotations

from agcx_format.space import Stats
from agcx_tui.core.words.storage_report import headline


def test_what_does_not_fit_is_left_out_whole_and_what_takes_space_stays():
    stats = Stats()
    whole = headline(stats, 5000)
    assert whole == "0 sessions · 0 messages · 0 B on disk · 0 B decompressed · 5.0 kB in the trash"
    assert headline(stats, 5000, len(whole)) == whole
    less = "0 sessions · 0 B on disk · 0 B decompressed · 5.0 kB in the trash"
    assert headline(stats, 5000, len(whole) - 1) == less
    assert headline(stats, 5000, 10) == "0 sessions · 0 B on disk · 5.0 kB in the trash"
