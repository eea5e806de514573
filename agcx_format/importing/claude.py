"""Claude Code transcripts, in: one conversation a file, as `Imported`.

Strategy: the order of the lines is the order of the conversation; the chain of `parentUuid` runs through
lines that are no conversation, and may dangle.  Each block of a message becomes a message of
its own, as AGCX has it: text, reasoning, a tool call, a tool's result.  A line that is not a
message is counted; what it says about the session (title, branch, directory) is taken along.
"""

from __future__ import annotations

import itertools
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from agcx_format.errors import ConversionError, PersistenceError
from agcx_format.importing.codex import detect, find_rollouts
from agcx_format.importing.draft import ImportDraft, Imported, moment_of
from agcx_format.importing.json_lines import Line, read_lines
from agcx_format.model.ids import session_id
from agcx_format.model.items import (
    ContentItem,
    FunctionCall,
    FunctionCallOutput,
    InputImage,
    InputText,
    Message,
    OutputText,
    Reasoning,
    SummaryText,
)
from agcx_format.model.timestamps import Timestamp
from agcx_format.transcript.title import short_title
from agcx_format.transcript.tools import CallOutcome
from agcx_format.transcript.words import OUTPUT_IMAGE

__all__ = ["convert", "default_places", "find_transcripts", "read_transcript"]

# How many lines may pass before one is of a known shape.
_UNKNOWN_AT_FIRST = 200

_is_uuid = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE).fullmatch


def default_places() -> list[Path]:
    """Where Claude Code keeps transcripts; the directory need not exist."""
    home = Path(os.environ.get("CLAUDE_CONFIG_DIR") or Path.home() / ".claude")
    return [home / "projects"]


def find_transcripts(
    paths: Iterable[Path], onerror: Callable[[OSError], None] | None = None
) -> Iterator[Path]:
    """As `codex.find_rollouts`."""
    options = {"onerror": onerror} if onerror else {}
    return find_rollouts(paths, suffixes=(".jsonl",), **options)


def read_transcript(path: Path, *, opener: Callable[[Path], BinaryIO] | None = None) -> Imported:
    """Read one transcript.  `opener` opens a path for reading bytes, by default `open`.

    `ConversionError` when the file cannot be read or is no transcript; a bad line is in the report.
    """
    path = Path(path)
    try:
        modified = Timestamp.from_ns(os.stat(path).st_mtime_ns)
        return convert(read_lines(path, opener), path, modified)
    except OSError as cause:
        raise ConversionError(cause.strerror or str(cause), path=path) from cause
    except ConversionError as error:
        raise error.located(path=path) from None
    except PersistenceError as error:
        raise ConversionError(error.reason, path=path) from None


