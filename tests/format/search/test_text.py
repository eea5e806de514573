"""The text that a search reads is what the transcript says, however a call is written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from agcx_format import FunctionCall, PersistenceError
from agcx_format.model.items import MessageSnapshot
from agcx_format.model.new import new_message
from agcx_format.search.text import read_messages
from agcx_format.session.lazy import SessionFile
from agcx_format.store.store import open_store
from agcx_format.transcript.json_text import without_surrogates
from agcx_format.transcript.tool_calls import CallReader, ToolCall
from agcx_format.transcript.words import text_of
from agcx_tui.demo import build_demo_store
from tests.format.search.odd_stores import make_odd_store
from tests.format.search.truth import beside
from tests.support.everything import everything
from tests.support.golden_files import GOLDEN

Read = tuple[str, str, bool, tuple[str, ...]]
"""Text, tool, whether it failed, and files."""


def expected(messages: list[MessageSnapshot]) -> list[Read]:
    reader = CallReader()
    return [_expected(message, reader.read(message)) for message in messages]


def _expected(message: MessageSnapshot, call: ToolCall | None) -> Read:
    if call is None:
        failed = any(not record.success for record in message.metadata.tool_calls)
        files = tuple(dict.fromkeys(file.path for file in message.metadata.file_context))
        return _whole(text_of(message.item), message), "", failed, files
    if call.output is not None:
        text = call.output.text
    else:
        assert call.call is not None
        if call.call.command is not None:
            parts = (f"{call.name} {call.call.command}", call.call.directory)
            text = "\n".join(filter(None, parts))
        else:
            said = call.call.text
            text = f"{call.name} {_lines(message) if said is None else said}"
    return _whole(text, message), call.name, call.failed, call.files


def _whole(text: str, message: MessageSnapshot) -> str:
    return "\n".join(map(_storable, (text, *beside(message))))


def _storable(text: str) -> str:
    return text.replace("\0", "\u2400").encode("utf-8", "replace").decode()


def _lines(message: MessageSnapshot) -> str:
    assert isinstance(message.item, FunctionCall)
    arguments = message.item.arguments
    try:
        return "\n".join(_flat("", without_surrogates(json.loads(arguments))))
    except (ValueError, RecursionError):
        return arguments


def _flat(key: str, value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _flat(name, each)
    elif isinstance(value, list):
        for each in value:
            yield from _flat(key, each)
    else:
        shown = value if isinstance(value, str) else json.dumps(value)
        yield f"{key}: {shown}" if key else shown


def check(messages: list[MessageSnapshot]) -> None:
    read = [(said.text, said.tool, said.failed, said.paths) for said in read_messages(messages)]
    assert read == expected(messages)


@pytest.mark.parametrize("name", ["odd", "demo", "v1", "v2", "manager-store"])
def test_the_text_is_that_of_the_transcript(name, tmp_path):
    path: Path = tmp_path / name
    if name == "odd":
        make_odd_store(path, 12, 11)
    elif name == "demo":
        build_demo_store(path)
    else:
        path = GOLDEN / name
    for entry in open_store(path).scan():
        messages: list[MessageSnapshot] = []
        try:
            with SessionFile(entry.path) as file:
                messages.extend(file)
        except PersistenceError:
            pass
        check(messages)


def test_also_of_a_session_that_holds_everything():
    check(everything()[1].messages)


def test_a_key_that_is_said_for_each_item_of_a_list_does_not_fill_the_memory():
    key, items = "k" * 70_000, "1," * 1_000
    arguments = f'{{"first": "seen", "{key}": [{items}2], "last": "seen too"}}'
    (said,) = read_messages([new_message(FunctionCall(None, "tool", arguments, "c"))])
    assert said.text == "tool first: seen\nlast: seen too"


# Keys, and values as JSON text: those that are read as commands, texts, and files, and what is odd.
_KEYS = ("command", "cmd", "input", "workdir", "cwd", "path", "file_path", "notebook_path", "x", "")
_VALUES = (
    '"ls -l"', '["bash", "-lc", "ls"]', '["ls", 3, {"a": []}]', "[]", '""', "null", "7", "1e400", "NaN",
    "-0.0", "1e5", str(10**30), r'"\ud800 half"', r'"\ud83d\ude00"', r'"nul \u0000"', '{"y": ["é", true]}',
    '"*** Begin Patch\\n*** Add File: a.py\\n+1\\n*** End Patch"', '"/srv/a.py"',
)  # fmt: skip
_ODD = ("", "{", "[1, 2", "3", '"text"', "[" * 3000 + "]" * 3000, "{}", '{"a": 1} more')


def test_arguments_in_any_form_say_the_same():
    random = Random(3)
    written = list(_ODD)
    for _ in range(1500):
        keys = [random.choice(_KEYS) for _ in range(random.randrange(4))]
        pairs = (f"{json.dumps(key)}: {random.choice(_VALUES)}" for key in keys)
        written.append("{" + ", ".join(pairs) + "}")
    items = [FunctionCall(None, "tool", text, str(n)) for n, text in enumerate(written)]
    check([new_message(item) for item in items])
