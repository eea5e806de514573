"""How a tool call reads, and what a tool's result says of itself.

Strategy: programs write the same things in many ways.  A command is a list for `execve`, a list that
hands a script to a shell, or a string; a result is bare text, text below a header of a few
lines, or JSON around the text.  The items keep what the program wrote; these functions give what a person
wants to see, and never fail: what is not understood is shown as it is.
"""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from typing import Any

from agcx_format.model.items import FunctionCall, LocalShellCall

__all__ = [
    "TELLING",
    "Call",
    "CallOutcome",
    "Output",
    "read_call",
    "read_output",
    "typed_command",
    "without_surrogates",
]


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call for people.

    `command` is a shell command as one would type it, when the tool is a shell; `text` is the
    argument of a tool that takes one free text (a patch, say); otherwise `arguments` is what to show:
    indented JSON, or the text as it is when it is no JSON.  `directory` is where it runs, if said.
    `gist` is the one line that tells the call from others: a command, a path, a query.
    """

    name: str
    command: str | None = None
    text: str | None = None
    arguments: str = ""
    directory: str | None = None
    gist: str = ""


@dataclass(frozen=True, slots=True)
class CallOutcome:
    """How a tool call went; None where it is not said.  `error` is for people."""

    success: bool | None = None
    exit_code: int | None = None
    seconds: float | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """A tool's result: the text without what was wrapped around it, and the outcome."""

    text: str
    outcome: CallOutcome


def read_call(item: FunctionCall | LocalShellCall) -> Call:
    """The call in the form for people."""
    if isinstance(item, LocalShellCall):
        typed = typed_command(item.action.command)
        where = item.action.working_directory
        return Call("shell", typed, directory=where, gist=_first_line(typed or ""))
    try:
        return _from_arguments(item.name, json.loads(item.arguments))
    except (ValueError, RecursionError):
        return Call(item.name, arguments=item.arguments, gist=_first_line(item.arguments))


def _from_arguments(name: str, arguments: Any) -> Call:
    arguments = without_surrogates(arguments)
    if isinstance(arguments, dict):
        command = typed_command(arguments.get("command", arguments.get("cmd")))
        if command is not None:
            directory = arguments.get("workdir", arguments.get("cwd"))
            where = directory if isinstance(directory, str) else None
            return Call(name, command, directory=where, gist=_first_line(command))
        if len(arguments) == 1 and isinstance(text := arguments.get("input"), str):
            return Call(name, text=text, gist=_gist_of_text(text))
    shown = json.dumps(arguments, indent=2, ensure_ascii=False)
    return Call(name, arguments=shown, gist=_gist(arguments))


# Of many arguments, the one that says what a call is about.
TELLING = (
    "file_path", "path", "notebook_path", "pattern", "query", "url", "description", "prompt",
    "input", "text", "name", "id",
)  # fmt: skip
_patched = re.compile(r"^\*\*\* (?:Update|Add|Delete) File: (.+)$", re.MULTILINE)


def _gist(arguments: Any) -> str:
    if isinstance(arguments, dict):
        for key in TELLING:
            if isinstance(value := arguments.get(key), str) and value.strip():
                return _first_line(value)
    if not arguments:
        return ""
    return _first_line(json.dumps(arguments, ensure_ascii=False))


def _gist_of_text(text: str) -> str:
    files = _patched.findall(text) if text.startswith("*** Begin Patch") else []
    more = f" and {len(files) - 1} more" if len(files) > 1 else ""
    return files[0][:200] + more if files else _first_line(text)


def without_surrogates(value: Any) -> Any:
    """JSON can hold half a surrogate pair, which is no text and cannot be written: U+FFFD.

    Other values than text are gone through; `RecursionError` when they are nested too deeply.
    """
    if isinstance(value, str):
        if value.isascii():
            return value
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [without_surrogates(each) for each in value]
    if isinstance(value, dict):
        return {without_surrogates(k): without_surrogates(v) for k, v in value.items()}
    return value


def typed_command(command: Any) -> str | None:
    """A command as a person types it; None when it is none."""
    if isinstance(command, str):
        return command or None
    if not isinstance(command, list) or not command:
        return None
    words = [word if isinstance(word, str) else json.dumps(word) for word in command]
    shell = words[0].rsplit("/", 1)[-1]
    if len(words) == 3 and shell in _SHELLS and re.fullmatch(r"-[a-z]*c", words[1]):
        return words[2]
    return shlex.join(words)


_SHELLS = frozenset({"sh", "bash", "zsh", "dash", "ksh", "fish"})

# The header is a few short lines before `Output:`; a longer text that happens to hold the word is none.
_header = re.compile(
    r"(?:(?:Chunk ID|Exit code|Wall time|Original token count|Total output lines"
    r"|Process (?:exited|running) with|Command:)[^\n]{0,1000}\n){1,8}Output:(?:\n|\Z)"
).match
_exit_code = re.compile(r"^(?:Exit code:|Process exited with code) (-?\d{1,10})", re.MULTILINE)
_wall_time = re.compile(r"^Wall time: (\d{1,12}(?:\.\d+)?) ?s", re.MULTILINE)
# What the program says when the tool did not run at all, or was stopped.
_refusal = re.compile(
    r"failed in sandbox|execution error:|exec(?:_command)? failed|failed to parse function arguments"
    r"|unsupported call:|(?:patch|exec command) rejected|rejected by user"
    r"|aborted(?: by user)?\b|command timed out|apply_patch verification failed"
).match


def read_output(output: str) -> Output:
    """Take the wrapping off a tool's result."""
    if output.startswith("{") and (wrapped := _from_json(output)):
        return wrapped
    if header := _header(output):
        return Output(output[header.end() :], _from_header(header[0]))
    if _refusal(output):
        return Output(output, CallOutcome(success=False, error=_first_line(output)))
    return Output(output, CallOutcome())


def _from_json(output: str) -> Output | None:
    """`{"output": text, "metadata": {"exit_code", "duration_seconds"}}`"""
    try:
        plain = json.loads(output)
    except (ValueError, RecursionError):
        return None
    if not (isinstance(plain, dict) and {"output", "metadata"} == plain.keys()):
        return None
    text, metadata = plain["output"], plain["metadata"]
    if not isinstance(text, str) or not isinstance(metadata, dict):
        return None
    seconds = metadata.get("duration_seconds")
    code = metadata.get("exit_code")
    text = without_surrogates(text)
    return Output(text, _outcome(code if type(code) is int else None, _duration(seconds)))


def _duration(seconds: Any) -> float | None:
    usable = type(seconds) in (int, float) and 0 <= seconds < 1e12
    return float(seconds) if usable else None


def _from_header(header: str) -> CallOutcome:
    code, time = _exit_code.search(header), _wall_time.search(header)
    seconds = _duration(float(time[1])) if time else None
    return _outcome(int(code[1]) if code else None, seconds)


def _outcome(code: int | None, seconds: float | None) -> CallOutcome:
    error = f"exit code {code}" if code else None
    return CallOutcome(None if code is None else code == 0, code, seconds, error)


def _first_line(text: str) -> str:
    return text.lstrip()[:200].split("\n", 1)[0].rstrip()
