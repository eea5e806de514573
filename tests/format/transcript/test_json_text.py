"""JSON in a text is decoded and indented in bounds, whatever an agent or a damaged file put there."""

from __future__ import annotations

import json

import pytest

from agcx_format.model.items import FunctionCall
from agcx_format.transcript import json_text, read_call
from agcx_format.transcript.arguments import readable_arguments
from agcx_format.transcript.json_text import decoded_json, indented_json

DEEP = 400


def nested(*values: object, depth: int = DEEP) -> str:
    return '{"a\\n":' + "[" * depth + json.dumps(values)[1:-1] + "]" * depth + "}"


def called(arguments: str) -> FunctionCall:
    return FunctionCall(None, "tool", arguments, "c1")


def test_what_is_nested_so_deeply_that_indentation_would_take_up_most_of_it_is_on_one_line():
    arguments = nested(*range(2_000))
    shown = read_call(called(arguments)).arguments
    assert "\n" not in shown
    assert json.loads(shown) == json.loads(arguments)


def test_so_are_the_arguments_that_are_left_beside_a_long_text():
    arguments = f'{{"text":"1\\n2","rest":{nested(*range(2_000))}}}'
    shown, passages = readable_arguments(read_call(called(arguments)))
    assert [passage.text for passage in passages] == ["1\n2"]
    assert "\n" not in shown


@pytest.mark.parametrize(
    "value", [{"a": [1, {"b": [2, 3]}]}, [[[[]]]], json.loads(nested(1, depth=50))]
)
def test_other_values_are_indented(value):
    assert indented_json(value) == json.dumps(value, indent=2)


def test_arguments_too_large_to_be_taken_apart_are_shown_unchanged(monkeypatch):
    monkeypatch.setattr(json_text, "_LARGEST", 100)
    arguments = json.dumps({"file_path": "x" * 100})
    assert read_call(called(arguments)).arguments == arguments


@pytest.mark.parametrize(
    ("text", "value"),
    [('"\\ud800"', "\ufffd"), ("[Infinity]", [float("inf")]), ('{"\\udc00":[1]}', {"\ufffd": [1]})],
)
def test_what_only_one_parser_takes_is_decoded(text, value):
    assert decoded_json(text) == value


@pytest.mark.parametrize(
    ("text", "why"), [("", "Expecting"), ("{", "Expecting"), ("[" * 100_000, "too deeply")]
)
def test_what_is_no_json_is_an_error(text, why):
    with pytest.raises(ValueError, match=why):
        decoded_json(text)
