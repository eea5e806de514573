"""Reads a tool call: its command as one would type it, its directory, and the line that sums it up.

Strategy: a command is a list for `execve`, a list that passes a script to a shell, or a string; other
arguments are JSON. The item keeps what the agent wrote; these functions return what a person wants to see.
They never fail: arguments in an unknown form are shown unchanged.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from agcx_format.model.items import ExecAction, FunctionCall, LocalShellCall
from agcx_format.transcript.json_text import decoded_json, indented_json
from agcx_format.transcript.meaning import Meaning, call_meaning

__all__ = [
    "FILE_KEYS", "SHELL", "TELLING", "Call", "Named", "named_in", "read_call", "short_command",
    "typed_command",
]  # fmt: skip


# The tool name for a `LocalShellCall`, which has none.
SHELL = "shell"
# The arguments that name the file which a tool works on.
FILE_KEYS = (
    "file_path", "path", "notebook_path", "filePath", "absolute_path", "target_file",
)  # fmt: skip


class Call(msgspec.Struct, frozen=True, gc=False):
    """What a tool was asked to do, for people.

    Fields:
        name: of the tool.
        command: a shell command as one would type it, if the tool is a shell.
        text: the argument of a tool that takes one free text, a patch for example.
        arguments: anything else, as indented JSON, or unchanged if it is not JSON.
        directory: where it runs, if the call says so.
        gist: one line that distinguishes the call from others: a command, a path, a query.
        settings: what else governs how a command runs: its time limit, user, and environment.
        files: paths that the call names as the files it works on.
        meaning: a checklist, questions, a plan, …, where the call is one; the arguments are there too.
    """

    name: str
    command: str | None = None
    text: str | None = None
    arguments: str = ""
    directory: str | None = None
    gist: str = ""
    settings: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    meaning: Meaning | None = None


class Named(NamedTuple):
    """What a call names; the fields are those of `Call`."""

    command: str | None = None
    text: str | None = None
    files: tuple[str, ...] = ()


def read_call(item: FunctionCall | LocalShellCall) -> Call:
    """The call in a form for people."""
    if isinstance(item, LocalShellCall):
        action = item.action
        typed = typed_command(action.command) or ""
        return Call(
            SHELL,
            typed,
            directory=action.working_directory,
            gist=_first_line(short_command(typed)),
            settings=tuple(_settings(action)),
            files=_files_of_patch(typed),
        )
    try:
        return _from_arguments(item.name, decoded_json(item.arguments))
    except (ValueError, RecursionError):
        return Call(item.name, arguments=item.arguments, gist=_first_line(item.arguments))


def named_in(item: FunctionCall) -> Named:
    """What `read_call` finds of these, without the rest, which takes several times as long."""
    try:
        return _named(decoded_json(item.arguments))
    except ValueError:
        return Named()


def _named(arguments: Any) -> Named:
    if isinstance(arguments, dict):
        command = typed_command(arguments.get("command", arguments.get("cmd")))
        if command is not None:
            return Named(command, files=_files_of_patch(command))
        if len(arguments) == 1 and isinstance(text := arguments.get("input"), str):
            return Named(text=text, files=_files_of_patch(text))
    return Named(files=_files_in(arguments))


def _from_arguments(name: str, arguments: Any) -> Call:
    command, text, files = _named(arguments)
    if command is not None:
        directory = arguments.get("workdir", arguments.get("cwd"))
        where = directory if isinstance(directory, str) else None
        gist = _gist_of_text(command) if files else _first_line(short_command(command))
        return Call(name, command, directory=where, gist=gist, files=files)
    if text is not None:
        return Call(name, text=text, gist=_gist_of_text(text), files=files)
    shown = indented_json(arguments)
    meaning = call_meaning(name, arguments)
    gist = _gist(arguments) if meaning is None else _first_line(meaning.gist)
    return Call(name, arguments=shown, gist=gist, files=files, meaning=meaning)


def _settings(action: ExecAction) -> Iterator[str]:
    if action.timeout_ms is not None:
        yield f"at most {action.timeout_ms / 1000:g} s"
    if action.user:
        yield f"as {action.user}"
    yield from (f"{name}={value}" for name, value in (action.env or {}).items())


def _files_of_patch(text: str) -> tuple[str, ...]:
    if "*** Begin Patch" not in text:
        return ()
    found = (each for each in _patched(text) if text[each.start() - 1 : each.start()] in ("", "\n"))
    return tuple(dict.fromkeys(each[1] for each in found))


def _files_in(arguments: Any) -> tuple[str, ...]:
    if not isinstance(arguments, dict):
        return ()
    named = (arguments.get(key) for key in FILE_KEYS)
    return tuple(dict.fromkeys(path for path in named if isinstance(path, str) and path))


# Of many arguments, the one that says what a call is about.
TELLING = (
    *FILE_KEYS, "pattern", "query", "url", "description", "prompt",
    "input", "text", "name", "id",
)  # fmt: skip
# At the beginning of a line, which is looked at where one is found: a pattern that asks for it tries every
# character.
_patched = re.compile(r"\*\*\* (?:Update|Add|Delete) File: (.+)").finditer


def _gist(arguments: Any) -> str:
    if isinstance(arguments, dict):
        for key in TELLING:
            if isinstance(value := arguments.get(key), str) and value.strip():
                return _first_line(value)
    if not arguments:
        return ""
    return _first_line(json.dumps(arguments, ensure_ascii=False))


def _gist_of_text(text: str) -> str:
    files = _files_of_patch(text)
    more = f" and {len(files) - 1} more" if len(files) > 1 else ""
    return files[0][:200] + more if files else _first_line(text)


def typed_command(command: Any) -> str | None:
    """A command as a person types it; None if the value is not a command."""
    if isinstance(command, str):
        return command or None
    if not isinstance(command, list) or not command:
        return None
    words = [word if isinstance(word, str) else json.dumps(word) for word in command]
    shell = words[0].rsplit("/", 1)[-1]
    if len(words) == 3 and shell in _SHELLS and _is_command_option(words[1]):
        return words[2]
    return shlex.join(words)


# In this many characters at the start of a command.
_LONGEST_CHANGE = 1024
_change_of_directory = re.compile(
    r"""\s*cd\s+("[^"\n]+"|'[^'\n]+'|[^\s;&|'"]+)[ \t]*(&&|;|\n)\s*(?=\S)"""
)


def short_command(command: str) -> str:
    """A command for a line of its own: of a long directory it changes to first, only the last part.

    Agents begin every command like that: lines that are cut after a hundred characters would all be the same.
    """
    change = _change_of_directory.match(command[:_LONGEST_CHANGE])
    if change is None:
        return command
    where = change[1].strip("\"'").rstrip("/")
    if where.count("/") > 2:
        where = f"…/{where.rpartition('/')[2]}"
    then = " && " if change[2] == "&&" else "; "
    return f"cd {where}{then}{command[change.end() :]}"


def _is_command_option(word: str) -> bool:
    return word in ("-c", "-lc") or re.fullmatch(r"-[a-z]*c", word) is not None


_SHELLS = frozenset({"sh", "bash", "zsh", "dash", "ksh", "fish"})


def _first_line(text: str) -> str:
    return text.lstrip()[:200].split("\n", 1)[0].rstrip()
