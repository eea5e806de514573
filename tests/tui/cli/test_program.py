"""The program as a whole: where it looks, what it loads, how it ends."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from agcx_format import open_store
from agcx_tui.cli import agcx
from agcx_tui.cli.common import Settings
from agcx_tui.cli.group import Agcx
from agcx_tui.core.local.paths import find_store
from tests.support.waiting import LIMIT
from tests.tui.cli.conftest import GRID, run, run_program
from tests.tui.cli.every_command import leaves


def test_help_names_every_command(store):
    result = run("--help")
    assert result.exit_code == 0
    for command in [
        "browse",
        "demo",
        "list",
        "show",
        "export",
        "delete",
        "undo",
        "import",
        "completion",
    ]:
        assert f"\n  {command} " in result.stdout


@pytest.mark.parametrize("words", [[], ["browse"], ["browse", __file__]])
def test_the_browser_without_a_terminal_says_what_to_use_instead(store, words):
    result = run_program(*words)
    assert result.returncode == 2
    assert result.stdout == ""
    assert ("agcx show" if words[1:] else "agcx list") in result.stderr


def test_the_demo_without_a_terminal_prints_its_list_and_one_conversation():
    result = run_program("demo")
    assert result.returncode == 0
    assert "Why does the queue stall after a deploy?" in result.stdout
    assert "$ npx playwright test layout" in result.stdout


def test_a_file_is_opened_without_the_word_browse(store):
    file = next(store.glob(f"{GRID}*"))
    result = run_program(file)
    assert result.returncode == 2
    assert f"agcx show {file}" in result.stderr


def test_a_word_that_is_no_command_and_no_file_is_wrong_use(store):
    result = run("lsit")
    assert result.exit_code == 2
    assert "no such command or file: 'lsit'; did you mean list?" in result.stderr
    assert run("xyzzy").stderr.endswith("no such command or file: 'xyzzy'\n")


def test_a_word_that_is_no_agent_and_no_file_is_wrong_use_of_import(store):
    result = run("import", "cluade")
    assert result.exit_code == 2
    assert "no such agent or file: 'cluade'; did you mean claude?" in result.stderr
    assert "No such option" in run("import", "--jsno").stderr


def test_a_directory_is_no_file_to_browse(store):
    result = run(store)
    assert result.exit_code == 2
    assert "--store" in result.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("words", [["list"], ["show", GRID], ["export", GRID]])
def test_output_that_cannot_be_written_is_told_in_plain_words(store, words):
    with open("/dev/full", "w") as full:
        result = run_program(*words, capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert result.returncode == 1
    assert "cannot be written: no space left on device\n" in result.stderr
    assert not re.search("Errno|Traceback|ignored", result.stderr)


@pytest.mark.parametrize(
    "words",
    [
        ["prune", "--larger-than", "1kB", "--yes"],
        ["prune", "--keep-checkpoints", "0", "--yes"],
        ["redact", GRID, "--text", "grid", "--yes"],
        ["convert", GRID, "--layout", "2", "--yes", "--json"],
    ],
    ids=lambda words: words[0],
)
def test_a_list_without_a_reader_keeps_nothing_from_being_changed(store, words):
    """As `agcx prune … --yes | head`: before, nothing was changed, and the exit status was 0."""
    result = unread(*words, stderr=subprocess.PIPE)
    assert result.returncode == 0, result.stderr
    assert "Undo with: agcx undo" in result.stderr
    assert len(open_store(store).acts()) == 1


@pytest.mark.parametrize("words", [["prune", "--larger-than", "1kB"], ["delete", GRID]])
def test_nor_do_messages_without_one(store, words):
    """As `agcx prune … --yes 2>&1 | head`."""
    assert unread(*words, "--yes", stderr=subprocess.STDOUT).returncode == 0
    assert len(open_store(store).acts()) == 1


def unread(*words: str, stderr: int) -> subprocess.CompletedProcess:
    """A command whose output goes to a pipe without a reader."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        return run_program(*words, capture_output=False, stdout=writer, stderr=stderr)
    finally:
        os.close(writer)


def test_the_store_can_be_named_before_and_after_the_command(store, demo_files, monkeypatch):
    monkeypatch.setenv("AGCX_STORE", "/nowhere")
    before, after = run("--store", demo_files, "list"), run("list", "--store", demo_files)
    assert before.exit_code == 0
    assert before.stdout == after.stdout != ""


def test_a_named_store_that_is_not_there_is_wrong_use(store, tmp_path):
    assert run("--store", tmp_path / "nowhere", "list").exit_code == 2


