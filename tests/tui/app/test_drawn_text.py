"""Whatever a widget draws, a terminal is ordered nothing by it, and every line keeps its width."""

from __future__ import annotations

import re

import pytest
from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.widgets import Input, Static

from agcx_format.transcript.escaping import safe_line
from agcx_tui.app.app import AgcxApp
from agcx_tui.app.drawn_text import DRAWN_TEXT
from agcx_tui.core.sessions.columns import LEFT_TO_RIGHT_MARK


def looked_at(text: str) -> str:
    (segment,) = DRAWN_TEXT.apply([Segment(text)], Color(0, 0, 0))
    return segment.text


@pytest.mark.parametrize(
    "text", ["plain", "日本 é", f"שלום{LEFT_TO_RIGHT_MARK}  ", "🇩🇪 क्‍ष e\u0301", "", "␛[31m"]
)
def test_what_is_safe_stays(text):
    assert looked_at(text) == text


@pytest.mark.parametrize(
    ("text", "drawn"),
    [("caf\udce9", "caf\ufffd"), ("a\x1b[31mb", "a[31mb"), ("a\u202eb", "ab"),
     ("a\x9bb", "ab"), ("a\nb", "ab")],
)  # fmt: skip
def test_what_is_not_is_replaced_in_its_own_cells(text, drawn):
    assert looked_at(text) == drawn


@pytest.mark.parametrize(
    ("text", "drawn"),
    [("👩‍👩‍👧.", "👩."), ("👍🏽.", "👍."), ("❤️.", "❤ ."), ("1️⃣.", "1 ."), ("🏳️‍🌈.", "🏳 .")],
    ids=["family", "skin", "selector", "key", "flag"],
)
def test_of_joined_emoji_all_terminals_count_the_first_in_as_many_cells(text, drawn):
    assert looked_at(text) == drawn
    assert cell_len(text) == cell_len(drawn)


@pytest.mark.parametrize(
    "text",
    [
        "❤\u200d\ufe0f👩",
        "❤\u200d\u200d👩",
        "❤\u200d\u202e👩",
        "❤\u202e\ufe0f",
        "\u200d\x1b\u202ee",
        "\u200d👩x",
    ],
    ids=ascii,
)
def test_nothing_that_is_removed_joins_what_was_beside_it_or_moves_it(text):
    drawn = looked_at(text)
    assert not re.search("[❤👩]\u200d+👩|❤\ufe0f|\u202e|\x1b", drawn)
    assert cell_len(drawn) == cell_len(text)
    assert looked_at(drawn) == drawn


async def test_what_is_typed_pasted_or_forgotten_is_looked_at_too():
    app = AgcxApp(None)
    hostile = "caf\udce9\x1b[31m\u202e\x9b\u2066x"
    async with app.run_test(size=(80, 24)) as pilot:
        field, static = Input(hostile), Static(hostile, markup=False)
        await app.screen.mount(field, static)
        app.notify(hostile, markup=False)
        await pilot.pause()
        for strip in app.screen._compositor.render_strips():
            assert safe_line(strip.text) == strip.text
            assert strip.text.encode()
        assert field.value == hostile
