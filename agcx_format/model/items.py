"""Messages and their items: what was said in a conversation, as AGCX files hold it.

Strategy: these declarations are the schema.  The codecs for bincode, MessagePack and JSON are derived from
them, so adding a field means adding one line here, in the order in which fields are written.

They have the shape of what rmp-serde writes, arrays of the fields in order, which lets msgspec
decode a message in one call.  No field has a default: a file that omits one is corrupt, and a default
would hide that.  (`new.py` makes values with defaults.)

Two kinds of item are not in the unions that msgspec decodes, since it could not distinguish them; the
lenient MessagePack decoder makes them: `ReasoningWithoutContent` and `UnknownItem`.  A type checker does see
them, because a reader will meet them.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from agcx_format.model.fields import U64, Moment, MomentOfMessage, Value
from agcx_format.model.timestamps import Timestamp


class LocalShellStatus(Enum):
    """How far a command of a `LocalShellCall` was when it was recorded."""

    COMPLETED = "completed"
    IN_PROGRESS = "in_progress"
    INCOMPLETE = "incomplete"


def _dict_or_pairs(pairs: list[tuple[Any, Any]]) -> dict[Any, Any] | list[Any]:
    """A MessagePack map; if its keys are lists or maps, which are unhashable, a list of pairs."""
    try:
        return dict(pairs)
    except TypeError:
        return pairs


_ARRAYS = (*range(0x90, 0xA0), 0xDC, 0xDD)
# Strings, and bytes, which Rust accepts as names.
_NAMES = (*range(0xA0, 0xC0), 0xD9, 0xDA, 0xDB, 0xC4, 0xC5, 0xC6)


def _as_text(name: object) -> str:
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)


class UnknownItem:
    """An item or content part with an unknown tag, kept as its MessagePack and written back unchanged.

    Fields:
        raw: the bytes.
    """

    __slots__ = ("raw",)

    def __init__(self, raw: bytes) -> None:
        self.raw = raw

    @property
    def tag(self) -> str:
        """The name of the kind: the first element of an array, or `type` in a map."""
        import msgpack

        reader = msgpack.Unpacker(strict_map_key=False, unicode_errors="replace")
        reader.feed(self.raw)
        # Read no further than the tag, since the rest may be values that Python cannot represent.
        if self.raw[0] in _ARRAYS:
            return _as_text(reader.unpack()) if reader.read_array_header() else ""
        for _ in range(reader.read_map_header()):
            key = reader.unpack() if self.raw[reader.tell()] in _NAMES else reader.skip()
            if key in ("type", b"type"):
                return _as_text(reader.unpack())
            reader.skip()
        return ""

    def fields(self) -> list[Any] | dict[Any, Any]:
        """Everything but the tag as plain values; a map with unhashable keys is a list of pairs."""
        import msgpack

        try:
            plain: Any = msgpack.unpackb(
                self.raw,
                strict_map_key=False,
                object_pairs_hook=_dict_or_pairs,
                unicode_errors="replace",
            )
        except (ValueError, msgpack.UnpackException):
            # An invalid timestamp, for example.
            return [self.raw]
        if isinstance(plain, dict):
            return {key: value for key, value in plain.items() if key != "type"}
        fields: list[Any] = plain[1:] if self.raw[0] in _ARRAYS else plain
        return fields

    def __eq__(self, other: object) -> bool:
        return isinstance(other, UnknownItem) and self.raw == other.raw

    def __hash__(self) -> int:
        return hash(self.raw)

    def __repr__(self) -> str:
        return f"UnknownItem({self.raw!r})"


# --- what an item of the conversation is made of


class InputText(Value, tag="input_text", frozen=True):
    """A text that was given to the model."""

    variant = "InputText"
    text: str


class InputImage(Value, tag="input_image", frozen=True):
    """`image_url` is a URL, usually a `data:` URL with the whole image."""

    variant = "InputImage"
    image_url: str


class OutputText(Value, tag="output_text", frozen=True):
    """A text that the model wrote."""

    variant = "OutputText"
    text: str


ContentItem = InputText | InputImage | OutputText
# What the content of a message may hold: an `UnknownItem` as well.
ContentPart = ContentItem | UnknownItem
if TYPE_CHECKING:
    _ContentPart = ContentPart
else:
    # What msgspec decodes; see above.
    _ContentPart = ContentItem


class SummaryText(Value, tag="summary_text", frozen=True):
    """A part of the summary of what the model thought."""

    variant = "SummaryText"
    text: str


class ReasoningText(Value, tag="reasoning_text", frozen=True):
    """A part of what the model thought, in full."""

    variant = "ReasoningText"
    text: str


class PlainText(Value, tag="text", frozen=True):
    """`ReasoningContent::Text` of the Rust crate."""

    variant = "Text"
    text: str


ReasoningContent = ReasoningText | PlainText


class ExecAction(Value, tag="exec", frozen=True):
    """`LocalShellAction::Exec`."""

    variant = "Exec"
    command: list[str]
    timeout_ms: U64 | None
    working_directory: str | None
    env: dict[str, str] | None
    user: str | None


class Message(Value, tag="message", frozen=True):
    """What somebody said; `role` is `user`, `assistant`, `system`, or `developer`, but may be any text."""

    variant = "Message"
    id: str | None
    role: str
    content: list[_ContentPart]


class Reasoning(Value, tag="reasoning", frozen=True):
    """What the model thought; `content` is None if absent; see also `ReasoningWithoutContent`."""

    variant = "Reasoning"
    id: str
    summary: list[SummaryText]
    content: list[ReasoningContent] | None
    encrypted_content: str | None


class ReasoningWithoutContent(Value, tag="reasoning", frozen=True):
    """A reasoning item without the field `content`: three fields instead of four.

    Rust writes this when `content` is present but has no `reasoning_text`, and then cannot read it.  Only the
    number of fields distinguishes it from `Reasoning`.
    """

    variant = "Reasoning"
    id: str
    summary: list[SummaryText]
    encrypted_content: str | None

    @property
    def content(self) -> list[ReasoningContent]:
        """Always empty: what it was is not in the file."""
        return []


class LocalShellCall(Value, tag="local_shell_call", frozen=True):
    """A command that the model ran through its built-in shell; `call_id` pairs it with its output."""

    variant = "LocalShellCall"
    id: str | None
    call_id: str | None
    status: LocalShellStatus
    action: ExecAction


class FunctionCall(Value, tag="function_call", frozen=True):
    """`arguments` is JSON text as the model wrote it, which may be invalid."""

    variant = "FunctionCall"
    id: str | None
    name: str
    arguments: str
    call_id: str


class FunctionCallOutput(Value, tag="function_call_output", frozen=True):
    """What a call returned; `call_id` is that of the `FunctionCall` or `LocalShellCall`."""

    variant = "FunctionCallOutput"
    call_id: str
    output: str


class Other(Value, tag="other", frozen=True):
    """An item whose kind the writer did not know; its content was not kept."""

    variant = "Other"


ResponseItem = Message | Reasoning | LocalShellCall | FunctionCall | FunctionCallOutput | Other
# What a message may hold: also the two kinds that Rust does not read.
Item = ResponseItem | ReasoningWithoutContent | UnknownItem
if TYPE_CHECKING:
    _Item = Item
else:
    _Item = ResponseItem


# --- the conversation


class FileContext(Value, frozen=True):
    """A file, or a part of one, that was attached to a message; `line_range` is first and last line."""

    path: str
    line_range: tuple[U64, U64] | None
    snippet: str | None
    language: str | None


class ToolCallMetadata(Value, frozen=True):
    """How a tool call of a message went; `error` is None if it succeeded."""

    tool_name: str
    execution_time_ms: U64
    success: bool
    error: str | None


class MessageMetadata(Value, frozen=True):
    """What is recorded about a message beside its item.

    Fields:
        edit_history: the earlier versions of the item, each with the time of the edit.
        branch_point: whether another message branches from this one.
        branch_id: the branch that the message is in; None on the main path.
        parent_message_id: the message that this one branches from.
        message_id: not necessarily unique: some writers give every message the same id.
        file_context: the files that were attached.
        tool_calls: how the tool calls went.
    """

    edited: bool
    edit_history: list[tuple[Moment, _Item]]
    branch_point: bool
    branch_id: UUID | None
    parent_message_id: UUID | None
    message_id: UUID
    file_context: list[FileContext]
    tool_calls: list[ToolCallMetadata]


class MessageSnapshot(Value, frozen=True):
    """One message: an item, when it was said, and in which turn (counted from 0)."""

    item: _Item
    timestamp: MomentOfMessage
    turn_index: U64
    metadata: MessageMetadata

    @property
    def time(self) -> Timestamp:
        """`timestamp` with its parts: `.ns`, `.datetime`."""
        return Timestamp(self.timestamp)
