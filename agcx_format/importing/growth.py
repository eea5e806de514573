"""Compares a session in the store with what its source holds now, and merges the two.

Strategy: messages have the same ids at every import, so those of the store are found in the source. What a
person did to the session is kept: its title, tags, star, and checkpoints, and as far as the history knows it
its model, mode, and directory. Messages that a person edited are
in no source, and then the session is not touched. A newer version of the importer may find more messages in
the same file, and know more about them.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from enum import Enum, auto

import msgspec

from agcx_format.importing.claude.blocks import INTERRUPTED, PERSISTED
from agcx_format.importing.codex.plans import PLAN
from agcx_format.importing.draft import INCOMPLETE
from agcx_format.importing.environment import VERSION
from agcx_format.importing.imported import Imported
from agcx_format.model.items import (
    FunctionCall,
    FunctionCallOutput,
    Item,
    Message,
    MessageSnapshot,
    Reasoning,
)
from agcx_format.model.session import Session, SessionMetadata
from agcx_format.model.streamed import made_of
from agcx_format.model.timestamps import Timestamp, ns_of
from agcx_format.redaction.replace import is_redacted
from agcx_format.subagents import SUBAGENT, is_link
from agcx_format.transcript.words import text_of
from agcx_format.variables import (
    CLI_VERSION,
    COST_USD,
    SOURCE_CHANGED,
    SUBAGENTS,
    TOKENS_CACHED,
    TOKENS_INPUT,
    TOKENS_OUTPUT,
    WRITTEN_BY,
)

__all__ = ["Growth", "as_set", "compare", "grown"]

# What else is known of a conversation once it has grown.
_CHANGING = frozenset(
    (
        TOKENS_INPUT,
        TOKENS_CACHED,
        TOKENS_OUTPUT,
        COST_USD,
        CLI_VERSION,
        SUBAGENTS,
        WRITTEN_BY,
        SOURCE_CHANGED,
    )
)


class Growth(Enum):
    """What a source has that the session in the store has not."""

    NONE = auto()
    SOME = auto()
    # A person changed messages of the session.
    EDITED = auto()
    # The session is of another conversation with the same id.
    OTHER = auto()


def compare(stored: Session, new: Imported) -> Growth:
    """Whether the source continues the session in the store."""
    old, now = stored[1].messages, new.conversation.messages
    if _begins_with(now, old):
        is_same = len(now) == len(old) and _is_same(stored, grown(stored, new))
        return Growth.NONE if is_same else Growth.SOME
    # The two are compared message by message, in any order.
    old, now = list(old), list(now)
    if _continues(old, now, in_order=_environment(stored).get(WRITTEN_BY) == VERSION):
        return Growth.NONE if _is_same(stored, grown(stored, new)) else Growth.SOME
    if _continues(now, old, in_order=False):
        # An older copy of the source.
        return Growth.NONE
    return Growth.EDITED if _shares_any(old, now) else Growth.OTHER


def _shares_any(old: Sequence[MessageSnapshot], now: Sequence[MessageSnapshot]) -> bool:
    """Whether a message of the source is in the session, or one that a person edited."""
    items = {message.metadata.message_id: message.item for message in now}
    return any(
        message.metadata.edited
        or message.metadata.edit_history
        or items.get(message.metadata.message_id) == message.item
        for message in old
    )


def as_set(
    stored: Session,
    new: Imported,
    set_by_person: Callable[[], Collection[str]],
    *,
    was_edited: bool = False,
) -> Imported:
    """The new session with the model, mode, and directory of the stored one, as far as a person set them.

    `set_by_person` gives the names of the fields; it is asked only if one of them differs. What was redacted
    in the context stays so. A placeholder may be any text, so of a session that `was_edited` all of the
    context stays that is the same however far its conversation goes.
    """
    metadata, conversation, _ = stored
    before, context = conversation.context, new.conversation.context
    redacted = {
        name: value
        for name, value in before.environment_variables.items()
        if is_redacted(value) or (was_edited and name not in _CHANGING)
    }
    if redacted:
        variables = {**context.environment_variables, **redacted}
        context = msgspec.structs.replace(context, environment_variables=variables)
    kept = {name: getattr(metadata, name) for name in ("model", "current_mode")}
    is_same = all(getattr(new.metadata, name) == value for name, value in kept.items())
    is_same &= context.working_directory == before.working_directory
    fields = () if is_same else set_by_person()
    if was_edited or "working_directory" in fields or is_redacted(before.working_directory):
        context = msgspec.structs.replace(context, working_directory=before.working_directory)
    return replace(
        new,
        metadata=msgspec.structs.replace(
            new.metadata, **{name: value for name, value in kept.items() if name in fields}
        ),
        conversation=msgspec.structs.replace(new.conversation, context=context),
    )


def grown(stored: Session, new: Imported) -> Imported:
    """The new session with what was done to the one in the store."""
    old = stored[0]
    kept: dict[str, object] = {
        "is_favorite": old.is_favorite,
        "checkpoints": old.checkpoints,
        "updated_at": _later(old.updated_at, new.metadata.updated_at),
        "last_accessed": _last_accessed(stored, new),
    }
    if old.title not in new.titles:
        kept["title"] = old.title
    if _without_mark(old) != _without_mark(new.metadata):
        kept["tags"] = [*_without_mark(old), *filter(_is_ours, new.metadata.tags)]
    metadata = msgspec.structs.replace(new.metadata, **kept)
    new = _with_whole_results(stored, new)
    return replace(new, metadata=metadata, state=stored[2])


def _begins_with(now: Sequence[MessageSnapshot], old: Sequence[MessageSnapshot]) -> bool:
    return len(old) <= len(now) and all(map(operator.eq, old, now))


def _continues(
    old: Sequence[MessageSnapshot], now: Sequence[MessageSnapshot], *, in_order: bool
) -> bool:
    """Whether all messages of `old` are in `now` as they were imported.

    With `in_order`, nothing may have come between them: the same version of the importer finds the same
    messages, so a person took out the one that is missing.
    """
    if _begins_with(now, old):
        return True
    places = {message.metadata.message_id: place for place, message in enumerate(now)}
    last = -1
    said: set[tuple[type, str]] | None = None
    for message in old:
        metadata = message.metadata
        if metadata.edited or metadata.edit_history:
            return False
        place = places.get(metadata.message_id)
        if place is not None and (
            _is_same_item(message.item, now[place].item)
            or (message is old[-1] and _is_begun(message.item, now[place].item))
            or _is_begun_call(message.item, now[place].item)
        ):
            last = max(last, place)
            continue
        # The only copy of something, until the item followed that it is a copy of.
        said = said if said is not None else {_words(each) for each in now}
        if _words(message) not in said and not _is_notice(message):
            return False
    return not in_order or last < len(old)


def _is_begun(old: Item, new: Item) -> bool:
    """Whether the agent was still writing the old item: a text, or a thought, that the new one continues."""
    match old, new:
        case (Message(role="assistant"), Message(role="assistant")) | (Reasoning(), Reasoning()):
            return text_of(new).startswith(text_of(old))
    return False


def _is_begun_call(old: Item, new: Item) -> bool:
    """Whether the agent was still writing the arguments of a call, which others may have followed."""
    match old, new:
        case FunctionCall(), FunctionCall() if (old.name, old.call_id) == (new.name, new.call_id):
            return new.arguments.startswith(old.arguments) or old.arguments == "{}"
    return False


def _is_notice(message: MessageSnapshot) -> bool:
    """Whether the importer says what happened, which an item may say better that followed later."""
    return isinstance(message.item, Message) and message.item.role == "system"


def _words(message: MessageSnapshot) -> tuple[type, str]:
    return type(message.item), "".join(text_of(message.item).split())


def _is_same_item(old: Item, new: Item) -> bool:
    """Whether they are equal, or one is the preview of a long result that the other is.

    Older versions of the importer kept a plan and an interruption as they were said.
    """
    if old == new:
        return True
    match old, new:
        case Message(role="user"), Message(role="system"):
            return text_of(old).lstrip().startswith(INTERRUPTED)
        case Message(role="assistant"), Message(role="assistant") | FunctionCall():
            return PLAN in text_of(old)
        case FunctionCallOutput(), FunctionCallOutput() if old.call_id == new.call_id:
            return _is_preview(old) or _is_preview(new)
    return False


def _is_preview(item: Item) -> bool:
    """Whether the whole result lies, or lay, in a file of its own."""
    return isinstance(item, FunctionCallOutput) and item.output.lstrip().startswith(PERSISTED)


def _with_whole_results(stored: Session, new: Imported) -> Imported:
    """The new session with the results of the stored one whose files are no longer there."""
    messages = new.conversation.messages
    previews = {each.metadata.message_id for each in messages if _is_preview(each.item)}
    if not previews:
        return new
    known = {
        each.metadata.message_id: each.item
        for each in stored[1].messages
        if each.metadata.message_id in previews
    }

    def kept_whole() -> Iterator[MessageSnapshot]:
        for message in messages:
            old = known.get(message.metadata.message_id)
            if old is None or not _is_same_item(old, message.item):
                yield message
            else:
                yield msgspec.structs.replace(message, item=old)

    kept = made_of(messages, count=len(messages), make=kept_whole)
    return replace(new, conversation=msgspec.structs.replace(new.conversation, messages=kept))


def _is_same(stored: Session, new: Imported) -> bool:
    """Whether saving would change nothing that a person can see."""
    metadata, conversation, _ = stored
    names = ("title", "tags", "updated_at", "turn_count", "current_mode", "model")
    return (
        conversation.messages == new.conversation.messages
        and all(getattr(metadata, name) == getattr(new.metadata, name) for name in names)
        and _without_source(_environment(stored))
        == _without_source(new.conversation.context.environment_variables)
    )


def _environment(session: Session) -> Mapping[str, str]:
    _, conversation, _ = session
    return conversation.context.environment_variables


def _without_source(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name != SOURCE_CHANGED}


def _without_mark(metadata: SessionMetadata) -> list[str]:
    return [tag for tag in metadata.tags if not _is_ours(tag)]


def _is_ours(tag: str) -> bool:
    """Whether a tag says something of the source, which a person does not change."""
    return tag in (INCOMPLETE, SUBAGENT) or is_link(tag)


def _later(one: str, other: str) -> Timestamp:
    return Timestamp(max(one, other, key=ns_of))


def _last_accessed(stored: Session, new: Imported) -> Timestamp:
    """The later one, unless the first version of the importer took it from the file."""
    old, changed = stored[0].last_accessed, new.conversation.context.environment_variables
    if WRITTEN_BY not in _environment(stored) and old == changed.get(SOURCE_CHANGED):
        return Timestamp(new.metadata.last_accessed)
    return _later(old, new.metadata.last_accessed)
