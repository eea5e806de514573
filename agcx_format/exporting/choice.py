"""Which parts of a conversation an export includes.

Strategy: one filter over the messages, before any format sees them, so that every format honors the choice
alike. Messages keep their numbers in the session: a gap in the numbers shows that something was left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from msgspec.structs import replace

from agcx_format.model.items import (
    FunctionCall,
    FunctionCallOutput,
    InputImage,
    Item,
    LocalShellCall,
    Message,
    MessageMetadata,
    MessageSnapshot,
    Reasoning,
    ReasoningWithoutContent,
)
from agcx_format.model.session import ConversationSnapshot, SessionMetadata
from agcx_format.transcript.modes import ModeChanges
from agcx_format.transcript.outputs import without_images
from agcx_format.transcript.reader import ReadMessage, TranscriptReader
from agcx_format.transcript.words import is_tool_image

__all__ = ["EVERYTHING", "ExportChoice", "check_arguments", "chosen", "read_chosen"]


@dataclass(frozen=True, slots=True)
class ExportChoice:
    """What to include.

    Fields:
        tool_calls: calls, their outputs, and pictures that tools returned.
        reasoning: what the model thought.
        images: pictures, in messages and in outputs.
        metadata: facts about the session, and the notes on its messages (edits, branches, files).
        left_out: the numbers of messages, from 1, that are on other paths than the chosen one; see
            `ChosenWays.left_out`.
    """

    tool_calls: bool = True
    reasoning: bool = True
    images: bool = True
    metadata: bool = True
    left_out: tuple[range, ...] = ()


EVERYTHING = ExportChoice()


def check_arguments(metadata: object, conversation: object, choice: object) -> None:
    """Check what a function that returns a whole document was given.

    Raises:
        TypeError: one of them is something else, such as the state in `to_markdown(*session)`.
    """
    wanted = (SessionMetadata, ConversationSnapshot, ExportChoice)
    for kind, value in zip(wanted, (metadata, conversation, choice), strict=True):
        if not isinstance(value, kind):
            names = "SessionMetadata, a ConversationSnapshot, and an ExportChoice"
            raise TypeError(f"this takes {names}, not {value!r:.80}")


def chosen(
    messages: Iterable[MessageSnapshot], choice: ExportChoice = EVERYTHING
) -> Iterator[tuple[int, MessageSnapshot]]:
    """The messages to include, each with its number in the session, from 1."""
    numbered = enumerate(messages, 1)
    if choice == EVERYTHING:
        yield from numbered
        return
    for number, message in numbered:
        if any(number in each for each in choice.left_out):
            continue
        item = _item(message.item, choice)
        if item is not None:
            yield number, replace(message, item=item, metadata=_notes(message, choice))


def read_chosen(
    metadata: SessionMetadata,
    messages: Iterable[MessageSnapshot],
    choice: ExportChoice,
    modes: ModeChanges,
) -> Iterator[ReadMessage]:
    """The messages to include as a person reads them, without those that say nothing new."""
    reader = TranscriptReader.of(metadata, modes if choice.metadata else ())
    for number, message in chosen(messages, choice):
        read = reader.read(number, message)
        if not read.is_silent:
            yield read


def _item(item: Item, choice: ExportChoice) -> Item | None:
    """The item without what was not chosen; None if nothing is left of it."""
    match item:
        case FunctionCallOutput() if choice.tool_calls and not choice.images:
            return replace(item, output=without_images(item.output))
        case FunctionCall() | FunctionCallOutput() | LocalShellCall():
            return item if choice.tool_calls else None
        case Reasoning() | ReasoningWithoutContent():
            return item if choice.reasoning else None
        case Message() if is_tool_image(item):
            return item if choice.tool_calls and choice.images else None
        case Message() if not choice.images:
            rest = [part for part in item.content if not isinstance(part, InputImage)]
            return replace(item, content=rest) if rest or not item.content else None
    return item


def _notes(message: MessageSnapshot, choice: ExportChoice) -> MessageMetadata:
    notes = message.metadata
    if not choice.metadata:
        # Records of tool calls stay: they say how a call went.
        return replace(
            notes, edited=False, edit_history=[], branch_point=False, branch_id=None,
            parent_message_id=None, file_context=[],
        )  # fmt: skip
    if not notes.edit_history:
        return notes
    edits = [(when, _item(item, choice)) for when, item in notes.edit_history]
    return replace(notes, edit_history=[(when, item) for when, item in edits if item is not None])
