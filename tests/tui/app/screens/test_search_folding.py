"""What is typed is found in a conversation however it is written there, and marked where it stands."""

from __future__ import annotations

import unicodedata

import pytest

from agcx_format.search import parse_query
from agcx_format.session.source import ListSource
from agcx_tui.app.widgets.facts_view import FactsView
from agcx_tui.app.widgets.roll.line_matches import LineMatches
from agcx_tui.core.conversation.fact import Fact, Group
from agcx_tui.core.conversation.search import search
from tests.support.messages import TranscriptApp, assistant, user

pytestmark = pytest.mark.usefixtures("undrawn")


def nfd(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def found(texts: list[str], words: str) -> list[int]:
    """The messages that hold the words."""
    source = ListSource([user(text) for text in texts])
    return [index for step in search(source, parse_query(words)) for index, _ in step.counts]


TEXTS = [
    "Café here", nfd("Café here"), "Cafe here", "ＦＵＬＬ width", "ﾕｰｻﾞｰ", nfd("パーティー"), "Die Straße",
    "STRASSE", "İstanbul", "ﬁle", "the Grid", "the grid",
]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "indexes"),
    [
        ("café", [0, 1]),
        (nfd("café"), [0, 1]),
        ("Café here", [0, 1, 2]),
        ('"Café here"', [0, 1]),
        ("CAFÉ", []),
        ("cafe", [2]),
        ("full", [3]),
        ("ユーザー", [4]),
        ("パーティー", [5]),
        ("strasse", [6, 7]),
        ("STRASSE", [7]),
        ("istanbul", [8]),
        ("file", [9]),
        ("grid", [10, 11]),
        ("Grid", [10]),
        ('"the grid"', [10, 11]),
        ("/th.\\sgrid/", [10, 11]),
        ("grid -the", []),
    ],
)
def test_a_search_finds_every_form(words, indexes):
    assert found(TEXTS, words) == indexes


def test_words_across_two_pieces_are_found_decomposed_as_well():
    for shift in range(40):
        text = "x" * (512 * 1024 - shift) + nfd("ééééééééé") + "x"
        assert found([text], "ééééééééé") == [0]


def test_a_word_across_two_pieces_is_found():
    for shift in range(8):
        before = "x" * (512 * 1024 - shift)
        texts = [before + " needles", before, before + "the end"]
        assert found(texts, "needles") == [0]
        assert found(texts, '"the end"') == [2]
        assert found(texts, "/the.end/") == [2]


async def marked(text: str, words: str, width: int = 40, draw=user) -> list[str]:
    """What is marked of a message, line by line."""
    app = TranscriptApp(ListSource([draw(text)]))
    async with app.run_test(size=(width, 12)):
        viewport = app.transcript.viewport
        matches = LineMatches(parse_query(words), app.transcript.look.width)
        pieces = []
        for place in viewport.within(0):
            line = viewport.strip(place).text
            marks = matches.marks(viewport, place)
            pieces += [line[mark.start : mark.end] for mark in marks]
        return pieces


@pytest.mark.parametrize(
    ("text", "words", "pieces"),
    [
        ("a ﬁne Straße: the Straße", "strasse", ["Straße", "Straße"]),
        ("İİİ ﬁ then grid", "grid", ["grid"]),
        (nfd("éé Café é") + " grid", "grid", ["grid"]),
        (nfd("le Café noir"), "café", [nfd("Café")]),
        ("ﾕｰｻﾞｰ is ユーザー", "ユーザー", ["ﾕｰｻﾞｰ", "ユーザー"]),
        ("Grid grid GRID", "grid", ["Grid", "grid", "GRID"]),
        ("Grid grid GRID", "Grid", ["Grid"]),
    ],
)
async def test_what_is_found_is_marked_where_it_stands(text, words, pieces):
    assert await marked(text, words) == pieces
    assert await marked(text, words, draw=assistant) == pieces


async def test_what_the_width_breaks_is_marked_on_both_lines():
    pieces = await marked("ß" * 33 + nfd("éàéàéàéà"), "éàéàéàéà", width=44)
    assert unicodedata.normalize("NFC", "".join(pieces)) == "éàéàéàéà"
    assert len(pieces) == 2


async def test_the_facts_of_a_session_are_filtered_by_the_same_folding():
    view = FactsView()
    facts = [Fact("Directory", nfd("/home/café")), Fact("Model", "GPT-5"), Fact("Title", "Straße")]
    view.show([Group("Session", facts)])
    assert [view.filter(w) for w in ("café", "cafe", "gpt", "GPT", "Gpt", "strasse", "")] == [
        1, 0, 1, 1, 0, 1, 3,
    ]  # fmt: skip


async def test_an_expression_is_marked_where_the_lines_break_it():
    prose = "a b c d e f g h i j k l m needle phrase, and then some more words to fill the line"
    for width in range(34, 44):
        pieces = await marked(prose, r"/ne+dle\sphrase/", width=width)
        assert "".join(pieces).replace(" ", "") == "needlephrase", width
    long = "x" * 20 + "needle" + "y" * 30
    for width in range(26, 34):
        pieces = await marked(long, r"/x(ne+dle)y/", width=width)
        assert "".join(pieces) == "xneedley", width


async def test_an_expression_knows_where_lines_begin():
    assert await marked("grid\nthe grid\ngrid", "/^grid/") == ["grid", "grid"]


async def test_what_is_said_about_a_message_is_not_marked():
    assert await marked("Are you there? turn 1", "you") == ["you"]
    assert await marked("turn it", "turn") == ["turn"]
