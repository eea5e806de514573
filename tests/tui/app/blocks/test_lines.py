"""Text in lines, however little room there is for them."""

from __future__ import annotations

import pytest
from rich.style import Style

from agcx_tui.app.blocks.lines import fold


@pytest.mark.parametrize(
    "text", ["some words here", "    some 前前 here", "  - one point", "前" * 5]
)
@pytest.mark.parametrize("width", [-1, 0, 1, 2])
def test_text_without_room_is_broken_between_all_letters_and_nothing_is_lost(text, width):
    lines = fold(text, width, Style())
    assert max(line.cell_length for line in lines) <= 2
    assert "".join(line.text for line in lines).replace(" ", "") == text.replace(" ", "")
