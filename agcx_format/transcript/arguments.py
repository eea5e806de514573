"""The arguments of a tool call for people: JSON, and beside it what JSON would put on one long line.

Strategy: in JSON, a text of many lines is one line full of `\\n`, which is unreadable. So such a text is
shown by itself, below its name, and a text that replaces another one as a diff of both.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import unified_diff
from typing import Any

import msgspec

from agcx_format.transcript.changed_files import replaced_texts
from agcx_format.transcript.json_text import decoded_json, indented_json
from agcx_format.transcript.tools import Call

__all__ = ["Passage", "readable_arguments"]

# How many lines of both texts are compared; beyond that, the old text is shown above the new one.
_COMPARED = 2000
# The name of several replacements in one file.
_EDITS = "edits"


class Passage(msgspec.Struct, frozen=True, gc=False):
    """A text out of the arguments.

    Fields:
        name: of the argument; empty for a diff, which is what the call is about.
        is_diff: whether it is a diff of two texts, without file names.
    """

    name: str
    text: str
    is_diff: bool = False


def readable_arguments(call: Call) -> tuple[str, tuple[Passage, ...]]:
    """The arguments as indented JSON, without the long texts in them, and these.

    The JSON is empty if nothing is left of it.
    """
    # Most have neither a line end nor what could be a replacement.
    if "\\n" not in call.arguments and '"old' not in call.arguments:
        return call.arguments, ()
    try:
        arguments = decoded_json(call.arguments)
    except ValueError:
        return call.arguments, ()
    if not isinstance(arguments, dict):
        return call.arguments, ()
    taken, passages = _taken_out(arguments)
    if not passages:
        return call.arguments, ()
    rest = {name: value for name, value in arguments.items() if name not in taken}
    return indented_json(rest) if rest else "", tuple(passages)


def _taken_out(arguments: dict[str, Any]) -> tuple[set[str], list[Passage]]:
    """The names of the arguments that are shown by themselves, and how."""
    taken: set[str] = set()
    passages: list[Passage] = []
    if names := replaced_texts(arguments):
        taken.update(names)
        passages.append(_diff(*(arguments[name] for name in names)))
    elif diffs := list(_several(arguments.get(_EDITS))):
        taken.add(_EDITS)
        passages += diffs
    for name, value in arguments.items():
        if name not in taken and isinstance(value, str) and "\n" in value.strip():
            taken.add(name)
            passages.append(Passage(name, value))
    return taken, passages


def _several(edits: Any) -> Iterator[Passage]:
    """A diff for each of several replacements; none if one of them says more than its texts."""
    found = []
    for edit in edits if isinstance(edits, list) else ():
        names = replaced_texts(edit) if isinstance(edit, dict) else None
        if names is None or any(value for name, value in edit.items() if name not in names):
            return
        found.append(_diff(*(edit[name] for name in names)))
    yield from found


def _diff(old: str, new: str) -> Passage:
    before, after = old.split("\n") if old else [], new.split("\n") if new else []
    if before == after:
        lines = [f" {line}" for line in before]
    elif len(before) + len(after) > _COMPARED:
        lines = [*(f"-{line}" for line in before), *(f"+{line}" for line in after)]
    else:
        # Without the names of files, and the numbers of lines, which are not those of the file.
        every = len(before) + len(after)
        lines = list(unified_diff(before, after, lineterm="", n=every))[3:]
    return Passage("", "\n".join(lines), is_diff=True)
