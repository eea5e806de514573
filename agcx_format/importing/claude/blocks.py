"""Converts the blocks of one line of a Claude Code transcript to messages of AGCX.

Strategy: each block becomes a message, as AGCX has it: text, reasoning, a tool call, a tool's output. Only
the texts and pictures of a person stay together.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from agcx_format.importing.claude.spoken import (
    Call,
    Result,
    SpokenLine,
    SpokenMessage,
    Text,
    Thinking,
)
from agcx_format.importing.draft import ImportDraft
from agcx_format.importing.draft_entry import DraftEntry
from agcx_format.importing.fields import as_json, as_text, optional_text
from agcx_format.importing.file_contexts import lines_of_result, with_lines
from agcx_format.importing.notices import answers, notice
from agcx_format.model import unchecked
from agcx_format.model.items import (
    ContentPart,
    InputImage,
    InputText,
    Item,
    Message,
    OutputText,
)
from agcx_format.model.session import OperatingMode
from agcx_format.transcript.outputs import CallOutcome
from agcx_format.transcript.words import OUTPUT_IMAGE

__all__ = ["INTERRUPTED", "PERSISTED", "Blocks"]

# What the program says in the name of the person who interrupted it.
INTERRUPTED = "[Request interrupted by user"

# What a result begins with that lies in a file of its own.
PERSISTED = "<persisted-output>"
_persisted = re.compile(
    r"\s*<persisted-output>\n?[^\n]{0,300}?saved to: *(?:[^\n]*[/\\])?([^\n/\\]+)"
).match

# Of a result that says nothing else.
_SUCCEEDED = CallOutcome(success=True)

_NOTHING: tuple[object, ...] = (None, "", [], {})


class Blocks:
    """Converts the blocks of the lines of one transcript to messages of AGCX."""

    def __init__(self, draft: ImportDraft, result_in_file: Callable[[str], str | None]) -> None:
        self._draft = draft
        self._result_in_file = result_in_file
        # The line that is read.
        self._line: SpokenLine = SpokenLine(type="user", message=SpokenMessage(content=""))
        self._number = 0
        self._is_user = False
        self._pending: list[ContentPart] = []

    def line(self, line: SpokenLine, number: int) -> None:
        """Add the messages of a line."""
        self._line, self._number = line, number
        self._is_user = line.type == "user"
        message = line.message
        if isinstance(message.content, str):
            self._text(message.content)
        else:
            for block in message.content:
                _ADD[type(block)](self, block)
        if self._pending:
            self._flush()
        if line.tool_use_result is not None or message.usage is not None:
            self._count_left_out()

    def _text(self, text: str) -> None:
        self._part(unchecked.input_text(text) if self._is_user else unchecked.output_text(text))

    def _part(self, part: ContentPart) -> None:
        """Add a part: those of a person's message belong together, those of an answer are its steps."""
        if self._is_user:
            self._pending.append(part)
        elif self._line.is_api_error_message and isinstance(part, OutputText):
            self._put(notice(part.text))
        else:
            self._put(unchecked.message(self._line.message.id, "assistant", [part]))

    def _fields(self, block: dict[str, Any]) -> None:
        """Add a block that was parsed into a dict."""
        kind = as_text(block.get("type"))
        if kind == "text" and isinstance(text := block.get("text"), str):
            self._text(text)
        elif kind == "thinking" or kind == "redacted_thinking":
            thought, encrypted = as_text(block.get("thinking")), optional_text(block.get("data"))
            self._thinking(Thinking(thought, block.get("signature"), encrypted))
        else:
            self._tool(kind, block)

    def _tool(self, kind: str, block: dict[str, Any]) -> None:
        """A tool call or one of the kinds of results; or something else."""
        given_id = block.get("tool_use_id") if isinstance(block.get("type"), str) else None
        call_id = optional_text(given_id)
        if "input" in block:
            match block:
                case {"type": str(), "id": str(used_id), "name": str(name), "input": given}:
                    self._call(Call(used_id, name, given))
                    return
        elif call_id is not None:
            self._result(_result_in(block, call_id))
            return
        match block:
            case {"type": "image" | "document", "source": dict(source)} if url := _url(source):
                if kind == "document":
                    self._note("document: input_image with its data")
                self._part(InputImage(url))
            case {"type": "document", "source": {"type": "text", "data": str(text)}}:
                self._text(text)
            case _ if call_id is not None:
                self._result(_result_in(block, call_id))
            case _:
                self._note(f"block of an unknown kind {kind}: text with its JSON")
                self._draft.unknown.add(f"block {kind or 'without a type'}", self._number, block)
                self._text(as_json(block))

    def _flush(self) -> None:
        """Add the parts of the person's message."""
        parts, self._pending = self._pending, []
        while parts and (mark := _interruption(parts[0])):
            self._put(notice(mark))
            del parts[0]
        if parts:
            self._put(unchecked.message(None, self._role(), parts))

    def _role(self) -> str:
        """The role of a person's message: `developer` for text that the program wrote in their name."""
        line = self._line
        if line.is_meta:
            mark = "isMeta"
        elif line.is_sidechain:
            mark = "isSidechain"
        elif line.is_compact_summary:
            mark = "isCompactSummary"
        elif line.is_of_program:
            mark = "origin or promptSource"
        else:
            return "user"
        self._note(f"user message marked {mark}: role developer")
        return "developer"

    def _thinking(self, block: Thinking) -> None:
        item_id = self._draft.made_id("rs", self._number)
        summary = [unchecked.summary_text(block.thinking)] if block.thinking else []
        self._draft.add(unchecked.reasoning(item_id, summary, None, block.data), self._number)
        if block.signature:
            self._draft.left_out["thinking.signature"] += 1

    def _call(self, block: Call) -> None:
        if self._pending:
            self._flush()
        call = unchecked.function_call(
            self._line.message.id, block.name, as_json(block.input), block.id
        )
        self._draft.add(call, self._number)

    def _result(self, block: Result) -> None:
        if self._pending:
            self._flush()
        call_id, content, is_error = block.tool_use_id, block.content, block.is_error is True
        images: list[str] = []
        if isinstance(content, str):
            text = self._whole(content)
        else:
            text, images = self._result_text(content)
        outcome = _SUCCEEDED
        if is_error or self._line.tool_use_result is not None:
            error = text.split("\n", 1)[0][:200] if is_error else None
            outcome = CallOutcome(success=not is_error, seconds=self._seconds(), error=error)
        output = unchecked.function_call_output(call_id, text)
        self._tell(self._draft.add(output, self._number, outcome), is_error)
        if images:
            self._note("image of a tool: a message of its own")
            words = InputText(f"<{OUTPUT_IMAGE}>{call_id}</{OUTPUT_IMAGE}>")
            self._put(Message(None, "user", [words, *map(InputImage, images)]))

    def _result_text(self, content: Any) -> tuple[str, list[str]]:
        if content is None:
            return "", []
        texts, images = [], []
        for part in content if isinstance(content, list) else [content]:
            match part:
                case {"type": "text", "text": str(text)}:
                    texts.append(self._whole(text))
                case {"type": "image", "source": dict(source)} if url := _url(source):
                    images.append(url)
                    texts.append("[image: in the next message]")
                case _:
                    texts.append(as_json(part))
        return "\n".join(texts), images

    def _whole(self, text: str) -> str:
        """A result that was too long for the transcript, from the file that it was written to."""
        first = text[:1]
        saved = _persisted(text) if first == "<" or first.isspace() else None
        whole = self._result_in_file(saved[1]) if saved else None
        if saved is None or whole is None:
            return text
        self._note("result in a file of its own: the content of the file")
        return whole

    def _tell(self, output: DraftEntry, is_error: bool) -> None:
        """Say what a result means, where it is the person's answer."""
        draft, result = self._draft, self._line.tool_use_result
        called = draft.call_of(output)
        if called and result and (found := lines_of_result(result)):
            called.files = with_lines(called.files, *found)
        if called and getattr(called.item, "name", "") == "ExitPlanMode":
            self._put(notice("Plan rejected" if is_error else "Plan accepted"))
            if not is_error:
                draft.mode(OperatingMode.BUILD)
        elif result and not is_error and (given := _answers_in(result)):
            self._put(notice(answers(given)))

    def _seconds(self) -> float | None:
        result = self._line.tool_use_result
        if not isinstance(result, dict):
            return None
        took = result.get("durationMs", result.get("totalDurationMs"))
        if isinstance(took, bool) or not isinstance(took, int | float):
            return None
        return took / 1000 if 0 <= took < 1e15 else None

    def _put(self, item: Item, outcome: CallOutcome | None = None) -> None:
        self._draft.add(item, self._number, outcome)

    def _note(self, what: str) -> None:
        self._draft.kept_as.add(what)

    def _count_left_out(self) -> None:
        line, who = self._line, "user" if self._is_user else "assistant"
        if line.tool_use_result not in _NOTHING:
            self._draft.left_out[f"{who}.toolUseResult"] += 1
        if line.message.usage is not None:
            self._draft.left_out[f"{who}.usage"] += 1


