"""A long text is searched in pieces, which makes no difference to what is found."""

from __future__ import annotations

import unicodedata
from random import Random

from agcx_format.search import Query, parse_query
from agcx_format.session.source import ListSource
from agcx_tui.core.conversation import search as searching
from agcx_tui.core.conversation.search import find_matches, search
from tests.support.messages import user

_WORDS = [
    "lease",
    "LEASE",
    "Straße",
    "strasse",
    "ﬁne",
    "naïve",
    "日本語",
    "ﾕｰｻﾞｰ",
    "ユーザー",
    "x",
    "İs",
    "e\n",
]


def some_text(random: Random) -> str:
    """Words, some of them decomposed, with and without spaces between."""
    words = (random.choice(_WORDS) + random.choice(("", " ", ",", "\n")) for _ in range(200))
    text = "".join(words)
    return unicodedata.normalize("NFD", text) if random.random() < 0.3 else text


def in_one(text: str, query: Query) -> list[tuple[int, int]]:
    """The matches of a text that is searched as a whole."""
    if any(any(True for _ in term.matcher.spans_in(text)) for term in query.unwanted):
        return []
    return sorted({span for matcher in query.matchers for span in matcher.spans_in(text)})


def test_what_is_found_in_pieces_is_what_is_found_in_one(monkeypatch):
    monkeypatch.setattr(searching, "_PIECE", 64)
    monkeypatch.setattr(searching, "_PIECE_OF_EXPRESSION", 64)
    random, found = Random(3), 0
    for _ in range(25):
        text = some_text(random)
        words = random.sample(_WORDS, 2)
        for line in (words[0], " ".join(words), f"{words[0]} -{words[1]}xx", f"/{words[1]}.?x/"):
            query = parse_query(line)
            places = in_one(text, query)
            steps = search(ListSource([user(text)]), query)
            count = sum(count for step in steps for _, count in step.counts)
            assert count == len(places), (line, text)
            if places:
                matches = find_matches(user(text), query)
                assert [(each.start, each.end) for each in matches] == places, (line, text)
            found += len(places)
    assert found > 2_000