def convert(lines: Iterable[Line], source: Path, modified: Timestamp) -> Imported:
    """The session that the lines of `source` hold; `modified` is when the file last changed."""
    lines = iter(lines)
    first = list(itertools.islice(lines, _UNKNOWN_AT_FIRST))
    values = [value for line in first for value in line.values]
    shape = next(filter(None, map(detect, values)), None)
    if shape is None:
        raise ConversionError("no line has the shape of a Claude Code transcript")
    if shape != "claude":
        raise ConversionError("this is a Codex rollout, not a Claude Code transcript")
    transcript = _Transcript(values, source, modified)
    for line in itertools.chain(first, lines):
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
        # The best title so far is the last of the best kind.
        self._given: dict[str, str] = {}
        self._summaries: list[tuple[object, str]] = []
        self._task = ""
        self._seen: dict[str, int] = {}

    def _identity(self, known: list[dict], spoken: dict) -> UUID:
        """The file is named after its session, but for copies; a subagent's has its parent's id."""
        given = _text(spoken.get("sessionId")) or next(
            (v["sessionId"] for v in known if _text(v.get("sessionId"))), ""
        )
        stem = self._source.name.split(".")[0]
        if self._is_subagent:
            return session_id(f"{given}/{_text(spoken.get('agentId')) or stem}", "")
        return session_id(stem if _is_uuid(stem) else given, self._source.name)

    def line(self, line: Line) -> None:
        self._draft.take(line, self._value)

    def _value(self, value: Any, number: int) -> None:
        draft = self._draft
        if not isinstance(value, dict):
            draft.bad(number, "not an object")
            return
        has_time = draft.at(value.get("timestamp"))
        self._directory = self._directory or _text(value.get("cwd"))
        self._branch = self._branch or _text(value.get("gitBranch"))
        kind = _text(value.get("type"))
        if kind not in ("user", "assistant"):
            self._aside(kind, value)
            return
        message = value.get("message")
        content = message.get("content") if isinstance(message, dict) else None
        if not isinstance(content, str | list):
            draft.bad(number, f"a {kind} line without content")
            return
        if self._is_repeated(value, content):
            draft.skipped[f"{kind}, the same line again"] += 1
            return
        before = len(draft.messages)
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        _Blocks(draft, value, message, number).add(blocks)
        if kind == "assistant" and not _text(message.get("model")).startswith("<"):
            self._model = _text(message.get("model")) or self._model
        elif kind == "user" and not self._task and isinstance(content, str):
            self._task = short_title(content)
        if not has_time:
            draft.without_time += len(draft.messages) - before

    def _is_repeated(self, value: dict, content: object) -> bool:
        """Whether a line of this id said the same before: a resumed session writes lines again."""
        said, uuid = hash(json.dumps(content, sort_keys=True)), _text(value.get("uuid"))
        repeated = bool(uuid) and self._seen.get(uuid) == said
        self._seen[uuid] = said
        return repeated

    def _aside(self, kind: str, value: dict) -> None:
        """A line that is not part of the conversation: what it says about the session."""
        draft = self._draft
        subtype = _text(value.get("subtype"))
        keys = "{" + ", ".join(sorted(value)[:4]) + "}"
        draft.skipped[f"{kind}.{subtype}" if subtype else kind or keys] += 1
        if kind in ("ai-title", "custom-title"):
            titles = (_text(value.get(name)) for name in ("customTitle", "aiTitle", "title"))
            if title := short_title(next(filter(None, titles), "")):
                self._given[kind] = title
                draft.titles.add(title)
        elif kind == "summary" and _text(value.get("summary")):
            self._summaries.append((value.get("leafUuid"), short_title(value["summary"])))
        elif uuid := _text(value.get("uuid")):
            self._seen.setdefault(uuid, 0)

    def finish(self) -> Imported:
        draft = self._draft
        # A summary stands in any file of the project; it is this one's if its leaf is here.
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
    """The blocks of one line's message, each as a message of AGCX."""

    def __init__(self, draft: ImportDraft, value: dict, message: dict, number: int) -> None:
        self._draft = draft
        self._value = value
        self._message = message
        self._number = number
        self._pending: list[ContentItem] = []
        self._is_user = value.get("type") == "user"

    def add(self, blocks: list[Any]) -> None:
        for block in blocks:
            self._block(block if isinstance(block, dict) else {"type": "text", "text": block})
        self._flush()
        self._count_left_out()

    def _block(self, block: dict) -> None:
        kind = _text(block.get("type"))
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
                    FunctionCall(_optional(self._message.get("id")), name, arguments, call_id)
                )
            case {"type": str(), "tool_use_id": str(call_id)}:
                self._result(call_id, block)
            case _:
                self._note(f"block of an unknown kind {kind}: text with its JSON")
                text = json.dumps(block, ensure_ascii=False)
                self._pending.append(InputText(text) if self._is_user else OutputText(text))
        if not self._is_user:
            # The blocks of an answer are its steps; those of a person's message belong together.
            self._flush()

    def _flush(self) -> None:
        if self._pending:
            item_id = None if self._is_user else _optional(self._message.get("id"))
            self._put(Message(item_id, self._role(), self._pending))
            self._pending = []

    def _role(self) -> str:
        """What the program said in the user's place is not the user's."""
        if not self._is_user:
            return "assistant"
        for mark in ("isMeta", "isSidechain", "isCompactSummary"):
            if self._value.get(mark) is True:
                self._note(f"user message marked {mark}: role developer")
                return "developer"
        return "user"

    def _thinking(self, block: dict) -> None:
        thought = _text(block.get("thinking"))
        item_id = self._draft.made_id("rs", self._number)
        encrypted = _optional(block.get("data"))
        self._put(Reasoning(item_id, [SummaryText(thought)] if thought else [], None, encrypted))
        if block.get("signature"):
            self._draft.left_out["thinking.signature"] += 1

    def _result(self, call_id: str, block: dict) -> None:
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
        return took / 1000 if type(took) in (int, float) and 0 <= took < 1e15 else None

    def _put(self, item: object, outcome: CallOutcome | None = None) -> None:
        self._draft.add(item, self._number, outcome)

    def _note(self, what: str) -> None:
        self._draft.kept_as[what] += 1

    def _count_left_out(self) -> None:
        for holder, name in ((self._value, "toolUseResult"), (self._message, "usage")):
            if holder.get(name) not in (None, "", [], {}):
                self._draft.left_out[f"{self._value['type']}.{name}"] += 1


def _url(source: dict) -> str:
    """A picture's source as a URL."""
    match source:
        case {"type": "base64", "data": str(data)}:
            return f"data:{_text(source.get('media_type')) or 'image/png'};base64,{data}"
        case {"url": str(url)}:
            return url
    return ""


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _optional(value: Any) -> str | None:
    return value if isinstance(value, str) else None