# What adds a block of each type.
_ADD: dict[type, Callable[[Blocks, Any], None]] = {
    Text: lambda blocks, block: blocks._text(block.text),
    Thinking: Blocks._thinking,
    Call: Blocks._call,
    Result: Blocks._result,
    dict: Blocks._fields,
}


def _result_in(block: dict[str, Any], call_id: str) -> Result:
    return Result(call_id, block.get("content"), block.get("is_error") is True)


def _interruption(part: ContentPart) -> str:
    """What a text says that is nothing but the mark of an interruption; else empty."""
    text = part.text.strip() if isinstance(part, InputText) else ""
    if not text.startswith(INTERRUPTED) or not text.endswith("]") or "\n" in text:
        return ""
    return "Interrupted at a tool call" if "tool use" in text else "Interrupted"


def _answers_in(result: Any) -> dict[str, Any]:
    """The person's answers by the questions of the agent."""
    match result:
        case {"questions": list(), "answers": dict(given)}:
            return given
    return {}


def _url(source: dict[str, Any]) -> str:
    """A picture's source as a URL."""
    match source:
        case {"type": "base64", "data": str(data)}:
            return f"data:{as_text(source.get('media_type')) or 'image/png'};base64,{data}"
        case {"url": str(url)}:
            return url
    return ""
