"""Every tool call of a session once, with what came back."""

from __future__ import annotations

from pathlib import Path

import pytest

from agcx_format import (
    CorruptData,
    FunctionCall,
    FunctionCallOutput,
    InputText,
    Message,
    PersistenceError,
    SessionFile,
    new_message,
    new_session,
    write_session,
)
from agcx_format.transcript import paired_calls

SAID = new_message(Message(None, "user", [InputText("go on")]))


def call(call_id: str, name: str = "shell"):
    return new_message(FunctionCall(None, name, '{"command": ["ls"]}', call_id))


def output(call_id: str, text: str):
    return new_message(FunctionCallOutput(call_id, text))


def found(messages) -> list[tuple[int, str, str | None]]:
    return [
        (number, each.name, each.output.text if each.output else None)
        for number, each in paired_calls(messages)
    ]


def test_a_call_comes_with_its_output_however_far_apart():
    messages = [call("a"), call("b", "read"), SAID, output("b", "text"), output("a", "files")]
    assert found(messages) == [(1, "read", "text"), (0, "shell", "files")]
    assert all(each.call for _, each in paired_calls(messages))


def test_calls_without_an_output_come_last_and_outputs_without_a_call_alone():
    messages = [output("z", "lost"), call("a"), call("b"), output("b", "text")]
    assert found(messages) == [(0, "", "lost"), (2, "shell", "text"), (1, "shell", None)]


def test_an_id_that_is_used_again_is_another_call():
    messages = [call("a", "one"), call("a", "two"), output("a", "text"), output("a", "more")]
    assert found(messages) == [(0, "one", None), (1, "two", "text"), (3, "two", "more")]


def test_damage_comes_after_every_call_before_it():
    def read():
        yield call("a")
        raise CorruptData("cut off")

    pairs = paired_calls(read())
    assert next(pairs)[0] == 0
    with pytest.raises(CorruptData):
        next(pairs)


def test_a_file_gives_them(tmp_path: Path):
    path = tmp_path / "session.agcx"
    messages = [SAID, call("a"), output("a", "Exit code: 2\nOutput:\nno")]
    write_session(path, *new_session(messages=messages))
    with SessionFile(path) as session:
        ((number, made),) = session.tool_calls()
        end = next(each.end for each in session.sections() if each.name == "messages")
    assert (number, made.command, made.outcome.exit_code, made.failed) == (1, "ls", 2, True)
    path.write_bytes(path.read_bytes()[: end - 5])
    with SessionFile(path) as session, pytest.raises(PersistenceError):
        list(session.tool_calls())
