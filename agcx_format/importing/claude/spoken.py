"""What a line of a Claude Code transcript says: a message, and the fields beside it that are used.

Strategy: msgspec parses most lines straight into these values, in less time than it takes to make dicts. A
line with another type in one of the fields, or with a block of another kind, is parsed into a dict, and
`spoken_in` takes from it what has the right type.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct, field
from msgspec.json import Decoder

from agcx_format.exporting.notes import NOTES
from agcx_format.importing.environment import Count, count_of
from agcx_format.importing.fields import as_json, as_text, optional_text
from agcx_format.importing.json_lines import Usual

__all__ = [
    "Block", "Call", "Repeats", "Result", "SpokenLine", "SpokenMessage", "Text", "Thinking", "Usage",
    "spoken_in", "usual_after",
]  # fmt: skip


# --- blocks


class Text(Struct, tag="text", gc=False):
    text: str


class Thinking(Struct, tag="thinking", gc=False):
    thinking: str
    signature: str | None = None
    data: str | None = None


class Call(Struct, tag="tool_use", gc=False):
    id: str
    name: str
    input: Any


# No value is of this type: the field must not be there.
_Absent = Annotated[int, Meta(gt=0, lt=0)]


class Result(Struct, tag="tool_result", gc=False):
    """`content` is a text, or a list of texts and pictures. With an `input` it would be a call."""

    tool_use_id: str
    content: str | list[Any] | None = None
    is_error: bool | None = None
    input: _Absent = 0


# A block of another kind, or with other types in its fields, is a dict.
Block = Text | Thinking | Call | Result | dict[str, Any]

_Content: TypeAlias = str | list[Block]

if TYPE_CHECKING:
    _UsualContent: TypeAlias = _Content
else:
    # What msgspec parses.
    _UsualContent = str | list[Text | Thinking | Call | Result]


# --- messages


class Usage(Struct, gc=False):
    """The tokens that an answer took; `input_tokens` are those that no cache held."""

    output_tokens: Count
    input_tokens: Count | None = None
    cache_creation_input_tokens: Count | None = None
    cache_read_input_tokens: Count | None = None


class SpokenMessage(Struct, gc=False):
    content: _UsualContent
    id: str | None = None
    model: str | None = None
    usage: Usage | None = None


# --- lines


class Origin(Struct, gc=False):
    """Who wrote a line of the person: `human`, or a program."""

    kind: str | None = None


class SpokenLine(Struct, gc=False, rename="camel"):
    """A line of either: attributes of one type are read in half the time of those of several.

    Fields:
        prompt_source: how words of the person came: `typed`, `queued`, `sdk`, or `system` if from a program.
        tool_use_result: what Claude Code knows of the result beside what the agent reads.
        cost: in US dollars.
        notes: absent; a line with notes of an export is parsed into a dict.
    """

    type: Literal["user", "assistant"]
    message: SpokenMessage
    uuid: str = ""
    parent_uuid: str | None = None
    timestamp: str | None = None
    session_id: str | None = None
    cwd: str | None = None
    git_branch: str | None = None
    version: str | None = None
    entrypoint: str | None = None
    is_meta: bool | None = None
    is_sidechain: bool | None = None
    is_compact_summary: bool | None = None
    is_api_error_message: bool | None = None
    origin: Origin | None = None
    prompt_source: str | None = None
    tool_use_result: Any = None
    permission_mode: str | None = None
    plan_content: str | None = None
    cost: float | None = field(default=None, name="costUSD")
    notes: None = field(default=None, name=NOTES)

    @property
    def is_of_program(self) -> bool:
        """Whether a program speaks in the person's place: another agent, or a task that has ended."""
        writer = None if self.origin is None else self.origin.kind
        return (writer or "human") != "human" or self.prompt_source == "system"


_parse = Decoder(SpokenLine).decode


def usual_after(lines: int) -> Usual:
    """Reads the usual lines, after the first ones, which show what the file is."""
    return Usual(_parse, lines)


