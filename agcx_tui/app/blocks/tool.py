"""What a tool call asked for, in words a person would use.

Strategy: every call, of any agent, becomes one value, `Asked`: a name, a one-line summary, and a body
of rows.  A shell command reads as one would type it, a patch and an edit as a diff, other arguments as keys
and values; what is drawn otherwise, a checklist for example, is left to `meanings`.  What cannot be parsed
is shown unchanged.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from difflib import unified_diff
from itertools import islice
from typing import Any

import msgspec
from rich.style import Style

from agcx_format import FunctionCall, LocalShellCall
from agcx_format.transcript import (
    FILE_KEYS,
    TELLING,
    Meaning,
    call_meaning,
    replaced_texts,
    safe_line,
    short_command,
)
from agcx_tui.app.blocks.meanings import meaning_summary
from agcx_tui.app.blocks.palette import Palette
from agcx_tui.app.blocks.rows import Row, tidy

__all__ = ["Asked", "asked", "diff_style", "is_diff", "plain_rows", "typed"]

# Arguments of a call, as JSON.
Fields = dict[str, Any]

# Arguments longer than this are not taken apart, nor compared line by line.
_LONG = 1024 * 1024
_COMPARED = 64 * 1024
_SUMMARY = 400
_ROWS = 5_000
_DEPTH = 12

_SHELLS = {"bash", "sh", "zsh", "dash", "fish", "ksh"}
# How an agent paces its own reading of output: nothing about the command.
_MACHINERY = {"yield_time_ms", "max_output_tokens"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A call: `script` is what a shell was given, `body` everything else, in rows.

    `summary` is one safe line; `whole` says that it leaves nothing of the call out.  It begins with the
    `path` of the file that the call is about, if there is one.  A call that has a `meaning` is drawn by that.
    `unsaid` is what was written, where that or the body leaves something of it out: arguments, or a text.
    """

    name: str
    summary: str
    script: str = ""
    body: tuple[Row, ...] = ()
    notes: tuple[str, ...] = ()
    whole: bool = False
    path: str = ""
    meaning: Meaning | None = None
    unsaid: object = None


def typed(command: list[str]) -> str:
    """A command as it would be typed; `bash -lc SCRIPT` reads as the script."""
    if len(command) == 3 and command[0].rpartition("/")[2] in _SHELLS and command[1] in _SCRIPT:
        return command[2]
    return shlex.join(command)


_SCRIPT = ("-c", "-lc", "-cl", "-ic", "-lic")


def asked(item: LocalShellCall | FunctionCall, palette: Palette) -> Asked:
    """The value to draw; all text in it is safe."""
    if isinstance(item, LocalShellCall):
        action = item.action
        notes = _notes(
            cwd=action.working_directory,
            timeout=_milliseconds(action.timeout_ms),
            user=action.user,
            env=" ".join(f"{key}={value}" for key, value in (action.env or {}).items()),
        )
        return _shell("shell", action.command, notes, palette)
    name = safe_line(item.name) or "tool"
    arguments = _parse(item.arguments)
    if isinstance(arguments, dict):
        return _from_fields(name, arguments, palette)
    if arguments is None:
        if "*** Begin Patch" in item.arguments[:200]:
            return _patch(name, item.arguments, (), palette)
        return _raw(name, item.arguments, palette)
    return Asked(name, _first_line(item.arguments), body=tuple(plain_rows(arguments, palette, 0)))


