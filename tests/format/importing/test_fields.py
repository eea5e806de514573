"""Reads fields of untrusted JSON, and writes values as JSON again."""

from __future__ import annotations

import json

from agcx_format.importing.fields import as_json


def test_arguments_of_text_alone_are_encoded_as_all_other_values():
    words = 'both "quotes" and \\ and\nlines, \x00 and \x7f, é and \u2028'
    for value in (
        {},
        {"a": words, words: ""},
        {"a": "half a pair: \ud83d"},
        {"a": "b", "n": 1.0},
        {"a": {"b": words}},
        [words],
        None,
    ):
        assert as_json(value) == json.dumps(value, ensure_ascii=False)
