"""Without an index, a word is found in whatever form the bytes of a file have it."""

from __future__ import annotations

import json
import re
from itertools import product

import pytest

from agcx_format.model.items import FunctionCall, InputText, Message
from agcx_format.search import Index
from agcx_format.search.matchers import Literal
from agcx_format.search.raw import may_hold
from agcx_format.search.signature import folded_forms
from agcx_format.search.traits import traits_of
from agcx_format.transcript.folding import fold, unify
from tests.format.search.odd_stores import save

SURROGATES = range(0xD800, 0xE000)


def other_forms():
    """Words that are no plain ASCII and are found as if they were, each with the word that finds it."""
    for code in set(range(0x80, 0x10000)).difference(SURROGATES):
        for form in (fold(chr(code)), unify(chr(code))):
            for letters in re.findall("[0-9a-z_]+", form.lower()):
                yield f"word{chr(code)}word", letters


def test_every_other_form_of_a_letter_counts(tmp_path):
    """One at a time: all of them in one file would hide one that is not known."""
    found = dict(other_forms())
    assert len(found) > 70
    path = tmp_path / "00000000-0000-4000-8000-000000000000.agcx"
    for odd, letters in found.items():
        run = max(re.findall("[0-9a-z_]+", fold(odd)), key=len).encode()
        for item, title in (
            (FunctionCall(None, "f", json.dumps({"k": odd}), "c"), ""),
            (FunctionCall(None, "f", "{}", "c"), odd),
        ):
            save(path, [item], title)
            assert may_hold(str(path), [run]), (letters, odd, title)


def test_the_index_has_every_needle_in_a_form_of_its_text():
    # Letters that fold to several, that compose, that have other widths, and that some tables do not know.
    odd = "aKΣςİı̇ßẞﬀﬅΐΰᾳǰŉｶﾞＡ１각ᅡ́ͅẛꟋ𐵐ᲉÅſ"
    for first, second, third in product(odd, odd, "xＢꟋΐ"):
        text = first + second + third
        forms = folded_forms(text.encode(), traits_of(text))
        for words in (text, "K" + text):
            of_text = folded_forms(words.encode(), traits_of(words)) if words != text else forms
            ((required,),) = Literal.of(words).required
            assert any(required in form for form in of_text), ascii(words)


def test_they_are_found(tmp_path):
    arguments = '{"name": "the \\ufb01xture of \\u0149oodles"}'
    save(
        tmp_path / "00000000-0000-4000-8000-000000000000.agcx",
        [
            FunctionCall(None, "f", arguments, "c"),
            Message(None, "user", [InputText("snake＿case")]),
        ],
        "ＷＩＤＥ title",
    )
    save(
        tmp_path / "00000000-0000-4000-8000-000000000001.agcx",
        [
            Message(
                None, "user", [InputText("from I\u0307stanbul, \uff29\u0307ZM\u0130R and ｓouth")]
            )
        ],
    )
    for word in ("fixture", "noodles", "snake_case", "wide", "istanbul", "izmir", "south"):
        assert [hit.line for hit in Index(tmp_path).search(word)], word


def test_other_forms_of_other_letters_do_not_count(tmp_path):
    path = tmp_path / "00000000-0000-4000-8000-000000000000.agcx"
    said = FunctionCall(None, "f", json.dumps({"k": "\x1b[1m é\x1b[0m"}), "c")
    save(path, [said, Message(None, "user", [InputText("ＡＢＣ in İzmir")])], "ｔitle")
    assert not may_hold(str(path), [b"abacus"])
    assert may_hold(str(path), [b"title"])
    assert may_hold(str(path), [b"izmir"])


@pytest.mark.parametrize("letter", ["i\u0307", "I\u0307", "\u0130", "\uff29\u0307", "\uff49\u0307"])
def test_each_form_of_a_dotted_letter_counts_by_itself(tmp_path, letter):
    save(
        tmp_path / "00000000-0000-4000-8000-000000000000.agcx",
        [Message(None, "user", [InputText(f"in {letter}zmir")])],
    )
    assert [hit.line for hit in Index(tmp_path).search("izmir")] == [f"in {letter}zmir"]
