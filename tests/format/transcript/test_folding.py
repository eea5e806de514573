"""One folding: what a person would call the same is found, where it stands, and nothing else."""

from __future__ import annotations

import re
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agcx_format.transcript.folding import _JOINING, Folded, Needle, fold, has_capital, unify


def nfd(text: str) -> str:
    return unicodedata.normalize("NFD", text)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("café", "Café"),
        ("café", nfd("Café")),
        (nfd("café"), "CAFÉ"),
        ("パーティー", nfd("パーティー")),
        (nfd("パーティー"), "パーティー"),
        ("한국", nfd("한국어")),
        ("strasse", "STRASSE and straße"),
        ("straße", "strasse"),
        ("σίσυφος", "ΣΊΣΥΦΟΣ"),
        ("file", "ﬁle"),
        ("istanbul", "İstanbul"),
        ("i̇stanbul", "İstanbul"),
        ("fullwidth", "ＦＵＬＬwidth"),
        ("ｆｕｌｌ", "full"),
        ("ユーザー", "ﾕｰｻﾞｰ half"),
        ("ﾕｰｻﾞｰ", "ユーザー"),
        ("a b", "A\u3000B"),
        ("ω", "\u2126 sign"),
        ("配置", "设定项目配置"),
        ("Grid", "the Grid"),
        ("Café", nfd("Café")),
        ("ＧＲＩＤ", "GRID"),
        ("naïve", "NAÏVE"),
    ],
)
def test_what_is_the_same_is_found(words, text):
    assert Needle.of(words).is_in(text)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("cafe", "Café"),
        ("cafe", nfd("Café")),
        ("naive", "naïve"),
        ("Grid", "grid"),
        ("GRID", "Grid"),
        ("Café", "CAFÉ"),
        ("sik", "sık"),
        ("1", "①"),
        ("n", "ℕ"),
        ("か", "が"),
        ("か", nfd("が")),
    ],
)
def test_what_is_another_is_not(words, text):
    assert not Needle.of(words).is_in(text)


@pytest.mark.parametrize(
    ("text", "capital"),
    [("grid", False), ("gRid", True), ("É", True), ("ß", False), ("日本", False),
     ("ǅ", True), ("Ｆ", True), ("", False)],
)  # fmt: skip
def test_a_capital_makes_case_count(text, capital):
    assert has_capital(text) is capital
    assert Needle.of(text).cased is capital


@pytest.mark.parametrize(
    ("words", "text", "found"),
    [
        ("grid", "The Grid", "Grid"),
        ("strasse", "die Straße hier", "Straße"),
        ("hier", "die Straße hier", "hier"),
        ("ss", "Straße", "ß"),
        ("file", "a ﬁle", "ﬁle"),
        ("i", "ﬁle", "ﬁ"),
        ("café", nfd("le Café ici"), nfd("Café")),
        ("ici", nfd("le Café ici"), "ici"),
        ("caf", nfd("Café"), "Caf"),
        ("istanbul", "in İstanbul", "İstanbul"),
        ("ザ", "ﾕｰｻﾞｰ half", "ｻﾞ"),
        ("half", "ﾕｰｻﾞｰ half", "half"),
        ("어", nfd("한국어"), nfd("어")),
        ("Ici", nfd("le Café Ici"), "Ici"),
        ("x", "ΐΐΐ x", "x"),
        ("x", "ß x\u0301", "x"),
        ("b", "ß B\u0301", "B"),
        ("é", "e\u0301\u0300", "e\u0301"),
        ("q", "q\u0307\u0323", "q"),
        ("ȩ", "e\u0301\u0327", "e\u0301\u0327"),
    ],
)
def test_what_is_found_has_its_place_in_the_text(words, text, found):
    needle = Needle.of(words)
    folded = needle.folded(text)
    at = folded.text.index(needle.text)
    start, end = folded.span(at, at + len(needle.text))
    assert text[start:end] == found


_LETTERS = st.sampled_from(
    [*"aAéÉßſKİIıiﬁŉǰΐΣςσᾳᾼ日ｱｶﾞﾊﾟＡａ한각\u3000 x", "e\u0301", "\u0301", "\u0323", "\u0345", "\u0307",
    "\u1161", "\u11a8"]
)  # fmt: skip
_TEXTS = st.lists(_LETTERS, max_size=12).map("".join) | st.text(max_size=12)


@given(_TEXTS)
def test_folding_is_the_same_for_every_form_and_done_once(text):
    for form in ("NFC", "NFD"):
        assert fold(unicodedata.normalize(form, text)) == fold(text)
        assert unify(unicodedata.normalize(form, text)) == unify(text)
    assert fold(fold(text)) == fold(text)
    assert unify(unify(text)) == unify(text)
    assert fold(unify(text)) == fold(text)


@given(_TEXTS)
def test_the_whole_folds_as_its_letters_do(text):
    for needle in (Needle("x", False), Needle("X", True)):
        folded = Folded(text, needle)
        whole = folded.span(0, len(folded.text))
        assert whole == (0, len(text)) or not folded.text
        spans = [folded.span(at, at + 1) for at in range(len(folded.text))]
        assert all(0 <= start < end <= len(text) for start, end in spans)
        assert spans == sorted(spans)
        # Every letter of the text is somewhere.
        assert {i for start, end in spans for i in range(start, end)} == set(range(len(text)))


@given(_TEXTS, st.sampled_from(["ß", "e\u0301", "ﾊﾟ", "İ", "x\u0307"]))
def test_where_something_is_found_does_not_depend_on_other_letters(text, other):
    for needle in (Needle("x", False), Needle("X", True)):
        alone, beside = Folded(text, needle), Folded(f"{text}\n{other}", needle)
        places = range(len(alone.text))
        assert [alone.span(at, at + 1) for at in places] == [
            beside.span(at, at + 1) for at in places
        ]


@given(_TEXTS, _TEXTS, _TEXTS)
def test_what_is_in_a_text_is_found_where_it_is(before, words, after):
    text = f"{before} {words} {after}"
    needle = Needle.of(words)
    folded = needle.folded(text)
    at = folded.text.find(needle.text)
    assert at >= 0
    start, end = folded.span(at, at + len(needle.text))
    assert needle.text in needle.prepare(text[start:end])


def test_the_letters_that_join_are_all_that_unicode_has():
    firsts = {}
    for code in range(sys.maxunicode + 1):
        parts = unicodedata.decomposition(chr(code)).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            firsts[chr(int(parts[1], 16))] = chr(code)
    composed = {
        second
        for second, whole in firsts.items()
        if unicodedata.normalize("NFC", nfd(whole)) == whole
    }
    missing = {c for c in composed if not unicodedata.combining(c) and not re.match(_JOINING, c)}
    assert missing == set()
