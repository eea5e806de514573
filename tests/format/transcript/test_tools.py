"""Tool calls read as a person would type them, results without their wrapping."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agcx_format.model.items import FunctionCall
from agcx_format.transcript.outputs import read_output
from agcx_format.transcript.tools import read_call


def call(arguments: object) -> FunctionCall:
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return FunctionCall(None, "shell", text, "c")


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        ({"command": ["bash", "-lc", "rg -n 'a b' | head"]}, "rg -n 'a b' | head"),
        ({"command": ["/bin/zsh", "-c", "ls"]}, "ls"),
        ({"command": ["git", "commit", "-m", "two words"]}, "git commit -m 'two words'"),
        ({"cmd": "ls -la", "workdir": "/src"}, "ls -la"),
        ({"command": "ls"}, "ls"),
        ({"plan": []}, None),
        ({"command": []}, None),
    ],
)
def test_shell_commands_are_as_one_would_type_them(arguments, command):
    assert read_call(call(arguments)).command == command


def test_a_tool_that_takes_one_text_shows_that_text():
    assert read_call(call({"input": "*** Begin Patch\n"})).text == "*** Begin Patch\n"


def test_arguments_that_are_no_json_are_shown_as_they_are():
    assert read_call(call("{broken")).arguments == "{broken"


@pytest.mark.parametrize("depth", [900, 990, 5000])
def test_arguments_nested_to_any_depth_are_shown(depth):
    text = '{"command": [' + "[" * depth + "]" * depth + "]}"
    assert read_call(call(text)).name == "shell"


def test_other_arguments_are_indented():
    assert read_call(call({"a": 1, "ü": 2})).arguments == '{\n  "a": 1,\n  "ü": 2\n}'


@pytest.mark.parametrize(
    ("output", "text"),
    [
        ('{"output":"x\\n","metadata":{"exit_code":0}}', "x\n"),
        ("Exit code: 0\nWall time: 1 seconds\nOutput:\nx", "x"),
        ("Output:\nx", "Output:\nx"),
        ('{"output":"x"}', '{"output":"x"}'),
        ('{"output":"x","metadata":{},"more":1}', '{"output":"x","metadata":{},"more":1}'),
        ("We ran it.\nExit code: 0\nOutput:\nx", "We ran it.\nExit code: 0\nOutput:\nx"),
    ],
)
def test_only_what_a_program_wrapped_around_is_taken_off(output, text):
    assert read_output(output).text == text


def test_a_refused_call_did_not_succeed():
    outcome = read_output("patch rejected by user\nmore").outcome
    assert (outcome.success, outcome.error) == (False, "patch rejected by user")


@given(st.text())
def test_no_output_is_an_error(output):
    assert read_output(output).text in output or output.startswith("{")