def _from_fields(name: str, fields: Fields, palette: Palette) -> Asked:
    for key in ("command", "cmd"):
        command = fields.get(key)
        if isinstance(command, str) or _is_words(command):
            rest = {each: value for each, value in fields.items() if each != key}
            # What is no text is a list of words.
            words = command if isinstance(command, str) else [str(word) for word in command or ()]
            return _shell(name, words, _field_notes(rest), palette)
    for key in ("input", "patch"):
        text = fields.get(key)
        if isinstance(text, str) and "*** Begin Patch" in text[:200]:
            return _patch(name, text, (), palette)
        if isinstance(text, str) and len(fields) == 1:
            # A custom tool gets a text, which may hold arguments all the same.
            inner = _parse(text) if text.startswith("{") else None
            if isinstance(inner, dict):
                return replace(_from_fields(name, inner, palette), unsaid=text)
            return _raw(name, text, palette)
    if (meaning := call_meaning(name, fields)) is not None:
        return Asked(name, meaning_summary(meaning), meaning=meaning, unsaid=fields)
    if names := replaced_texts(fields):
        return _edit(name, fields, names, palette)
    return Asked(
        name,
        _telling(fields),
        body=tuple(plain_rows(fields, palette, 0)),
        whole=len(fields) <= 1 and all(_is_short(value) for value in fields.values()),
        path=_path(fields),
    )


def _shell(name: str, command: list[str] | str, notes: tuple[str, ...], palette: Palette) -> Asked:
    if not isinstance(command, str) and command[:1] == ["apply_patch"] and len(command) == 2:
        return _patch("apply_patch", command[1], notes, palette)
    script = command if isinstance(command, str) else typed(command)
    if not script.strip():
        return Asked(name, "(no command)", notes=notes)
    if "*** Begin Patch" in script and script.lstrip().startswith("apply_patch"):
        patch = _patch("apply_patch", script[script.index("*** Begin Patch") :], notes, palette)
        return replace(patch, unsaid=f"{name} {tidy(script)}")
    short = short_command(script).strip()
    extra = short.count("\n")
    more = f"  (+{extra:,} {'line' if extra == 1 else 'lines'})" if extra else ""
    whole = not extra and short == script.strip()
    return Asked(name, _first_line(short) + more, script=script, notes=notes, whole=whole)


def _patch(name: str, text: str, notes: tuple[str, ...], palette: Palette) -> Asked:
    lines = tidy(text.strip("\n")).split("\n")
    files = [
        line.partition(": ")[2]
        for line in lines
        if line.startswith(("*** Update File: ", "*** Add File: ", "*** Delete File: "))
    ]
    added = sum(line.startswith("+") for line in lines)
    removed = sum(line.startswith("-") for line in lines)
    where = files[0] if files else _first_line(text)
    others = f" and {len(files) - 1} more" if len(files) > 1 else ""
    body = tuple(
        (line, diff_style(line, palette))
        for line in lines
        if line not in ("*** Begin Patch", "*** End Patch")
    )
    path = where if files else ""
    shown = f"{where}{others}  +{added:,} −{removed:,}"
    return Asked(name, shown, body=body, notes=notes, path=path, unsaid=text)


def _edit(name: str, fields: Fields, names: tuple[str, str], palette: Palette) -> Asked:
    old, new = (tidy(fields[key]).split("\n") for key in names)
    if sum(len(fields[key]) for key in names) <= _COMPARED:
        lines = list(unified_diff(old, new, lineterm="", n=3))[2:]
    else:
        lines = [f"-{line}" for line in old] + [f"+{line}" for line in new]
    rest = {key: value for key, value in fields.items() if key not in names}
    added = sum(line.startswith("+") for line in lines)
    removed = sum(line.startswith("-") for line in lines)
    body = tuple((line, diff_style(line, palette)) for line in lines)
    shown = f"{_telling(rest)}  +{added:,} −{removed:,}"
    # The texts are in the body already; it does not say what they are called.
    unsaid = rest | dict.fromkeys(names, "…")
    return Asked(name, shown, body=body, path=_path(rest), unsaid=unsaid)


def _raw(name: str, text: str, palette: Palette) -> Asked:
    short = _is_short(text)
    rows = () if short else tuple((line, palette.text) for line in tidy(text).split("\n"))
    return Asked(name, _first_line(text), body=rows, whole=short)