def spoken_in(value: dict[str, Any]) -> SpokenLine | None:
    """A line of a message that was parsed into a dict; None if it has no content."""
    message = value.get("message")
    content = message.get("content") if isinstance(message, dict) else None
    if not isinstance(message, dict) or not isinstance(content, str | list):
        return None
    if isinstance(content, list):
        content = [b if isinstance(b, dict) else {"type": "text", "text": b} for b in content]
    usage, cost = message.get("usage"), value.get("costUSD")
    origin = value.get("origin")
    return SpokenLine(
        type="assistant" if value.get("type") == "assistant" else "user",
        message=SpokenMessage(
            content,
            optional_text(message.get("id")),
            optional_text(message.get("model")),
            _usage(usage) if isinstance(usage, dict) and usage else None,
        ),
        uuid=as_text(value.get("uuid")),
        parent_uuid=optional_text(value.get("parentUuid")),
        session_id=optional_text(value.get("sessionId")),
        is_meta=value.get("isMeta") is True,
        is_sidechain=value.get("isSidechain") is True,
        is_compact_summary=value.get("isCompactSummary") is True,
        is_api_error_message=value.get("isApiErrorMessage") is True,
        origin=Origin(optional_text(origin.get("kind"))) if isinstance(origin, dict) else None,
        prompt_source=optional_text(value.get("promptSource")),
        tool_use_result=value.get("toolUseResult"),
        permission_mode=optional_text(value.get("permissionMode")),
        plan_content=optional_text(value.get("planContent")),
        cost=None if isinstance(cost, bool) or not isinstance(cost, int | float) else cost,
    )


def _usage(usage: dict[str, Any]) -> Usage:
    return Usage(*(count_of(usage.get(name)) for name in Usage.__struct_fields__))


# --- the same again


class Repeats:
    """Recognizes lines that were read before: a resumed session begins with those of the one before it.

    Most transcripts have none. So only the ids are kept, until a line has that of another: then `again`,
    which gives the lines of the transcript once more, tells what was said in each.
    """

    def __init__(self, again: Callable[[], Iterable[SpokenLine]]) -> None:
        self._again = again
        # How many lines with ids there were until then.
        self._count = 0
        self._has_begun = False
        # Hashes of the ids, and from then on of the ids with what is said.
        self._known: set[int] = set()

    def are_new(self, uuids: list[str]) -> bool:
        """Whether lines all have ids that no line had before; otherwise ask for each."""
        if self._has_begun or not all(uuids):
            return False
        if self._add(uuids):
            return True
        self._begin()
        return False

    def has(self, line: SpokenLine) -> bool:
        """Whether a line with this id said the same before."""
        if not self._has_begun:
            if self._add([line.uuid]):
                return False
            self._begin()
        said = _hash(line)
        if said in self._known:
            return True
        self._known.add(said)
        return False

    def _add(self, uuids: list[str]) -> bool:
        """Keep the ids; false if one of them was known."""
        known = self._known
        before = len(known)
        known.update(map(hash, uuids))
        is_new = len(known) == before + len(uuids)
        self._count += len(uuids) if is_new else 0
        return is_new

    def _begin(self) -> None:
        self._has_begun = True
        self._known.clear()
        for line in itertools.islice(self._again(), self._count):
            with contextlib.suppress(RecursionError):
                self._known.add(_hash(line))

    def forget(self) -> None:
        """No line follows."""
        self._known.clear()


def _hash(line: SpokenLine) -> int:
    """The same however the line was parsed."""
    content = line.message.content
    said = content if isinstance(content, str) else tuple(map(_said, content))
    return hash((line.uuid, said))


def _said(block: Block) -> tuple[object, ...]:
    match block:
        case Text(text=text) | {"type": "text", "text": str(text)}:
            return ("text", text)
        case Thinking(thinking=text) | {"type": "thinking", "thinking": str(text)}:
            return ("thinking", text)
        case Call(id=call_id, name=name, input=given) | {
            "type": "tool_use", "id": str(call_id), "name": str(name), "input": given,
        }:  # fmt: skip
            return (call_id, name, _packed(given))
        case Result(tool_use_id=call_id, content=content, is_error=is_error):
            return (call_id, is_error is True, _packed(content))
        case {"type": "tool_result", "tool_use_id": str(call_id)}:
            return (call_id, block.get("is_error") is True, _packed(block.get("content")))
    return (_packed(block),)


def _packed(value: object) -> bytes | str:
    if isinstance(value, str):
        return value
    try:
        return msgspec.msgpack.encode(value)
    except OverflowError:
        # A number beyond 64 bits.
        return as_json(value)
