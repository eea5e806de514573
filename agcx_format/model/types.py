"""The values that AGCX files hold, field by field in the order in which they are written.

Strategy: these declarations are the schema.  bincode, MessagePack and JSON are all worked out from
them (`bincode.py`, `messagepack.py`, `serde_json.py`), so a new field is one line, here.

They have the shape of what rmp-serde writes, arrays of the fields in order, which lets msgspec
decode a message in one call.  No field has a default: a file that leaves one out is corrupt, and
a default would hide it.  Values are frozen; change one with `msgspec.structs.replace`.

Two kinds of item are not in the union that msgspec decodes, since it could not tell them apart;
the slow path of `messagepack.py` makes them: `ReasoningWithoutContent` and `UnknownItem`.
"""

from __future__ import annotations

import struct
from enum import Enum
from typing import Annotated, ClassVar, Self
from uuid import UUID

import msgspec
from msgspec import Meta

from agcx_format.model.timestamps import USUAL

# `DateTime<Utc>`: a text in the form that chrono writes (`timestamps.py` has the numbers).
Moment = Annotated[str, Meta(pattern=USUAL)]

# The same in every message: `messagepack.py` checks those of all messages at once, which takes a
# fifth of the time that msgspec takes with one after the other.
MomentOfMessage = Annotated[str, Meta(extra={"moment": True})]

# Rust's u64 and usize: msgspec takes ints up to 2^64-1 and has no larger bound to state.
U64 = Annotated[int, Meta(ge=0)]
U16 = Annotated[int, Meta(ge=0, le=0xFFFF)]


class Float32(float):
    """A Rust `f32`; of a NaN also the four bytes (big-endian) that it was read from.

    They are kept because packing a signalling NaN anew would quiet it.  A plain `float` may
    stand wherever a `Float32` does; it is rounded when it is written.
    """

    __slots__ = ("packed",)

    packed: bytes

    def __new__(cls, value: float | bytes) -> Self:
        packed = value if isinstance(value, bytes) else pack_f32(value)
        self = super().__new__(cls, struct.unpack(">f", packed)[0])
        if self != self:
            self.packed = packed
        return self

    def __reduce__(self):
        return Float32, (pack_f32(self),)


def pack_f32(value: float) -> bytes:
    """Four big-endian bytes; what is too large for an f32 becomes infinite, as in Rust's `as`."""
    if value != value and isinstance(value, Float32):
        return value.packed
    try:
        return struct.pack(">f", value)
    except OverflowError:
        return struct.pack(">f", float("inf") if value > 0 else float("-inf"))


class OperatingMode(Enum):
    PLAN = "Plan"
    BUILD = "Build"
    REVIEW = "Review"


class LocalShellStatus(Enum):
    COMPLETED = "completed"
    IN_PROGRESS = "in_progress"
    INCOMPLETE = "incomplete"


class _Value(msgspec.Struct, array_like=True, forbid_unknown_fields=True, frozen=True, gc=False):
    """Configuration that all of them share (msgspec hands it down).

    `gc=False`: values hold only values, so there are no cycles for the collector to look for, and
    ten thousand sessions in a list do not make it look.
    """

    # The Rust name of the variant, which files of the crate's first day have as the tag.
    variant: ClassVar[str] = ""


# --- what an item of the conversation is made of


class InputText(_Value, tag="input_text"):
    variant = "InputText"
    text: str


class InputImage(_Value, tag="input_image"):
    """`image_url` is a URL, most often a `data:` one that holds the whole picture."""

    variant = "InputImage"
    image_url: str


class OutputText(_Value, tag="output_text"):
    variant = "OutputText"
    text: str


ContentItem = InputText | InputImage | OutputText


class SummaryText(_Value, tag="summary_text"):
    variant = "SummaryText"
    text: str


class ReasoningText(_Value, tag="reasoning_text"):
    variant = "ReasoningText"
    text: str


class PlainText(_Value, tag="text"):
    """`ReasoningContent::Text` of the Rust crate."""

    variant = "Text"
    text: str


ReasoningContent = ReasoningText | PlainText


class ExecAction(_Value, tag="exec"):
    """`LocalShellAction::Exec`."""

    variant = "Exec"
    command: list[str]
    timeout_ms: U64 | None
    working_directory: str | None
    env: dict[str, str] | None
    user: str | None


class Message(_Value, tag="message"):
    variant = "Message"
    id: str | None
    role: str
    content: list[ContentItem]


class Reasoning(_Value, tag="reasoning"):
    """`content` is None when absent; see `ReasoningWithoutContent` for the third case."""

    variant = "Reasoning"
    id: str
    summary: list[SummaryText]
    content: list[ReasoningContent] | None
    encrypted_content: str | None


class ReasoningWithoutContent(_Value, tag="reasoning"):
    """A reasoning item from which Rust left the field `content` out, three fields instead of four.

    It does so when `content` is present but holds no `reasoning_text`, and then fails to read
    what it wrote.  Told from `Reasoning` by the number of fields alone.
    """

    variant = "Reasoning"
    id: str
    summary: list[SummaryText]
    encrypted_content: str | None

    @property
    def content(self) -> list[ReasoningContent]:
        return []


class LocalShellCall(_Value, tag="local_shell_call"):
    variant = "LocalShellCall"
    id: str | None
    call_id: str | None
    status: LocalShellStatus
    action: ExecAction


class FunctionCall(_Value, tag="function_call"):
    """`arguments` is JSON text, as the model wrote it: it need not parse."""

    variant = "FunctionCall"
    id: str | None
    name: str
    arguments: str
    call_id: str