def _rows(value: object, palette: Palette, depth: int = 0) -> Iterator[Row]:
    """Arguments as rows: a key and its value on one line, long values indented below their key."""
    space = "  " * depth
    if depth > _DEPTH:
        yield f"{space}…", palette.muted
    elif isinstance(value, dict):
        for key, each in value.items():
            if _is_short(each):
                yield f"{space}{safe_line(str(key))}: {_scalar(each)}", palette.text
            else:
                yield f"{space}{safe_line(str(key))}:", palette.muted
                yield from _rows(each, palette, depth + 1)
    elif isinstance(value, list):
        for each in value:
            if _is_short(each):
                yield f"{space}- {_scalar(each)}", palette.text
            else:
                yield f"{space}-", palette.muted
                yield from _rows(each, palette, depth + 1)
    elif isinstance(value, str):
        for row in tidy(value).split("\n"):
            yield f"{space}{row}", palette.text
    else:
        yield f"{space}{_scalar(value)}", palette.text


def plain_rows(value: object, palette: Palette, depth: int) -> list[Row]:
    """Any plain value as rows, `_ROWS` at most."""
    return list(islice(_rows(value, palette, depth), _ROWS))


def _path(fields: Fields) -> str:
    """The file that the arguments are about, as `_telling` names it; empty if there is no file."""
    named = (fields.get(key) for key in FILE_KEYS)
    return next((_first_line(path) for path in named if isinstance(path, str) and path), "")


def _telling(fields: Fields) -> str:
    """What the arguments are about, in one line."""
    for key in TELLING:
        value = fields.get(key)
        if isinstance(value, str) and value:
            return _first_line(value)
    shown = (
        f"{safe_line(str(key))}={_scalar(value)}"
        if _is_short(value)
        else f"{safe_line(str(key))}=…"
        for key, value in list(fields.items())[:12]
    )
    return "  ".join(shown)[:_SUMMARY]


def _field_notes(fields: Fields) -> tuple[str, ...]:
    fields = dict(fields)
    where = fields.pop("workdir", fields.pop("cwd", None))
    limit = fields.pop("timeout_ms", fields.pop("timeout", None))
    notes = _notes(
        cwd=where if isinstance(where, str) else None,
        timeout=_milliseconds(limit if isinstance(limit, int) else None),
    )
    short = [
        f"{safe_line(str(key))} {_scalar(value)}"
        for key, value in fields.items()
        if value is not None and value is not False and key not in _MACHINERY
    ]
    return notes + tuple(short)


def _notes(**named: str | None) -> tuple[str, ...]:
    return tuple(f"{name} {safe_line(value)}" for name, value in named.items() if value)


def _milliseconds(count: int | None) -> str | None:
    return f"{count / 1000:g} s" if count else None


def _parse(arguments: str) -> object:
    """The JSON value; None if it is invalid, or too long to parse."""
    if len(arguments) > _LONG:
        return None
    try:
        return msgspec.json.decode(arguments)
    except (msgspec.DecodeError, RecursionError):
        return None


def _first_line(text: str) -> str:
    text = text.lstrip()
    end = text.find("\n")
    return safe_line(text[: end if 0 <= end < _SUMMARY else _SUMMARY].rstrip())


def _is_words(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _is_short(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= _SUMMARY and "\n" not in value
    return not isinstance(value, (dict, list)) or not value


def _scalar(value: object) -> str:
    """A value that fits a line; other than text, as JSON writes it."""
    if not isinstance(value, str):
        value = msgspec.json.encode(value).decode()
    return safe_line(value)


def is_diff(text: str) -> bool:
    """Whether output is a diff, by how it begins."""
    head = text[:2000].lstrip()
    return head.startswith(("diff --git ", "*** Begin Patch")) or (
        head.startswith("--- ") and "\n+++ " in head
    )


def diff_style(line: str, palette: Palette) -> Style:
    """The style of a line of a diff, by its first characters."""
    if line.startswith(("+++ ", "--- ", "diff ", "*** ", "index ")):
        return palette.heading
    if line.startswith("+"):
        return palette.added
    if line.startswith("-"):
        return palette.removed
    if line.startswith("@@"):
        return palette.hunk
    return palette.output
