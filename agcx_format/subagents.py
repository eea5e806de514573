"""Which session a subagent belongs to, as the tags of its metadata say.

Strategy: a list of a hundred thousand sessions reads only metadata, so the link must be there, and AGCX has
no field for it. The session of a subagent has the tag `subagent`, and `subagent-of:` with the id of its
parent, which is not shown and survives every change of the other tags. Which call started which subagent is
in the environment of the parent's context.

The file of a subagent can begin with the conversation of its parent. There the message with the task says
that it continues from the parent: its `parent_message_id` is the id of the parent's session.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TypeVar
from uuid import UUID

from agcx_format.variables import SUBAGENTS

__all__ = [
    "SUBAGENT", "in_circles", "is_link", "parent_of", "parent_tag", "shown_tags", "subagents_in",
    "with_links",
]  # fmt: skip

_T = TypeVar("_T")

SUBAGENT = "subagent"
_PARENT = "subagent-of:"
_is_link = re.compile(r"subagent-of:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}").fullmatch


def parent_tag(parent: UUID) -> str:
    """The tag of a subagent of this session."""
    return f"{_PARENT}{parent}"


def is_link(tag: str) -> bool:
    """Whether a tag is the link to a parent."""
    return _is_link(tag) is not None


def parent_of(tags: Iterable[str]) -> UUID | None:
    """The session that a session with these tags belongs to; None if it belongs to no other.

    >>> parent_of(["ui", "subagent-of:0199aaaa-1111-7222-8333-444455556666"])
    UUID('0199aaaa-1111-7222-8333-444455556666')
    """
    link = next(filter(is_link, tags), None)
    return UUID(link.removeprefix(_PARENT)) if link else None


def in_circles(parents: Mapping[_T, _T]) -> set[_T]:
    """The sessions that are their own ancestors: whatever they say, none of them started another.

    >>> sorted(in_circles({"a": "b", "b": "a", "below": "a", "child": "root"}))
    ['a', 'b']
    """
    found: set[_T] = set()
    seen: set[_T] = set()
    for start in parents:
        each, above = start, list[_T]()
        while each in parents and each not in seen:
            seen.add(each)
            above.append(each)
            each = parents[each]
        if each in above:
            found.update(above[above.index(each) :])
    return found


def shown_tags(tags: Sequence[str]) -> Sequence[str]:
    """The tags that a person sees."""
    return [tag for tag in tags if not is_link(tag)] if any(map(is_link, tags)) else tags


def with_links(tags: Collection[str], old: Collection[str]) -> list[str]:
    """New tags, with the link of the old ones: a person who edits tags does not see it."""
    return [*tags, *(tag for tag in old if is_link(tag) and tag not in tags)]


def subagents_in(environment: Mapping[str, str]) -> dict[str, UUID]:
    """The sessions of subagents, by the ids of the calls that started them.

    >>> subagents_in({"AGCX_SUBAGENTS": '{"call_1": "0199aaaa-1111-7222-8333-444455556666"}'})
    {'call_1': UUID('0199aaaa-1111-7222-8333-444455556666')}
    """
    import msgspec

    with suppress(msgspec.DecodeError, RecursionError):
        return msgspec.json.decode(environment.get(SUBAGENTS, ""), type=dict[str, UUID])
    return {}
