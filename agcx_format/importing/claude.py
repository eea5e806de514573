"""Imports Claude Code transcripts, one conversation per file.

Strategy: the conversation has the order of the lines, since the chain of `parentUuid` also runs through
lines that are not conversation, and may be broken. Each block of a message becomes its own message, as AGCX
has it: text, reasoning, a tool call, a tool's output. Other lines are counted, and what they say about the
session (title, branch, directory) is used.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

from agcx_format.errors import ConversionError
from agcx_format.importing.draft import ImportDraft, Imported, moment_of
from agcx_format.importing.fields import as_text, optional_text
from agcx_format.importing.json_lines import Line
from agcx_format.importing.source_file import Opener, find_files, known_shape, read_source
from agcx_format.model.ids import session_id
from agcx_format.model.items import (
    ContentPart,
    FunctionCall,
    FunctionCallOutput,
    InputImage,
    InputText,
    Item,
    Message,
    OutputText,
    Reasoning,
    SummaryText,
)
from agcx_format.model.timestamps import Timestamp
from agcx_format.transcript.outputs import CallOutcome
from agcx_format.transcript.title import short_title
from agcx_format.transcript.words import OUTPUT_IMAGE

__all__ = ["convert", "default_places", "find_transcripts", "read_transcript"]

# How many lines at the start are searched for one of a known shape.
_UNKNOWN_AT_FIRST = 200

_is_uuid = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE).fullmatch


def default_places() -> list[Path]:
    """Where Claude Code keeps transcripts; the directory need not exist."""
    home = Path(os.environ.get("CLAUDE_CONFIG_DIR") or Path.home() / ".claude")
    return [home / "projects"]


def find_transcripts(
    paths: Iterable[Path], onerror: Callable[[OSError], None] | None = None
) -> Iterator[Path]:
    """The transcripts among `paths` and below its directories; see `source_file.find_files`.

    Raises:
        OSError: a path cannot be read and there is no `onerror`.
    """
    return find_files(paths, (".jsonl",), onerror)


def read_transcript(path: Path, *, opener: Opener | None = None) -> Imported:
    """Read one transcript. `opener` opens a path for reading bytes, by default `open`.

    Lines that cannot be read are listed in the report.

    Raises:
        ConversionError: the file cannot be read or is not a transcript.
    """
    return read_source(path, convert, opener)


def convert(lines: Iterable[Line], source: Path, modified: Timestamp) -> Imported:
    """The session that the lines of `source` hold; `modified` is when the file last changed.

    Raises:
        ConversionError: no line has the shape of a Claude Code transcript.
    """
    shape, first, lines = known_shape(lines, _UNKNOWN_AT_FIRST, "a Claude Code transcript")
    if shape != "claude":
        raise ConversionError("this is a Codex rollout, not a Claude Code transcript")
    values = [value for line in first for value in line.values]
    transcript = _Transcript(values, source, modified)
    for line in lines:
        transcript.line(line)
    return transcript.finish()


class _Transcript:
    """One pass over the lines of a transcript; `values` are those of the first lines."""

    def __init__(self, values: list[Any], source: Path, modified: Timestamp) -> None:
        self._source = source
        self._modified = modified
        known = [value for value in values if isinstance(value, dict)]
        spoken = next((v for v in known if v.get("type") in ("user", "assistant")), {})
        self._is_subagent = spoken.get("isSidechain") is True
        start = next(filter(None, (moment_of(v.get("timestamp")) for v in known)), modified)
        self._draft = ImportDraft(self._identity(known, spoken), start)
        self._model = ""
        self._branch = ""
        self._directory = ""
        # The title is the last one of the best kind.
        self._given: dict[str, str] = {}
        self._summaries: list[tuple[object, str]] = []
        self._task = ""
        self._seen: dict[str, int] = {}

    def _identity(self, known: list[dict[str, Any]], spoken: dict[str, Any]) -> UUID:
        """The session's id: files are named by it, except copies; a subagent's lines have its parent's id."""
        given = as_text(spoken.get("sessionId")) or next(
            (v["sessionId"] for v in known if as_text(v.get("sessionId"))), ""
        )
        stem = self._source.name.split(".")[0]
        if self._is_subagent:
            return session_id(f"{given}/{as_text(spoken.get('agentId')) or stem}", "")
        return session_id(stem if _is_uuid(stem) else given, self._source.name)

    def line(self, line: Line) -> None:
        self._draft.take(line, self._value)

    def _value(self, value: Any, number: int) -> None:
        draft = self._draft
        if not isinstance(value, dict):
            draft.bad(number, "not an object")
            return
        has_time = draft.at(value.get("timestamp"))
        self._directory = self._directory or as_text(value.get("cwd"))
        self._branch = self._branch or as_text(value.get("gitBranch"))
        kind = as_text(value.get("type"))
        if kind not in ("user", "assistant"):
            self._aside(kind, value)
            return
        message = value.get("message")
        message = message if isinstance(message, dict) else {}
        content = message.get("content")
        if not isinstance(content, str | list):
            draft.bad(number, f"a {kind} line without content")
            return
        if self._is_repeated(value, content):
            draft.skipped[f"{kind}, the same line again"] += 1
            return
        before = len(draft.messages)
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        _Blocks(draft, value, message, number).add(blocks)
        if kind == "assistant" and not as_text(message.get("model")).startswith("<"):
            self._model = as_text(message.get("model")) or self._model
        elif kind == "user" and not self._task and isinstance(content, str):
            self._task = short_title(content)
        if not has_time:
            draft.without_time += len(draft.messages) - before

    def _is_repeated(self, value: dict[str, Any], content: object) -> bool:
        """Whether a line with this id had the same content before: a resumed session repeats lines."""
        said, uuid = hash(json.dumps(content, sort_keys=True)), as_text(value.get("uuid"))
        repeated = bool(uuid) and self._seen.get(uuid) == said
        self._seen[uuid] = said
        return repeated

    def _aside(self, kind: str, value: dict[str, Any]) -> None:
        """Use what a line that is not conversation says about the session."""
        draft = self._draft
        subtype = as_text(value.get("subtype"))
        keys = "{" + ", ".join(sorted(value)[:4]) + "}"
        draft.skipped[f"{kind}.{subtype}" if subtype else kind or keys] += 1
        if kind in ("ai-title", "custom-title"):
            titles = (as_text(value.get(name)) for name in ("customTitle", "aiTitle", "title"))
            if title := short_title(next(filter(None, titles), "")):
                self._given[kind] = title
                draft.titles.add(title)
        elif kind == "summary" and as_text(value.get("summary")):
            self._summaries.append((value.get("leafUuid"), short_title(value["summary"])))
        elif uuid := as_text(value.get("uuid")):
            self._seen.setdefault(uuid, 0)

    def finish(self) -> Imported:
        draft = self._draft
        # A summary can be in any file of the project; it belongs to the file that has its leaf.
        own = [title for leaf, title in self._summaries if leaf in self._seen]
        untitled = f"Claude Code session of {draft.start[:10]}"
        titles = [
            self._given.get("custom-title"),
            self._given.get("ai-title"),
            own[-1] if own else "",
            draft.first_words,
            self._task if self._is_subagent else "",
            untitled,
        ]
        draft.titles.update(filter(None, [*titles, *own]))
        tags = ["claude-code", self._branch, "subagent" if self._is_subagent else ""]
        return draft.finish(
            source=self._source,
            title=next(filter(None, titles)),
            last_accessed=self._modified,
            model=self._model,
            tags=tags,
            directory=self._directory,
        )


