"""New values with defaults, for a program that makes sessions itself."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID, uuid4

from agcx_format.model.fields import Float32
from agcx_format.model.items import Item, Message, MessageMetadata, MessageSnapshot
from agcx_format.model.session import (
    ConversationContext,
    ConversationSnapshot,
    FilterSettings,
    OperatingMode,
    Session,
    SessionMetadata,
    SessionState,
)
from agcx_format.model.timestamps import Timestamp

__all__ = ["initial_state", "new_message", "new_session"]


def new_session(
    *,
    title: str = "",
    model: str = "unknown",
    messages: Iterable[MessageSnapshot] = (),
    id: UUID | None = None,
    created_at: str | None = None,
    mode: OperatingMode = OperatingMode.BUILD,
    tags: Iterable[str] = (),
    is_favorite: bool = False,
    working_directory: str = "",
) -> Session:
    """A session that no window has shown yet.

    `id` is random by default, `created_at` now.  The session was updated when its last message was said.
    `file_size` and `compression_ratio` are 0 until it is saved.

    >>> from agcx_format import InputText, Message, new_message, new_session
    >>> hello = new_message(Message(None, "user", [InputText("Hello")]))
    >>> session = new_session(title="Greeting", model="gpt-5", messages=[hello])
    >>> session.metadata.message_count, session.metadata.turn_count
    (1, 1)

    Raises:
        TypeError: a field has a value of the wrong type.
        ValueError: `created_at` is not a timestamp.
    """
    # A text is a list of letters.
    if isinstance(tags, str):
        raise TypeError(f"tags are a list of texts, not the text {tags!r:.80}")
    said = list(messages)
    if wrong := [each for each in said if type(each) is not MessageSnapshot]:
        raise TypeError(f"messages are made with new_message, not {wrong[0]!r:.80}")
    created = Timestamp.now() if created_at is None else Timestamp(created_at)
    updated = max([created, *(message.time for message in said)])
    questions = (each.item for each in said if isinstance(each.item, Message))
    session_id = uuid4() if id is None else id
    metadata = SessionMetadata(
        id=session_id,
        title=title,
        created_at=created,
        updated_at=updated,
        last_accessed=updated,
        message_count=len(said),
        turn_count=sum(item.role == "user" for item in questions),
        current_mode=mode,
        model=model,
        tags=list(tags),
        is_favorite=is_favorite,
        file_size=0,
        compression_ratio=Float32(0.0),
        format_version=1,
        checkpoints=[],
    )
    conversation = ConversationSnapshot(
        id=session_id,
        messages=said,
        context=ConversationContext(working_directory, {}, [], None, None),
        mode_history=[(mode, created)],
    )
    return Session(metadata, conversation, initial_state())


def new_message(
    item: Item,
    *,
    timestamp: str | None = None,
    turn_index: int = 0,
    id: UUID | None = None,
    parent: UUID | None = None,
) -> MessageSnapshot:
    """A message that was never edited; `timestamp` is now and `id` random by default.

    `parent` is the id of the message that this one branches from.

    >>> from agcx_format import FunctionCallOutput, new_message
    >>> new_message(FunctionCallOutput("call-1", "done"), turn_index=3).item.output
    'done'

    Raises:
        TypeError: a field has a value of the wrong type.
        ValueError: `timestamp` is not a timestamp, or `turn_index` is negative.
    """
    moment = Timestamp.now() if timestamp is None else Timestamp(timestamp)
    metadata = MessageMetadata(
        edited=False,
        edit_history=[],
        branch_point=False,
        branch_id=None,
        parent_message_id=parent,
        message_id=uuid4() if id is None else id,
        file_context=[],
        tool_calls=[],
    )
    return MessageSnapshot(item, moment, turn_index, metadata)


def initial_state() -> SessionState:
    """The state of a session that no window has shown yet."""
    filters = FilterSettings(True, True, True, None, None)
    return SessionState(0, 0, None, [], "", {}, None, filters)
