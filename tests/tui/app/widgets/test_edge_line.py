"""A line with texts at both edges, in more or less room."""

from __future__ import annotations

import pytest
from textual.content import Content

from agcx_tui.app.widgets.lines.edge_line import cut_facts


@pytest.mark.parametrize(
    ("room", "shown"),
    [
        (34, "15 sessions · 277 kB · 2 unreadable"[:33] + "…"),
        (35, "15 sessions · 277 kB · 2 unreadable"),
        (31, "15 sessions · 277 kB…"),
        (26, "15 sessions · 277 kB…"),
        (21, "15 sessions · 277 kB…"),
        (15, "15 sessions…"),
        (9, "15 sessi…"),
        (0, ""),
    ],
)
def test_a_fact_that_hardly_fits_is_left_out_whole(room, shown):
    assert cut_facts(Content("15 sessions · 277 kB · 2 unreadable"), room).plain == shown
