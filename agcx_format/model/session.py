"""Sessions: metadata, conversation, state, checkpoints, and the index of a store.

As in `items.py`, the declarations are the schema: fields are declared in the order in which they are written.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple
from uuid import UUID

from agcx_format.model.fields import U16, U64, Float32, Moment, Value
from agcx_format.model.items import MessageSnapshot
from agcx_format.model.timestamps import Timestamp


class OperatingMode(Enum):
    """What the agent may do: plan, change files, or review."""

    PLAN = "Plan"
    BUILD = "Build"
    REVIEW = "Review"


class AstIndexState(Value, frozen=True):
    """How much of the source code was indexed; sizes in bytes."""

    indexed_files: list[str]
    total_symbols: U64
    cache_size_bytes: U64
    last_update: Moment


class EmbeddingCacheState(Value, frozen=True):
    """How much of the source code had embeddings; sizes in bytes."""

    cached_chunks: U64
    model: str
    cache_size_bytes: U64


class ConversationContext(Value, frozen=True):
    """Where the conversation took place: directory, environment, and open files."""

    working_directory: str
    environment_variables: dict[str, str]
    open_files: list[str]
    ast_index_state: AstIndexState | None
    embedding_cache: EmbeddingCacheState | None


# Each mode with the time since when, the oldest first.
ModeHistory = list[tuple[OperatingMode, Moment]]


class ConversationSnapshot(Value, frozen=True):
    """The messages and their context.

    Layout 1 does not store `id` and `mode_history`; its reader adds them.
    """

    id: UUID
    messages: list[MessageSnapshot]
    context: ConversationContext
    mode_history: ModeHistory


# --- what describes a session, and the window that showed it


class CheckpointMetadata(Value, frozen=True):
    """What lists show of a checkpoint; `message_index` is the number of messages it holds."""

    id: UUID
    name: str
    created_at: Moment
    message_index: U64
    description: str | None

    @property
    def created(self) -> Timestamp:
        """`created_at` with its parts: `.ns`, `.datetime`."""
        return Timestamp(self.created_at)


class SessionMetadata(Value, frozen=True):
    """What a list shows of a session.

    `file_size` in bytes; `compression_ratio` is compressed / original size.  The three times are text, as
    the file holds them; `created`, `updated`, and `accessed` give them with their parts.

    >>> from agcx_format import new_session
    >>> metadata = new_session(title="Parser", created_at="2025-08-01T12:30:00.5Z").metadata
    >>> metadata.created_at
    '2025-08-01T12:30:00.500Z'
    >>> metadata.created.ns, metadata.created.datetime.year
    (1754051400500000000, 2025)
    >>> metadata.replace(title="Lexer").title
    'Lexer'
    """

    id: UUID
    title: str
    created_at: Moment
    updated_at: Moment
    last_accessed: Moment
    message_count: U64
    turn_count: U64
    current_mode: OperatingMode
    model: str
    tags: list[str]
    is_favorite: bool
    file_size: U64
    compression_ratio: Float32
    format_version: U16
    checkpoints: list[CheckpointMetadata]

    @property
    def created(self) -> Timestamp:
        """`created_at` with its parts: `.ns`, `.datetime`."""
        return Timestamp(self.created_at)

    @property
    def updated(self) -> Timestamp:
        """`updated_at` with its parts: `.ns`, `.datetime`."""
        return Timestamp(self.updated_at)

    @property
    def accessed(self) -> Timestamp:
        """`last_accessed` with its parts: `.ns`, `.datetime`."""
        return Timestamp(self.last_accessed)


class FilterSettings(Value, frozen=True):
    """What the window that showed the session displayed; None for no restriction."""

    show_system: bool
    show_tool_calls: bool
    show_reasoning: bool
    role_filter: str | None
    date_range: tuple[Moment, Moment] | None


class SessionState(Value, frozen=True):
    """The window that showed the session: cursor, scrolling, panels, and filters."""

    cursor_position: U64
    scroll_offset: U64
    selected_message: UUID | None
    expanded_messages: list[UUID]
    active_panel: str
    panel_sizes: dict[str, Float32]
    search_query: str | None
    filter_settings: FilterSettings


class SessionIndex(Value, frozen=True):
    """`sessions.idx`: metadata by id, and lists of ids; `recent_sessions` has at most 20, newest first."""

    sessions: dict[UUID, SessionMetadata]
    recent_sessions: list[UUID]
    favorite_sessions: list[UUID]
    tag_index: dict[str, list[UUID]]
    last_updated: Moment
    total_size_bytes: U64


class Checkpoint(Value, frozen=True):
    """A conversation, and the state of its window, at one moment."""

    metadata: CheckpointMetadata
    conversation: ConversationSnapshot
    state: SessionState


class Session(NamedTuple):
    """A whole session, as `save_session` and `write_session` take it and `load_session` gives it."""

    metadata: SessionMetadata
    conversation: ConversationSnapshot
    state: SessionState
