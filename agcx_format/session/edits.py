"""Change what is said in a session, as values: delete messages, replace a text, purge histories, join two.

Strategy: each function gives a session that is as valid as the one it was given: parents are messages that
are there, the state of the window names no others, ids are unique, and counts are measured again.  A turn
keeps its number, so that what a person noted of it stays true.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID, uuid4

from msgspec.structs import replace

from agcx_format.model.items import (
    FunctionCall,
    FunctionCallOutput,
    LocalShellCall,
    Message,
    MessageSnapshot,
)
from agcx_format.model.session import ConversationContext, Session, SessionMetadata, SessionState
from agcx_format.model.streamed import made_of
from agcx_format.model.timestamps import Timestamp, ns_of
from agcx_format.redaction.texts import TextPath, put, texts
from agcx_format.session.checkpoint_file import turns_of

__all__ = [
    "in_directory",
    "joined",
    "with_text",
    "without_history",
    "without_messages",
]


# What names an item, or pairs a call with its output.
_NOT_SAID: Final[Collection[TextPath]] = frozenset({("role",), ("id",), ("call_id",)})


def _with_calls(messages: Sequence[MessageSnapshot], numbers: Iterable[int]) -> set[int]:
    """These messages, counted from 0, and the outputs of the calls and the calls of the outputs among them.

    Raises:
        IndexError: there is no such message.
    """
    chosen = set(numbers)
    if any(not 0 <= number < len(messages) for number in chosen):
        raise IndexError(f"messages are numbered 0 to {len(messages) - 1}")
    calls = list(_calls_of(messages))
    of_chosen = {calls[number] for number in chosen}
    return {number for number, call in enumerate(calls) if call in of_chosen}


def _calls_of(messages: Sequence[MessageSnapshot]) -> Iterator[int]:
    """For each output the number of its call, the last one of that id; for any other message its own number.

    Some programs use an id again, and some give none.
    """
    calls: dict[str, int] = {}
    for number, message in enumerate(messages):
        call_id = _call_of(message)
        if isinstance(message.item, FunctionCallOutput):
            yield calls.get(call_id or "", number)
            continue
        if call_id:
            calls[call_id] = number
        yield number


def _call_of(message: MessageSnapshot) -> str | None:
    item = message.item
    if isinstance(item, LocalShellCall):
        return item.call_id or item.id
    return item.call_id if isinstance(item, FunctionCall | FunctionCallOutput) else None


def without_messages(session: Session, numbers: Iterable[int]) -> Session:
    """A session without these messages, counted from 0; a call and its output go together.

    What branched from one of them branches from the message before it.

    Raises:
        IndexError: there is no such message.
    """
    metadata, conversation, state = session
    messages = conversation.messages
    gone = _with_calls(messages, numbers)
    parents = {
        message.metadata.message_id: message.metadata.parent_message_id
        for number, message in enumerate(messages)
        if number in gone
    }

    def left() -> Iterator[MessageSnapshot]:
        for number, message in enumerate(messages):
            if number not in gone:
                parent = _first_left(message.metadata.parent_message_id, parents)
                yield _with_parent(message, parent)

    kept = made_of(messages, count=len(messages) - len(gone), make=left)
    before = sum(number < state.cursor_position for number in gone)
    state = replace(state, cursor_position=state.cursor_position - before)
    conversation = replace(conversation, messages=kept)
    return Session(_counted(metadata, kept), conversation, _state_of(state, kept))


def _first_left(parent: UUID | None, gone: dict[UUID, UUID | None]) -> UUID | None:
    """The nearest ancestor that is not gone; a loop of parents, which a file may hold, has none."""
    seen: set[UUID] = set()
    while parent is not None and parent in gone:
        if parent in seen:
            return None
        seen.add(parent)
        parent = gone[parent]
    return parent


def _with_parent(message: MessageSnapshot, parent: UUID | None) -> MessageSnapshot:
    if message.metadata.parent_message_id == parent:
        return message
    return replace(message, metadata=replace(message.metadata, parent_message_id=parent))


def with_text(session: Session, number: int, old: str, new: str, *, keep_history: bool) -> Session:
    """A session in whose message `number`, from 0, every `old` is `new`.

    `keep_history` keeps the message as it was in its edit history, as AGCodex does; otherwise its earlier
    versions go as well.

    Raises:
        IndexError: there is no such message.
        ValueError: its item does not hold the text.
    """
    metadata, conversation, state = session
    before = conversation.messages
    if not 0 <= number < len(before):
        raise IndexError(f"messages are numbered 0 to {len(before) - 1}")
    message, now = before[number], Timestamp.now()
    changes: dict[TextPath, str] = {
        path: text.replace(old, new)
        for path, text, _ in texts(message.item)
        if old in text and path not in _NOT_SAID
    }
    if not old or not changes:
        raise ValueError(f"message {number + 1} does not hold this text")
    history = [*message.metadata.edit_history, (now, message.item)] if keep_history else []
    edited = replace(
        message,
        item=put(message.item, changes, lambda text: text.replace(old, new)),
        metadata=replace(message.metadata, edited=True, edit_history=history),
    )
    messages = made_of(
        before,
        count=len(before),
        make=lambda: (edited if n == number else each for n, each in enumerate(before)),
    )
    metadata = replace(metadata, updated_at=now)
    return Session(metadata, replace(conversation, messages=messages), state)


def without_history(session: Session, numbers: Collection[int] | None = None) -> Session:
    """A session without the earlier versions of these messages, counted from 0, or of all.

    That they were edited stays noted.
    """
    metadata, conversation, state = session
    before = conversation.messages

    def purged() -> Iterator[MessageSnapshot]:
        for number, each in enumerate(before):
            if each.metadata.edit_history and (numbers is None or number in numbers):
                yield replace(each, metadata=replace(each.metadata, edit_history=[]))
            else:
                yield each

    messages = made_of(before, count=len(before), make=purged)
    return Session(metadata, replace(conversation, messages=messages), state)


def in_directory(session: Session, directory: str, fields: Mapping[str, Any]) -> Session:
    """A session whose agent worked in another directory, with other fields of its metadata."""
    metadata, conversation, state = session
    context = replace(conversation.context, working_directory=directory)
    return Session(replace(metadata, **fields), replace(conversation, context=context), state)


def joined(first: Session, second: Session) -> Session:
    """One session of two: the messages of the second after those of the first.

    It has the id, the title, the checkpoints and the window of the first, the mode of the second, and the
    tags and open files of both.  Where the second begins with a turn that the first has already, its
    turns are counted on; ids of messages that both have, as copies do, are new in the second, and so are
    those of branches then.
    """
    (one, before, state), (two, after, _) = first, second
    taken, last = set[UUID | None](), -1
    for message in before.messages:
        taken |= {message.metadata.message_id, message.metadata.branch_id}
        last = max(last, message.turn_index)
    more = _counted_on(last, _with_new_ids(taken, after.messages))
    messages = made_of(
        before.messages,
        more,
        count=len(before.messages) + len(more),
        make=lambda: itertools.chain(before.messages, more),
    )
    files = [*before.context.open_files, *after.context.open_files]
    context: ConversationContext = replace(before.context, open_files=list(dict.fromkeys(files)))
    history = sorted([*before.mode_history, *after.mode_history], key=lambda mode: ns_of(mode[1]))
    metadata = replace(
        one,
        created_at=min(one.created_at, two.created_at, key=ns_of),
        current_mode=two.current_mode,
        tags=list(dict.fromkeys([*one.tags, *two.tags])),
        is_favorite=one.is_favorite or two.is_favorite,
    )
    conversation = replace(before, messages=messages, context=context, mode_history=history)
    return Session(_counted(metadata, messages), conversation, state)


def _with_new_ids(
    taken: Collection[UUID | None], after: Sequence[MessageSnapshot]
) -> Sequence[MessageSnapshot]:
    new: dict[UUID | None, UUID] = {
        each.metadata.message_id: uuid4() for each in after if each.metadata.message_id in taken
    }
    if not new:
        # The other half of a session that was split goes on in the same branches.
        return after
    branches = {each.metadata.branch_id for each in after} & set(taken) - {None}
    new |= {branch: uuid4() for branch in branches}

    def renamed() -> Iterator[MessageSnapshot]:
        for message in after:
            notes = message.metadata
            parent = notes.parent_message_id
            notes = replace(
                notes,
                message_id=new.get(notes.message_id, notes.message_id),
                parent_message_id=new.get(parent, parent),
                branch_id=new.get(notes.branch_id, notes.branch_id),
            )
            yield replace(message, metadata=notes)

    return made_of(after, count=len(after), make=renamed)


def _counted_on(last: int, after: Sequence[MessageSnapshot]) -> Sequence[MessageSnapshot]:
    """The messages of the second in turns after `last`, that of the first, unless they continue it."""
    if not after:
        return after
    first = after[0]
    goes_on = first.turn_index == last and not _begins_turn(first)
    if goes_on or first.turn_index > last:
        return after
    return made_of(
        after,
        count=len(after),
        make=lambda: (replace(each, turn_index=each.turn_index + last + 1) for each in after),
    )


def _begins_turn(message: MessageSnapshot) -> bool:
    """Whether a person said it, or the system before them: an agent's messages continue a turn."""
    return isinstance(message.item, Message) and message.item.role != "assistant"


def _counted(metadata: SessionMetadata, messages: Sequence[MessageSnapshot]) -> SessionMetadata:
    # Where the writer did not count turns, readers count them.
    turns = turns_of(messages) if metadata.turn_count else 0
    now = Timestamp.now()
    return replace(metadata, message_count=len(messages), turn_count=turns, updated_at=now)


def _state_of(state: SessionState, messages: Sequence[MessageSnapshot]) -> SessionState:
    """The state of the window, as far as it concerns these messages."""
    ids = {message.metadata.message_id for message in messages}
    return replace(
        state,
        cursor_position=max(0, min(state.cursor_position, len(messages) - 1)),
        selected_message=state.selected_message if state.selected_message in ids else None,
        expanded_messages=[each for each in state.expanded_messages if each in ids],
    )
