"""The words with which secrets begin are found in the same places with google-re2 as without it."""

from __future__ import annotations

import re
from random import Random

import pytest

from agcx_format.redaction import anchors as anchors_module
from agcx_format.redaction.anchors import AnyWord, Words
from agcx_format.redaction.rules import RULES

ANCHORS = sorted({anchor for rule in RULES for anchor in rule.anchors}, key=len, reverse=True)


def slow_places(text: str) -> list[tuple[int, str]]:
    pattern = re.compile("|".join(map(re.escape, ANCHORS)))
    return [(match.start(), match.group()) for match in pattern.finditer(text)]


@pytest.mark.parametrize("installed", [True, False])
def test_each_word_is_found_where_it_begins(installed, monkeypatch):
    if not installed:

        def missing(name: str):
            raise ImportError(name)

        monkeypatch.setattr(anchors_module, "import_module", missing)
    words, random = Words(ANCHORS), Random(7)
    pieces = [
        *ANCHORS,
        *(anchor[:-1] for anchor in ANCHORS),
        " ",
        "\n",
        "x",
        "\\",
        "-",
        "é",
        "\u0130",
    ]
    for _ in range(300):
        text = "".join(random.choices(pieces, k=30))
        assert list(words.places(text)) == slow_places(text)
        plain = text.replace("é", "e").replace("\u0130", "I")
        assert list(words.places(plain)) == slow_places(plain)


def test_a_text_is_only_said_to_have_none_where_there_is_none():
    exact = [word for rule in RULES if not rule.ignores_case for word in rule.anchors]
    lower = [word for rule in RULES if rule.ignores_case for word in rule.anchors]
    some, random = AnyWord(exact, lower), Random(7)
    for word in (*exact, *lower, *map(str.upper, lower)):
        for around in ("", "x", "\n", "é", "\u0130", "".join(random.choices("xyz \n", k=500))):
            assert some.may_occur(around + word + around)
    assert not some.may_occur("nothing of that kind\n" * 20)
