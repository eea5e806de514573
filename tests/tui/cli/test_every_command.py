"""What no command may do, whatever its arguments, its locale and its streams: end in a traceback."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from msgspec.structs import replace

from agcx_format import read_session, write_session
from agcx_format.store.store import open_store
from agcx_tui.cli import agcx
from tests.support import ROOT
from tests.support.examples import is_full
from tests.tui.cli.conftest import GRID, QUEUE, run
from tests.tui.cli.every_command import leaves, words_of

COMMANDS = list(leaves(agcx))
# With an argument as the shell hands it over: of bytes that are no UTF-8.
NO_TEXT = "caf\udce9"
# For commands whose output is not what they say without an option.
MORE = [
    ["list", "--json"], ["undo", "--list"], ["show", GRID, "--json"],
    ["export", GRID, "--format", "txt"], ["verify", "--verbose"], ["prune", "--keep", "1", "--dry-run"],
    ["edit", GRID, "--title", "Plätze für alle", "--force"], ["delete", GRID, "--yes", "--force"],
    ["checkpoint", "list"], ["checkpoint", "create", GRID, "Plätze", "--force"],
    ["edit", GRID, "--model", "Straße", "--directory", "Plätze", "--force"], ["join", GRID, QUEUE, "--force"],
    ["redact", GRID, "--secrets", "--text", "grid", "--with", "Plätze", "--yes", "--force"],
    ["convert", "--all", "--layout", "2", "--yes", "--force"],
    ["trash", "list"], ["trash", "restore", "--all"], ["config", "--path"], ["--help"], ["--version"],
]  # fmt: skip


def taking_values() -> list:
    """Each parameter of each command that takes a value."""
    found = []
    for name, command in COMMANDS:
        for param in command.params:
            if isinstance(param, click.Argument) or not (param.is_flag or param.count):
                found.append(
                    pytest.param(name, command, param, id=f"{' '.join(name)} {param.name}")
                )
    return found


@pytest.mark.parametrize(("name", "command", "param"), taking_values())
def test_an_argument_that_is_no_text_is_told(store, tmp_path, monkeypatch, name, command, param):
    # Where it is a path, something is written there.
    monkeypatch.chdir(tmp_path)
    words = words_of(name, command, GRID, tmp_path, param, NO_TEXT)
    result = run(*words)
    assert isinstance(result.exception, SystemExit | None), result.exception
    assert result.exit_code in (0, 1, 2)
    path = isinstance(param.type, click.Path) or isinstance(
        getattr(param.type, "inner", None), click.Path
    )
    if isinstance(param, click.Option) and not path:
        assert (result.exit_code, result.stdout) == (2, "")
    assert "\udce9" not in result.output


@pytest.fixture
def commands(store, tmp_path) -> list[list[str]]:
    """All commands on a store in which not all is ASCII; nothing that is asked of any is answered."""
    path = open_store(store).resolve(GRID).path
    metadata, conversation, state = read_session(path)
    write_session(path, replace(metadata, title=TITLE), conversation, state)
    return [*(words_of(name, command, GRID, tmp_path) for name, command in COMMANDS), *MORE]


def run_all(
    commands: list[list[str]], folder: Path, *, closed: str = "", **environment: str
) -> list[tuple[list[str], int, str, str]]:
    """Status, stdout and stderr of each; `closed` as the shell closes streams: `>&-`."""
    wanted, results = folder / "commands.json", folder / "results.json"
    wanted.write_text(json.dumps(commands), encoding="utf-8")
    words = [sys.executable, "-m", "tests.tui.cli.every_command", wanted, results]
    numbers = [
        number for number in "012" if {"0": "<", "1": ">", "2": "2>"}[number] in closed.split()
    ]
    shell = '"$@" ' + " ".join({"0": "<&-", "1": ">&-", "2": "2>&-"}[number] for number in numbers)
    subprocess.run(
        ["sh", "-c", shell, "sh", *map(str, words), *numbers],
        cwd=ROOT, env=os.environ | environment, stdin=subprocess.DEVNULL, timeout=300, check=True,
    )  # fmt: skip
    done = json.loads(results.read_text(encoding="utf-8"))
    return [(words, *result) for words, result in zip(commands, done, strict=True)]


def test_with_a_closed_stdout_every_command_is_silent_or_says_so(commands, tmp_path):
    for words, status, stdout, stderr in run_all(commands, tmp_path, closed=">"):
        assert stdout == ""
        assert "Traceback" not in stderr, words
        assert status in (0, 1, 2), (words, stderr)
        if "cannot be written" in stderr:
            assert (status, stderr.splitlines()[-1]) == (
                2,
                "agcx: the output cannot be written: bad file descriptor",
            )
    assert (status, stderr) == (2, "agcx: the output cannot be written: bad file descriptor\n")


def test_with_the_other_streams_closed_every_command_does_the_same(commands, store, tmp_path):
    before = tmp_path / "before"
    shutil.copytree(store, before)
    done = run_all(commands, tmp_path, closed="< 2>")
    shutil.rmtree(store)
    before.rename(store)
    # Nothing of the first time is there to be replaced, or copied again.
    shutil.rmtree(tmp_path / "out", ignore_errors=True)
    whole = run_all(commands, tmp_path)
    for (words, status, stdout, stderr), (_, expected, said, told) in zip(done, whole, strict=True):
        assert "Traceback" not in stderr + told, words
        assert (status, stdout != "") == (expected, said != ""), words


# The last is what Python makes of the C locale when it is not to be UTF-8 nevertheless: files as well.
LOCALES = {
    "latin-1": {"PYTHONIOENCODING": "latin-1"},
    "ascii": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}


@pytest.mark.parametrize("locale", LOCALES)
def test_in_any_locale_every_command_says_all_with_stand_ins(commands, store, tmp_path, locale):
    sources = {word: tmp_path / word for word in ("codex", "claude")}
    for word, folder in sources.items():
        folder.mkdir()
        (folder / f"{TRANSCRIPTS[word][0]}.jsonl").write_text(
            TRANSCRIPTS[word][1], encoding="utf-8"
        )
        commands.append(["import", word, str(folder)])
    commands.insert(0, ["export", GRID, "--format", "txt", "-o", f"{tmp_path}/texts/"])
    if locale != "latin-1" and not is_full():
        # What may be encoded differs, not how: a third of them, and those looked at below.
        commands = [c for at, c in enumerate(commands) if at % 3 == 0 or c[0] in ("list", "import")]
    done = run_all(commands, tmp_path, **LOCALES[locale])
    for words, status, _, stderr in done:
        assert "Traceback" not in stderr, (words, stderr)
        assert status in (0, 1, 2)
    listed, imported = [next(d for d in done if d[0] == w) for w in (["list"], commands[-1])]
    # As many cells as the title has, so that the columns stay.  What is only ASCII by name gets UTF-8,
    # as from Python itself.
    latin = 'Straße ???? ?? - "x".'
    assert (latin if locale == "latin-1" else TITLE.encode().decode("latin-1")) in listed[2]
    assert (imported[1], "\\u" in imported[2] + imported[3]) == (0, False)
    (written,) = (tmp_path / "texts").iterdir()
    assert written.read_bytes().decode("utf-8").startswith(TITLE)


TITLE = "Straße 道路 🚀 – “x”…"
_HEAD = {"id": "01990000-0000-7000-8000-00000000000d", "timestamp": "2026-05-06T07:08:09.000Z"}
_SAID = {
    "type": "message",
    "role": "user",
    "content": [{"type": "input_text", "text": "Das „Tor“ 門"}],
}
TRANSCRIPTS = {
    "codex": (
        "rollout-2026-05-06T07-08-09-01990000-0000-7000-8000-00000000000d",
        json.dumps({"timestamp": _HEAD["timestamp"], "type": "session_meta", "payload": _HEAD})
        + "\n"
        + json.dumps(
            {"timestamp": _HEAD["timestamp"], "type": "response_item", "payload": _SAID},
            ensure_ascii=False,
        ),
    ),
    "claude": (
        "01990000-0000-7000-8000-00000000000c",
        json.dumps(
            {
                "type": "user", "uuid": "01990000-0000-7000-8000-00000000000a",
                "sessionId": "01990000-0000-7000-8000-00000000000c",
                "timestamp": "2026-05-06T07:08:09.000Z",
                "message": {"role": "user", "content": "Das „Tor“ 門"},
            },
            ensure_ascii=False,
        ),
    ),
}  # fmt: skip