class _Blocks:
    """Converts the blocks of one line to messages of AGCX."""

    def __init__(
        self, draft: ImportDraft, value: dict[str, Any], message: dict[str, Any], number: int
    ) -> None:
        self._draft = draft
        self._value = value
        self._message = message
        self._number = number
        self._pending: list[ContentPart] = []
        self._is_user = value.get("type") == "user"

    def add(self, blocks: list[Any]) -> None:
        for block in blocks:
            self._block(block if isinstance(block, dict) else {"type": "text", "text": block})
        self._flush()
        self._count_left_out()

    def _block(self, block: dict[str, Any]) -> None:
        kind = as_text(block.get("type"))
        match block:
            case {"type": "text", "text": str(text)}:
                self._pending.append(InputText(text) if self._is_user else OutputText(text))
            case {"type": "image" | "document", "source": dict(source)} if url := _url(source):
                if kind == "document":
                    self._note("document: input_image with its data")
                self._pending.append(InputImage(url))
            case {"type": "thinking" | "redacted_thinking"}:
                self._thinking(block)
            case {"type": str(), "id": str(call_id), "name": str(name), "input": given}:
                self._flush()
                arguments = json.dumps(given, ensure_ascii=False)
                self._put(
                    FunctionCall(optional_text(self._message.get("id")), name, arguments, call_id)
                )
            case {"type": str(), "tool_use_id": str(call_id)}:
                self._result(call_id, block)
            case _:
                self._note(f"block of an unknown kind {kind}: text with its JSON")
                text = json.dumps(block, ensure_ascii=False)
                self._pending.append(InputText(text) if self._is_user else OutputText(text))
        if not self._is_user:
            # Blocks of an answer are its steps; blocks of a person's message belong together.
            self._flush()

    def _flush(self) -> None:
        if self._pending:
            item_id = None if self._is_user else optional_text(self._message.get("id"))
            self._put(Message(item_id, self._role(), self._pending))
            self._pending = []

    def _role(self) -> str:
        """The role; text that the program wrote in the user's name gets the role `developer`."""
        if not self._is_user:
            return "assistant"
        for mark in ("isMeta", "isSidechain", "isCompactSummary"):
            if self._value.get(mark) is True:
                self._note(f"user message marked {mark}: role developer")
                return "developer"
        return "user"

    def _thinking(self, block: dict[str, Any]) -> None:
        thought = as_text(block.get("thinking"))
        item_id = self._draft.made_id("rs", self._number)
        encrypted = optional_text(block.get("data"))
        self._put(Reasoning(item_id, [SummaryText(thought)] if thought else [], None, encrypted))
        if block.get("signature"):
            self._draft.left_out["thinking.signature"] += 1

    def _result(self, call_id: str, block: dict[str, Any]) -> None:
        self._flush()
        text, images = self._result_text(block.get("content"))
        is_error = block.get("is_error") is True
        error = text.split("\n", 1)[0][:200] if is_error else None
        outcome = CallOutcome(success=not is_error, seconds=self._seconds(), error=error)
        self._put(FunctionCallOutput(call_id, text), outcome)
        if images:
            self._note("image of a tool: a message of its own")
            words = InputText(f"<{OUTPUT_IMAGE}>{call_id}</{OUTPUT_IMAGE}>")
            self._put(Message(None, "user", [words, *map(InputImage, images)]))

    def _result_text(self, content: Any) -> tuple[str, list[str]]:
        if content is None or isinstance(content, str):
            return content or "", []
        texts, images = [], []
        for part in content if isinstance(content, list) else [content]:
            match part:
                case {"type": "text", "text": str(text)}:
                    texts.append(text)
                case {"type": "image", "source": dict(source)} if url := _url(source):
                    images.append(url)
                    texts.append("[image: in the next message]")
                case _:
                    texts.append(json.dumps(part, ensure_ascii=False))
        return "\n".join(texts), images

    def _seconds(self) -> float | None:
        result = self._value.get("toolUseResult")
        if not isinstance(result, dict):
            return None
        took = result.get("durationMs", result.get("totalDurationMs"))
        if isinstance(took, bool) or not isinstance(took, int | float):
            return None
        return took / 1000 if 0 <= took < 1e15 else None

    def _put(self, item: Item, outcome: CallOutcome | None = None) -> None:
        self._draft.add(item, self._number, outcome)

    def _note(self, what: str) -> None:
        self._draft.kept_as[what] += 1

    def _count_left_out(self) -> None:
        for holder, name in ((self._value, "toolUseResult"), (self._message, "usage")):
            if holder.get(name) not in (None, "", [], {}):
                self._draft.left_out[f"{self._value['type']}.{name}"] += 1


def _url(source: dict[str, Any]) -> str:
    """A picture's source as a URL."""
    match source:
        case {"type": "base64", "data": str(data)}:
            return f"data:{as_text(source.get('media_type')) or 'image/png'};base64,{data}"
        case {"url": str(url)}:
            return url
    return ""
