"""Which files a tool call changes, and how many lines it adds to and removes from each.

Strategy: agents change files by a patch in one text, by replacing one text with another, or by writing a
whole file. Each is recognized by the shape of its arguments, whatever the tool is called. What a shell
command does to files is not known, and neither is what a written file held before.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Any

import msgspec

from agcx_format.model.items import FunctionCall, LocalShellCall
from agcx_format.transcript.json_text import decoded_json
from agcx_format.transcript.tools import FILE_KEYS, Call, read_call

__all__ = ["FileChange", "file_changes", "lines_changed", "replaced_texts"]

# More lines on both sides than this are counted without looking for lines in common.
_COMPARED = 400

_OLD = ("old_string", "old_str", "oldString", "oldText")
_NEW = ("new_string", "new_str", "newString", "newText", "new_source")
_WHOLE = ("content", "file_text", "contents")


class FileChange(msgspec.Struct, frozen=True):
    """One file that a call changes; `added` and `removed` are numbers of lines."""

    path: str
    added: int
    removed: int


def file_changes(
    item: FunctionCall | LocalShellCall, call: Call | None = None
) -> tuple[FileChange, ...]:
    """What a call changes if it succeeds, in its order; a file may come several times.

    `call` is what `read_call` says of the item, if that is known already.
    """
    call = call or read_call(item)
    patch = call.command or call.text
    if patch is not None:
        return tuple(_of_patch(patch)) if call.files else ()
    if not call.files or not isinstance(item, FunctionCall):
        return ()
    try:
        arguments = decoded_json(item.arguments)
    except ValueError:
        return ()
    return tuple(_of_arguments(arguments))


def lines_changed(old: str, new: str) -> tuple[int, int]:
    """How many lines a replacement adds and removes."""
    before, after = old.splitlines(), new.splitlines()
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    end = 0
    most = min(len(before), len(after)) - start
    while end < most and before[-1 - end] == after[-1 - end]:
        end += 1
    before, after = before[start : len(before) - end], after[start : len(after) - end]
    same = 0
    if min(len(before), len(after)) == 1:
        same = len({*before} & {*after})
    elif before and after and max(len(before), len(after)) <= _COMPARED:
        same = sum(
            m.size for m in SequenceMatcher(None, before, after, False).get_matching_blocks()
        )
    return len(after) - same, len(before) - same


_HEADINGS = ("*** Update File: ", "*** Add File: ", "*** Delete File: ")


def _of_patch(patch: str) -> Iterator[FileChange]:
    path, added, removed = None, 0, 0
    for line in patch[patch.find("*** Begin Patch") :].splitlines():
        ends = line.startswith("*** End Patch")
        if ends or line.startswith(_HEADINGS):
            if path is not None:
                yield FileChange(path, added, removed)
            if ends:
                return
            path, added, removed = line.partition(": ")[2], 0, 0
        elif line.startswith("+"):
            added += 1
        elif line.startswith("-"):
            removed += 1
    if path is not None:
        yield FileChange(path, added, removed)


def _of_arguments(arguments: Any) -> Iterator[FileChange]:
    if not isinstance(arguments, dict):
        return
    path = _text(arguments, FILE_KEYS)
    if not path:
        return
    edits = arguments.get("edits", arguments.get("edit"))
    edits = [edits] if isinstance(edits, dict) else edits
    if isinstance(edits, list) and edits:
        changes = [change for edit in edits if (change := _part_of_edit(edit)) is not None]
        if changes:
            yield FileChange(path, sum(a for a, _ in changes), sum(r for _, r in changes))
        return
    change = _replacement(arguments)
    if change is None and (whole := _text(arguments, _WHOLE)) is not None:
        change = lines_changed("", whole)
    if change is not None:
        yield FileChange(path, *change)


def _replacement(arguments: Any) -> tuple[int, int] | None:
    if not isinstance(arguments, dict):
        return None
    old, new = _text(arguments, _OLD), _text(arguments, _NEW)
    return None if new is None else lines_changed(old or "", new)


def _part_of_edit(edit: Any) -> tuple[int, int] | None:
    """One of several replacements, which can be named more shortly."""
    match edit:
        case {"old": str(old), "new": str(new)}:
            return lines_changed(old, new)
    return _replacement(edit)


def replaced_texts(arguments: dict[str, Any]) -> tuple[str, str] | None:
    """The names of the arguments with the old text and the new one; None if it has no such arguments."""
    names = (tuple(k for k in keys if isinstance(arguments.get(k), str)) for keys in (_OLD, _NEW))
    old, new = names
    return (old[0], new[0]) if old and new else None


def _text(arguments: dict[str, Any], keys: tuple[str, ...]) -> str | None:
    found = (arguments.get(key) for key in keys)
    return next((text for text in found if isinstance(text, str)), None)
