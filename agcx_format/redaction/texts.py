"""Walks all texts of a session, each with its path, and replaces them.

Strategy: the declarations of the values say which fields hold text, so new fields need no change
here. Two kinds of text are skipped: pictures that are nothing but base64, and encrypted reasoning, megabytes
that cannot be read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import count
from typing import Any

import msgpack
import msgspec
from msgspec.structs import replace

from agcx_format.model import schema
from agcx_format.model.items import LocalShellCall, MessageSnapshot, Other, UnknownItem

__all__ = ["LocatedText", "TextPath", "commands", "named", "path_text", "put", "texts"]

# A step is the name of a field or variable, or a number: of an element, or of a variable's name in its dict.
TextPath = tuple[str | int, ...]

# The path, the text, and the name of the variable if the text is the value of one.
LocatedText = tuple[TextPath, str, str]

_OPAQUE = frozenset({"encrypted_content"})

# The whole text must match: server-sent events begin with `data:` as well.
_picture = re.compile(r"data:image/[a-z0-9.+-]{1,40};base64,[A-Za-z0-9+/]*+={0,2}").fullmatch


def texts(value: Any, path: TextPath = ()) -> Iterator[LocatedText]:
    """Every text in the value."""
    match value:
        case str():
            if not (path and path[-1] == "image_url" and _picture(value)):
                yield path, value, ""
        case msgspec.Struct():
            for name in _text_fields(type(value)):
                each = getattr(value, name)
                # Most fields are texts, nothing, or empty lists, for which a generator would be a waste.
                if type(each) is str and name != "image_url":
                    yield (*path, name), each, ""
                elif each:
                    yield from texts(each, (*path, name))
        case list() | tuple():
            for index, each in enumerate(value):
                yield from texts(each, (*path, index))
        case dict():
            for number, (name, each) in enumerate(value.items()):
                if isinstance(name, str):
                    yield (*path, number), name, ""
                if isinstance(each, str):
                    yield (*path, name), each, str(name)
                else:
                    yield from texts(each, (*path, name))
        case UnknownItem():
            # Numbered in order: the item is changed as a whole.
            for number, (text, name) in enumerate(_unknown_texts(value.fields())):
                yield (*path, "raw", number), text, name


def commands(value: Any) -> Iterator[tuple[TextPath, list[str]]]:
    """The word lists of commands."""
    if not isinstance(value, MessageSnapshot):
        return
    items: list[tuple[TextPath, Any]] = [(("item",), value.item)]
    for number, (_, item) in enumerate(value.metadata.edit_history):
        items.append((("metadata", "edit_history", number, 1), item))
    for path, item in items:
        if isinstance(item, LocalShellCall):
            yield (*path, "action", "command"), item.action.command


def put(value: Any, changes: dict[TextPath, Any], unknown: Callable[[str], str]) -> Any:
    """The value with other texts at these paths; `unknown` changes each text of an unknown item."""
    tree: dict[Any, Any] = {}
    for path, text in changes.items():
        node = tree
        for step in path[:-1]:
            node = node.setdefault(step, {})
        node[path[-1]] = text
    return _put(value, tree, unknown)


def named(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, Any]:
    """These names and values; a name that occurs again gets a number: a placeholder can hide several."""
    found: dict[Any, Any] = {}
    for name, value in pairs:
        free = name
        if isinstance(name, str) and name in found:
            free = next(each for number in count(2) if (each := f"{name} {number}") not in found)
        found[free] = value
    return found


def path_text(path: TextPath) -> str:
    """The path as people write it: `content[0].text`."""
    words = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return words.removeprefix(".")


@cache
def _text_fields(cls: type) -> tuple[str, ...]:
    shape = schema.shape_of(cls)
    record = shape.variants[0] if isinstance(shape, schema.Tagged) else shape
    if not isinstance(record, schema.Record):
        raise TypeError(f"{cls} is not a value of the model")
    return tuple(
        name for name, field in record.fields if name not in _OPAQUE and _may_hold_text(field)
    )


def _may_hold_text(shape: schema.Shape) -> bool:
    match shape:
        case schema.String() | schema.Tagged():
            return True
        case schema.Optional(inner) | schema.Sequence(inner):
            return _may_hold_text(inner)
        case schema.Mapping(_, value):
            return _may_hold_text(value)
        case schema.Tuple(items):
            return any(map(_may_hold_text, items))
        case schema.Record(_, _, fields):
            return any(_may_hold_text(field) for _, field in fields)
    return False


def _put(value: Any, tree: Any, unknown: Callable[[str], str]) -> Any:
    if not isinstance(tree, dict):
        return tree
    match value:
        case UnknownItem():
            return _put_unknown(value, unknown)
        case msgspec.Struct():
            changed = {name: _put(getattr(value, name), sub, unknown) for name, sub in tree.items()}
            return replace(value, **changed)
        case dict():
            return named(
                (tree.get(number, name), _put(each, tree[name], unknown) if name in tree else each)
                for number, (name, each) in enumerate(value.items())
            )
    elements = [
        _put(each, tree[index], unknown) if index in tree else each
        for index, each in enumerate(value)
    ]
    return tuple(elements) if isinstance(value, tuple) else elements


# --- items of unknown kinds: MessagePack in which any text may hold a secret


def _unknown_texts(plain: Any) -> Iterator[tuple[str, str]]:
    match plain:
        case str():
            yield plain, ""
        case bytes():
            yield plain.decode("latin-1"), ""
        case list() | tuple():
            for each in plain:
                yield from _unknown_texts(each)
        case dict():
            for name, each in plain.items():
                yield from _unknown_texts(name)
                if isinstance(each, str):
                    yield each, str(name)
                else:
                    yield from _unknown_texts(each)


def _put_unknown(item: UnknownItem, change: Callable[[str], str]) -> Any:
    """The item with its texts changed; an item that cannot be parsed is dropped."""
    try:
        plain = msgpack.unpackb(item.raw, strict_map_key=False)
        return UnknownItem(msgpack.packb(_with_tag_of(plain, _mapped(plain, change))))
    except (ValueError, TypeError, msgpack.UnpackException, RecursionError):
        return Other()


def _with_tag_of(before: Any, changed: Any) -> Any:
    """The changed item as the kind that it was: its tag is no text."""
    if isinstance(before, list) and before:
        return [before[0], *changed[1:]]
    if isinstance(before, dict) and "type" in before:
        return {**changed, "type": before["type"]}
    return changed


def _mapped(plain: Any, change: Callable[[str], str]) -> Any:
    match plain:
        case str():
            return change(plain)
        case bytes():
            return change(plain.decode("latin-1")).encode("latin-1")
        case list() | tuple():
            return [_mapped(each, change) for each in plain]
        case dict():
            return named(
                (_mapped(name, change), _mapped(each, change)) for name, each in plain.items()
            )
    return plain
