"""Every command that there is, as words that it takes: found in the click group, with any new one.

Run as a program it runs them one after the other, each in a process of its own that is forked from one in
which everything is imported already.  Such a process ends as Python does, by writing out what is still
buffered, but does not tear down all that was imported, which would take most of the time:

    python -m tests.tui.cli.every_command COMMANDS RESULTS [CLOSED...]

COMMANDS is a JSON file, a list of words for each; RESULTS becomes one with status, stdout and stderr of
each.  CLOSED are the numbers of streams that are closed, and were so when this was started.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import click

from agcx_tui.cli import agcx
from agcx_tui.cli.group import Agcx

# What most commands import: once for all of them.
_IMPORTED = (
    "agcx_tui.__main__", "agcx_tui.core.sessions.table", "agcx_tui.core.export.write_files",
    "agcx_tui.core.words.acts",
    "agcx_tui.core.sessions.columns", "agcx_tui.demo", "agcx_tui.app.keys.conflicts",
    "agcx_tui.app.keys.usable", "agcx_tui.app.themes",
    "agcx_tui.core.words.storage_report", "agcx_format.store.store", "agcx_format.session.lazy",
    "agcx_format.doctor.repair", "agcx_format.doctor.checks",
    "agcx_format.importing.run", "agcx_format.importing.claude.transcript",
    "agcx_format.importing.codex.rollout",
    "agcx_format.exporting.markdown", "agcx_format.exporting.plain_text",
    "agcx_format.space.measure_cache", "agcx_format.store.acts.plan_content",
    "agcx_format.store.acts.plan_derived", "agcx_format.store.checkpoints",
    "agcx_format.store.backup.archive", "agcx_format.search.index", "agcx_format.redaction.find",
    "agcx_tui.app.startup.first_paint", "agcx_tui.core.local.streams",
    "agcx_tui.core.conversation.find_message", "agcx_tui.core.search.line", "zstandard",
)  # fmt: skip


def leaves(
    group: click.Group, above: tuple[str, ...] = ()
) -> Iterator[tuple[tuple, click.Command]]:
    """The words that name a command, and the command.

    The commands of `agcx import` for the agents are all made by one function: one of them stands for all.
    """
    context = click.Context(group)
    names = group.list_commands(context) if isinstance(group, Agcx) else list(group.commands)
    if group.name == "import":
        names.append("codex")
    for name in names:
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from leaves(command, (*above, name))
        else:
            yield (*above, name), command


def value_for(param: click.Parameter, session: str, folder: Path) -> str:
    """Something that a parameter which must be there takes."""
    if isinstance(param.type, click.Choice):
        return str(param.type.choices[0])
    if param.name == "file":
        return f"{folder}/backup.tar"
    return session if isinstance(param, click.Argument) else f"{folder}/out/"


def words_of(
    name: tuple[str, ...],
    command: click.Command,
    session: str,
    folder: Path,
    given: click.Parameter | None = None,
    value: str = "",
) -> list[str]:
    """A command with what it must have, and `value` for the parameter `given`."""
    options, arguments = [], []
    for param in command.params:
        if param is not given and not param.required:
            continue
        each = value if param is given else value_for(param, session, folder)
        if isinstance(param, click.Option):
            options += [param.opts[0], each]
        else:
            arguments.append(each)
    return [*name, *options, *arguments]


def _run(words: list[str], files: dict[int, str], closed: list[int]) -> NoReturn:
    from agcx_tui.__main__ import main

    for number, path in files.items():
        if number not in closed:
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(fd, number)
            if fd != number:
                os.close(fd)
    sys.argv = ["agcx", *words]
    try:
        main()
    except SystemExit as end:
        _end(end.code)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        _end(1)
    _end(0)


def _end(status: object) -> NoReturn:
    """What Python does at its end, in the same order and with the same words."""
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
    except (OSError, ValueError) as error:
        print(f"Exception ignored in: {sys.stdout}\n{error}\nTraceback", file=sys.stderr)
        status = 120
    if sys.stderr is not None:
        sys.stderr.flush()
    os._exit(status if isinstance(status, int) else 1)


def _main(commands: str, results: str, *closed: str) -> None:
    for name in _IMPORTED:
        importlib.import_module(name)
    list(leaves(agcx))
    # So that a process does not copy the memory of what it only inherits.
    gc.freeze()
    done = []
    with open(commands, encoding="utf-8") as file:
        wanted = json.load(file)
    for words in wanted:
        files = {1: f"{results}.1", 2: f"{results}.2"}
        for path in files.values():
            Path(path).unlink(missing_ok=True)
        child = os.fork()
        if not child:
            _run(words, files, list(map(int, closed)))
        _, status = os.waitpid(child, 0)
        said = {
            n: Path(path).read_bytes() if os.path.exists(path) else b"" for n, path in files.items()
        }
        texts = [said[number].decode("latin-1") for number in (1, 2)]
        done.append([os.waitstatus_to_exitcode(status), *texts])
    with open(results, "w", encoding="utf-8") as file:
        json.dump(done, file)


if __name__ == "__main__":
    _main(*sys.argv[1:])