def test_no_store_at_all_is_an_empty_list_that_says_where_it_looked(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("AGCX_STORE", raising=False)
    monkeypatch.delenv("CODEX_HOME", raising=False)
    result = run("list")
    assert result.exit_code == 0
    assert result.stdout == ""
    assert str(tmp_path / ".agcodex" / "history") in result.stderr


def test_a_store_that_is_a_file_is_one_line(store):
    file = next(store.glob(f"{GRID}*"))
    result = run("--store", file, "list")
    assert result.exit_code == 1
    assert result.stderr == f"agcx: {file}: not a directory\n"


def test_the_first_place_that_exists_is_taken(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    environment = {"AGCX_STORE": str(tmp_path / "a"), "CODEX_HOME": str(tmp_path / "b")}
    places = [tmp_path / "a", tmp_path / "b/history"]
    places += [tmp_path / ".agcodex/history", tmp_path / ".codex/history"]
    nowhere = find_store(None, environment)
    assert nowhere.path == tmp_path / "a"
    assert list(nowhere.looked) == places
    for number in reversed(range(len(places))):
        places[number].mkdir(parents=True)
        found = find_store(None, environment)
        assert found.path == places[number]
        assert list(found.looked) == places[: number + 1]
    assert find_store(tmp_path / "c", environment).path == tmp_path / "c"


# What no command needs that only prints what it read.
HEAVY = (
    "asyncio", "ssl", "email", "importlib.metadata", "pygments", "mcp", "subprocess", "watchfiles",
    "agcx_tui.cli.changing.change", "agcx_tui.cli.transfer.backup", "agcx_tui.cli.agents.mcp_server",
)  # fmt: skip

if sys.platform == "linux":
    # The directories have plain names.
    HEAVY += ("platformdirs",)


@pytest.mark.parametrize(
    ("words", "not_loaded"),
    [
        (["--help"], ["textual", "rich", "msgspec", "msgpack", "zstandard", "humanize"]),
        (["completion", "fish"], ["textual", "rich", "msgspec", "zstandard"]),
        (["list"], ["textual", "humanize", "rich.console", "dataclasses", *HEAVY]),
        (["search", "grid"], ["textual", "rich", "numpy", "agcx_format.search.best_lines", *HEAVY]),
        (["show", GRID], ["textual", "rich", "humanize"]),
        (["export", GRID], ["textual", "rich", "humanize"]),
        (["delete", GRID, "--yes"], ["textual", "rich", "humanize"]),
        (["browse"], ["textual"]),
        (["demo"], ["textual"]),
        (["--version"], ["textual", "msgspec", "json", "agcx_tui.cli.reading.listing", *HEAVY]),
    ],
)
def test_a_command_loads_only_what_it_needs(store, words, not_loaded):
    code = f"""
import sys
from agcx_tui.__main__ import main
sys.argv = ["agcx", *{words!r}]
try:
    main()
except SystemExit:
    pass
print(*sorted(set(sys.modules) & {set(not_loaded)!r}), file=sys.stderr)
"""
    result = subprocess.run(
        [sys.executable, "-c", code],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert result.stderr.splitlines()[-1] == ""


def test_every_command_has_its_own_name_where_the_group_says_that_it_is():
    for name in agcx.places:
        command = agcx.get_command(click.Context(agcx), name)
        assert command is not None
        assert command.name == name


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_script_is_that_of_the_shell(shell):
    result = run("completion", shell)
    assert result.exit_code == 0
    assert f"_AGCX_COMPLETE={shell}_complete" in result.stdout


def test_sessions_are_completed_by_their_id(store, monkeypatch):
    monkeypatch.setenv("COMP_WORDS", f"agcx show {GRID[:3]}")
    monkeypatch.setenv("COMP_CWORD", "2")
    monkeypatch.setenv("_AGCX_COMPLETE", "bash_complete")
    assert run_program().stdout.startswith(f"plain,{GRID}-")


def test_the_help_of_every_command_fits_80_columns_and_cuts_no_sentence():
    groups = [("trash",), ("import",), ()]
    for words in [*groups, *(name for name, _ in leaves(agcx))]:
        shown = CliRunner().invoke(agcx, [*words, "--help"], terminal_width=80).output
        assert shown.startswith("Usage: ")
        assert max(map(len, shown.splitlines())) <= 80, words
        for line in shown.partition("\nCommands:\n")[2].splitlines():
            assert not line.endswith("..."), line


def test_help_says_what_is_taken_and_how_it_is_counted():
    def words(*command: str) -> str:
        return " ".join(run(*command, "--help").stdout.split())

    assert "export [OPTIONS] CHECKPOINT... " in words("checkpoint", "export")
    assert " SESSION " not in words("checkpoint", "export")
    assert "A SESSION may be a checkpoint" in words("export")
    assert '"number" is that number, and "message" counts from 0' in words("search")


FORKS = """
import sys
def fork(event, _):
    if event == "os.fork":
        print("click" in sys.modules, file=sys.stderr)
sys.addaudithook(fork)
from agcx_tui.__main__ import main
sys.argv = ["agcx", "search", "grid"]
main()
"""


@pytest.mark.skipif(
    sys.platform != "linux" or len(os.sched_getaffinity(0)) == 1,
    reason="another process helps on Linux, and where it has a processor",
)
def test_a_search_has_the_files_looked_at_before_the_command_line_is_imported(store):
    command = [sys.executable, "-c", FORKS]
    result = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)
    assert result.stderr.splitlines()[0] == "False"


EARLY = """
import os, signal, sys
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == sys.argv[1]:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
from agcx_tui.__main__ import main
sys.argv[2:] = ["list"]
main()
"""


@pytest.mark.parametrize("module", ["agcx_tui.core.local.streams", "agcx_tui.cli"])
def test_ctrl_c_before_a_command_is_there_ends_without_a_traceback(module):
    command = [sys.executable, "-c", EARLY, module]
    result = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (130, "", "")


@click.command()
def hungry() -> None:
    bytes(2**62)


def test_too_little_memory_is_said_in_plain_words():
    group = Agcx(places={"hungry": f"{__name__}:hungry"}, default="hungry")
    result = CliRunner().invoke(group, ["hungry"], obj=Settings())
    assert (result.exit_code, result.stderr) == (1, "agcx: not enough memory\n")
