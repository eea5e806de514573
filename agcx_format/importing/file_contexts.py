"""The files, with lines where they are known, that a tool call reads or changes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from agcx_format.model import unchecked
from agcx_format.model.items import FileContext, FunctionCall
from agcx_format.transcript.json_text import decoded_json
from agcx_format.transcript.tools import FILE_KEYS, named_in

__all__ = ["files_of", "lines_of_result", "with_lines"]

_PATCH = "*** Begin Patch"
# A call without a patch or any of these names no file in a field of its own.
_names_a_file = re.compile(rf'"(?:{"|".join(FILE_KEYS)})"').search
# Nor does one without any of these, which are found several times as fast.
_SIGNS = tuple(sorted({f'{key[-3:]}"' for key in FILE_KEYS}))
# One of these is in arguments that name lines.
_LINES = ('"offset"', '"limit"', '_line"', '"view_range"')
_SED = "sed -n"


def _file(name: str) -> str:
    """A pattern for a file in a command: in quotes, or without what means something to the shell."""
    plain = r"[^\s'\"\\;|&<>()$`*?{}\[\]"
    return rf"""(?:'(?P<{name}1>[^'\n]+)'|"(?P<{name}2>[^"\n$`\\]+)"|(?P<{name}3>{plain}-]{plain}]*))"""


# Lines that a command prints, of a file that `sed` or the command before it reads.
_printed_lines = re.compile(
    rf"(?:(?:nl|cat)(?: -[A-Za-z]+)* +{_file('piped')} *\| *)?"
    r"\bsed +-n +(?P<quote>['\"]?)(?P<first>\d{1,9})(?:,(?P<last>\d{1,9}))?p(?P=quote)"
    rf"(?: +(?:-- +)?{_file('named')})?(?=\s|[;|&)]|\Z)"
).finditer
# Where a match has the file, in the order in which they count.
_PLACES = ("named1", "named2", "named3", "piped1", "piped2", "piped3")
# One of these is in a result of Claude Code that names lines.
_SAY_LINES = ("file", "structuredPatch")
# Beyond this a range is none.
_MOST_LINES = 2**31

Lines = tuple[int, int]


def files_of(call: FunctionCall) -> list[FileContext]:
    """The files that the arguments of a call name."""
    arguments = call.arguments
    if _has_file(arguments):
        paths = named_in(call).files
        has_lines = len(paths) == 1 and any(name in arguments for name in _LINES)
        lines = _lines_of_arguments(call) if has_lines else None
        return [unchecked.file_context(path, lines, None, None) for path in paths]
    return _printed(named_in(call).command or "") if _SED in arguments else []


def _has_file(arguments: str) -> bool:
    if _PATCH in arguments:
        return True
    for sign in _SIGNS:
        if sign in arguments:
            return _names_a_file(arguments) is not None
    return False


def _printed(command: str) -> list[FileContext]:
    """The files whose lines a shell command prints."""
    found: dict[tuple[str, Lines], None] = {}
    for each in _printed_lines(command):
        path = next(filter(None, each.group(*_PLACES)), "")
        first = int(each["first"])
        if path and (lines := _lines(first, int(each["last"] or first))):
            found[path, lines] = None
    return [unchecked.file_context(path, lines, None, None) for path, lines in found]


def with_lines(files: Sequence[FileContext], path: str, lines: Lines) -> list[FileContext]:
    """The files with the lines of one of them, which is added if it is not there."""
    known = unchecked.file_context(path, lines, None, None)
    if all(file.path != path for file in files):
        return [*files, known]
    return [known if file.path == path else file for file in files]


def _lines_of_arguments(call: FunctionCall) -> Lines | None:
    try:
        given = decoded_json(call.arguments)
    except ValueError:
        return None
    match given:
        case {"absolute_path": str(), "offset": int(before), "limit": int(count)}:
            # Gemini CLI counts the lines before.
            return _lines(before + 1, before + count)
        case {"offset": int(first), "limit": int(count)}:
            return _lines(max(first, 1), max(first, 1) + count - 1)
        case {"limit": int(count)} if "read" in call.name.lower():
            return _lines(1, count)
        case {"start_line": int(first), "end_line": int(last)}:
            return _lines(first, last)
        case {"view_range": [int(first), int(last)]}:
            return _lines(first, last)
    return None


def lines_of_result(result: Any) -> tuple[str, Lines] | None:
    """The file and lines that the result of a tool of Claude Code says it read or changed."""
    if not isinstance(result, dict) or result.keys().isdisjoint(_SAY_LINES):
        return None
    match result:
        case {"file": {"filePath": str(path), "startLine": int(first), "numLines": int(count)}}:
            lines = _lines(first, first + count - 1)
        case {"filePath": str(path), "structuredPatch": list(hunks)}:
            ends = [found for hunk in hunks if (found := _changed_by(hunk))]
            lines = _lines(min(e[0] for e in ends), max(e[1] for e in ends)) if ends else None
        case _:
            return None
    return (path, lines) if path and lines else None


def _changed_by(hunk: Any) -> Lines | None:
    match hunk:
        case {"newStart": int(first), "newLines": int(count)}:
            return _lines(first, first + max(count, 1) - 1)
    return None


def _lines(first: int, last: int) -> Lines | None:
    # `true` is an integer to Python.
    return (int(first), int(last)) if 0 < first <= last < _MOST_LINES else None