class FunctionCallOutput(_Value, tag="function_call_output"):
    variant = "FunctionCallOutput"
    call_id: str
    output: str


class Other(_Value, tag="other"):
    variant = "Other"


def _dict_or_pairs(pairs: list[tuple[object, object]]) -> dict | list:
    """What a MessagePack map becomes: its keys may be lists or maps, which no dict takes."""
    try:
        return dict(pairs)
    except TypeError:
        return pairs


_ARRAYS = (*range(0x90, 0xA0), 0xDC, 0xDD)
# Texts, and the bytes that may stand for one.
_NAMES = (*range(0xA0, 0xC0), 0xD9, 0xDA, 0xDB, 0xC4, 0xC5, 0xC6)


def _as_text(name: object) -> str:
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)


class UnknownItem:
    """An item or content part whose tag is not known, kept as the bytes that the file holds.

    Written back byte for byte.  `tag` is the text of the tag, `fields()` the rest as plain values.
    """

    __slots__ = ("raw",)

    def __init__(self, raw: bytes) -> None:
        self.raw = raw

    @property
    def tag(self) -> str:
        """The text that names the kind: the first of an array, or `type` in a map."""
        import msgpack

        reader = msgpack.Unpacker(strict_map_key=False, unicode_errors="replace")
        reader.feed(self.raw)
        # Only as far as the tag: what follows may be values that Python has no form for.
        if self.raw[0] in _ARRAYS:
            return _as_text(reader.unpack()) if reader.read_array_header() else ""
        for _ in range(reader.read_map_header()):
            key = reader.unpack() if self.raw[reader.tell()] in _NAMES else reader.skip()
            if key in ("type", b"type"):
                return _as_text(reader.unpack())
            reader.skip()
        return ""

    def fields(self) -> list | dict:
        """The rest as plain values; a map with a key that no dict takes is a list of pairs."""
        import msgpack

        try:
            plain = msgpack.unpackb(
                self.raw,
                strict_map_key=False,
                object_pairs_hook=_dict_or_pairs,
                unicode_errors="replace",
            )
        except (ValueError, msgpack.UnpackException):
            # An ill-made timestamp, for example: bytes that say nothing to anybody.
            return [self.raw]
        if isinstance(plain, dict):
            return {key: value for key, value in plain.items() if key != "type"}
        return plain[1:] if self.raw[0] in _ARRAYS else plain

    def __eq__(self, other: object) -> bool:
        return isinstance(other, UnknownItem) and self.raw == other.raw

    def __hash__(self) -> int:
        return hash(self.raw)

    def __repr__(self) -> str:
        return f"UnknownItem({self.raw!r})"


ResponseItem = Message | Reasoning | LocalShellCall | FunctionCall | FunctionCallOutput | Other


# --- the conversation


class FileContext(_Value):
    path: str
    line_range: tuple[U64, U64] | None
    snippet: str | None
    language: str | None


class ToolCallMetadata(_Value):
    tool_name: str
    execution_time_ms: U64
    success: bool
    error: str | None


class MessageMetadata(_Value):
    edited: bool
    edit_history: list[tuple[Moment, ResponseItem]]
    branch_point: bool
    branch_id: UUID | None
    parent_message_id: UUID | None
    message_id: UUID
    file_context: list[FileContext]
    tool_calls: list[ToolCallMetadata]


class MessageSnapshot(_Value):
    item: ResponseItem
    timestamp: MomentOfMessage
    turn_index: U64
    metadata: MessageMetadata


class AstIndexState(_Value):
    indexed_files: list[str]
    total_symbols: U64
    cache_size_bytes: U64
    last_update: Moment


class EmbeddingCacheState(_Value):
    cached_chunks: U64
    model: str
    cache_size_bytes: U64


class ConversationContext(_Value):
    working_directory: str
    environment_variables: dict[str, str]
    open_files: list[str]
    ast_index_state: AstIndexState | None
    embedding_cache: EmbeddingCacheState | None


class ConversationSnapshot(_Value):
    """Layout 1 does not store `id` and `mode_history`; its reader fills them in."""

    id: UUID
    messages: list[MessageSnapshot]
    context: ConversationContext
    mode_history: list[tuple[OperatingMode, Moment]]


# --- what describes a session, and the window it was shown in


class CheckpointMetadata(_Value):
    id: UUID
    name: str
    created_at: Moment
    message_index: U64
    description: str | None


class SessionMetadata(_Value):
    """`file_size` in bytes; `compression_ratio` is compressed / original."""

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


class FilterSettings(_Value):
    show_system: bool
    show_tool_calls: bool
    show_reasoning: bool
    role_filter: str | None
    date_range: tuple[Moment, Moment] | None


class SessionState(_Value):
    cursor_position: U64
    scroll_offset: U64
    selected_message: UUID | None
    expanded_messages: list[UUID]
    active_panel: str
    panel_sizes: dict[str, Float32]
    search_query: str | None
    filter_settings: FilterSettings


class SessionIndex(_Value):
    """`sessions.idx`: `recent_sessions` newest first, 20 at most."""

    sessions: dict[UUID, SessionMetadata]
    recent_sessions: list[UUID]
    favorite_sessions: list[UUID]
    tag_index: dict[str, list[UUID]]
    last_updated: Moment
    total_size_bytes: U64


class Checkpoint(_Value):
    metadata: CheckpointMetadata
    conversation: ConversationSnapshot
    state: SessionState


Session = tuple[SessionMetadata, ConversationSnapshot, SessionState]
