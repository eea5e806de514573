"""A conversation as text for a terminal or a pipe.

Strategy: lines come message by message as the file is read, so the first is on the screen while the last
is still compressed.  All text is made safe here.  A message that cannot be read is a line that says why.
"""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import indent

from agcx_format import (
    FunctionCall,
    FunctionCallOutput,
    InputImage,
    LocalShellCall,
    Message,
    MessageSnapshot,
    Reasoning,
    ReasoningWithoutContent,
    SessionMetadata,
    UnknownItem,
    ns_of,
)
from agcx_format.errors import PersistenceError
from agcx_format.subagents import parent_of, shown_tags
from agcx_format.transcript import (
    ModeChanges,
    ReadMessage,
    ToolCall,
    TranscriptReader,
    answer_lines,
    call_parts,
    describe_file,
    describe_outcome,
    safe_line,
    safe_text,
    text_of,
    tool_call_of_item,
)
from agcx_tui.core.conversation.branch_list import ListedBranch
from agcx_tui.core.words.format import counted, exact, local, size


def heading(metadata: SessionMetadata) -> Iterator[str]:
    """The title and main facts of a session: three lines and an empty one."""
    yield safe_line(metadata.title) or "(no title)"
    parent = parent_of(metadata.tags)
    facts = [
        metadata.model,
        metadata.current_mode.value,
        counted(metadata.message_count, "message"),
        # 0 where the writer did not count turns.
        *([counted(metadata.turn_count, "turn")] if metadata.turn_count else []),
        *([f"subagent of {parent}"] if parent else []),
        *(f"#{tag}" for tag in shown_tags(metadata.tags)),
    ]
    yield safe_line(" · ".join(facts))
    yield f"{metadata.id} · created {exact(ns_of(metadata.created_at) // 1000)}"
    yield ""


def branch_lines(branches: list[ListedBranch]) -> Iterator[str]:
    """The branches below a conversation, with how they differ; empty if it has no branches."""
    if not branches:
        return
    yield f"── {counted(len(branches), 'branch', 'branches')}; --branch shows one of them ──"
    yield ""
    for branch in branches:
        space, newest = "   " * branch.depth, " · newest" if branch.newest else ""
        yield f"{space}“{branch.name}” · {branch.facts}{newest}"
        yield from (f"{space}   {line}" for line in branch.differences())
    yield ""


class MessageLines:
    """Turns the messages of a session into lines, in order, from the first that is shown."""

    def __init__(self, metadata: SessionMetadata, modes: ModeChanges = ()) -> None:
        self._reader = TranscriptReader.of(metadata, modes, _moment)

    def lines(self, number: int, message: MessageSnapshot | PersistenceError) -> Iterator[str]:
        """A heading with the number and facts of a message, its text, and an empty line."""
        if isinstance(message, PersistenceError):
            yield f"[{number}] {safe_line(message.reason)}"
        else:
            read = self._reader.read(number, message)
            if read.is_silent:
                return
            for each in read.headings:
                yield f"── {safe_line(each)} ──"
                yield ""
            facts = [_kind(read), _clock(message), *_notes(read)]
            yield f"[{number}] " + safe_line(" · ".join(facts))
            for part in _body(read):
                yield from safe_text(part).rstrip("\n").split("\n")
        yield ""


def _kind(read: ReadMessage) -> str:
    match read.message.item:
        case Message(role=role):
            return "task" if read.is_task else role
        case Reasoning() | ReasoningWithoutContent():
            return "reasoning"
        case LocalShellCall() | FunctionCall():
            return read.call.name if read.call else ""
        case FunctionCallOutput():
            return "output"
        case other:
            return str(getattr(other, "tag", "other"))


def _clock(message: MessageSnapshot) -> str:
    return _moment(message.timestamp)


def _moment(moment: str) -> str:
    """Local date and time to the second; the heading shows the zone."""
    then = local(ns_of(moment) // 1000)
    if then is None:
        return moment
    date = f"{then.tm_year}-{then.tm_mon:02}-{then.tm_mday:02}"
    return f"{date} {then.tm_hour:02}:{then.tm_min:02}:{then.tm_sec:02}"


def _notes(read: ReadMessage) -> Iterator[str]:
    if read.call is not None and (outcome := describe_outcome(read.call.outcome)):
        yield outcome
    yield from read.notes


def _body(read: ReadMessage) -> Iterator[str]:
    """The parts of a message: what was said or done, then errors, files, and earlier versions."""
    message = read.message
    yield from _said(message.item, read.call)
    yield from (f"error: {error}" for error in read.errors)
    for file in message.metadata.file_context:
        yield f"file: {describe_file(file)}"
        if file.snippet:
            yield _indented(file.snippet)
    for when, item in message.metadata.edit_history:
        yield f"until {exact(ns_of(when) // 1000)}:"
        yield _indented("\n".join(_said(item, tool_call_of_item(item))))


def _indented(text: str) -> str:
    return indent(text.rstrip("\n"), "    ")


def _said(item: object, call: ToolCall | None) -> Iterator[str]:
    if call is not None:
        if call.call is not None:
            yield from call_parts(call.call)
        if call.output is not None:
            yield from answer_lines(call.answers)
            yield "\n".join(map(_part, call.shown_output))
        return
    match item:
        case Message(content=content):
            yield "\n".join(map(_part, content))
        case Reasoning(encrypted_content=sealed) if sealed and not text_of(item):
            yield "(encrypted)"
        case _:
            yield text_of(item)


def _part(part: object) -> str:
    if isinstance(part, InputImage):
        return _picture(part)
    if isinstance(part, UnknownItem):
        return f"{part.tag} {part.fields()}"
    return str(getattr(part, "text", part))


def _picture(part: InputImage) -> str:
    """The kind and size of an image."""
    head, comma, data = part.image_url.partition(",")
    if head.startswith("data:") and comma:
        kind = head.removeprefix("data:").split(";")[0]
        return f"(image: {kind}, {size(len(data) * 3 // 4)})"
    return f"(image: {part.image_url})"
