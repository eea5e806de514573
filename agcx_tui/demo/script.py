"""Parse the conversations of the demo, the text files in `sessions/`.

A file begins with its metadata, TOML between two lines `+++`:

    title, model, mode (Plan, Build, Review), age ("2h": when it was last opened)
    tags, favorite, directory, open_files, environment      optional
    [[checkpoints]] name, after (number of messages), description

The messages follow.  Each begins with a line `@@ KIND …`; its text is everything up to the next one.
`+14s` is the time since the previous message.

    @@ user          also assistant, system, developer; image=layout (or photo) adds an image,
                     file=src/a.py:3-9 attaches lines of a file
    @@ was           the text of the previous message before it was edited
    @@ thinking      reasoning, a summary for each paragraph; `sealed`: with encrypted content
    @@ run           a local shell call, the text is the command; `in_progress`
    @@ call NAME     a function call: the text is its JSON, a command (shell), or a patch
    @@ output 0.2s   the output of the last call and its duration; failed="…" if it failed,
                     log=3000 inserts so many lines of a log before the text
    branch           flag of a message where another answer begins; `on_branch`: of its messages

Strategy: one pass, a small function per kind.  An unknown word is an error, so the first test finds typos.
"""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from agcx_format import (
    CheckpointMetadata,
    ContentPart,
    ConversationContext,
    ConversationSnapshot,
    ExecAction,
    FileContext,
    FilterSettings,
    Float32,
    FunctionCall,
    FunctionCallOutput,
    InputImage,
    InputText,
    Item,
    LocalShellCall,
    LocalShellStatus,
    Message,
    MessageMetadata,
    MessageSnapshot,
    OperatingMode,
    OutputText,
    Reasoning,
    Session,
    SessionMetadata,
    SessionState,
    SummaryText,
    Timestamp,
    ToolCallMetadata,
)
from agcx_tui.demo import noise, picture

SECOND = 1_000_000_000
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_ROLES = {"user", "assistant", "system", "developer"}
_NAMED = {"call", "output"}
_FLAGS = {"branch", "on_branch", "sealed", "in_progress"}
_PICTURES = {"layout": picture.layout, "photo": picture.photo}
_LANGUAGES = {".py": "python", ".rs": "rust", ".css": "css", ".sql": "sql", ".go": "go"}


def duration(text: str) -> int:
    """Nanoseconds of `14s`, `0.2s`, `3m`, `2h`, or `9d`.

    Raises:
        ValueError: It is not a duration.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text)
    if match is None:
        raise ValueError(f"not a duration: {text!r}")
    return round(float(match[1]) * _UNITS[match[2]] * SECOND)


def demo_id(*names: object) -> UUID:
    """An id that depends only on the names."""
    return uuid5(NAMESPACE_URL, "/".join(["agcx-demo", *map(str, names)]))


@dataclass(frozen=True)
class Line:
    """A `@@` line and the text below it."""

    kind: str
    name: str
    delay: int
    flags: frozenset[str]
    options: dict[str, str]
    text: str


def parse(script: str) -> tuple[dict[str, Any], list[Line]]:
    """The metadata and the messages of a script.

    Raises:
        ValueError: It is not a valid script.
    """
    _, front, body = script.split("+++\n", 2)
    blocks = re.split(r"^@@ (.*)\n", body, flags=re.MULTILINE)[1:]
    lines = [
        _line(head, text.strip("\n")) for head, text in zip(blocks[::2], blocks[1::2], strict=True)
    ]
    return tomllib.loads(front), lines


def _line(head: str, text: str) -> Line:
    kind, *words = shlex.split(head)
    delay, name = 5 * SECOND, ""
    flags, options = set(), {}
    for word in words:
        if word.startswith("+"):
            delay = duration(word[1:])
        elif re.fullmatch(r"[a-z]+=.*", word):
            key, _, options[key] = word.partition("=")
        elif kind in _NAMED and not name:
            name = word
        elif word in _FLAGS:
            flags.add(word)
        else:
            raise ValueError(f"unknown word {word!r} in {head!r}")
    return Line(kind, name, delay, frozenset(flags), options, text)


def session(name: str, script: str, now: int) -> Session:
    """The session of a script, last opened its `age` before `now` (nanoseconds since 1970)."""
    about, lines = parse(script)
    opened = now - duration(about["age"])
    # It was opened a minute after the last message.
    started = opened - sum(line.delay for line in lines) - 60 * SECOND
    writer = _Writer(name, started)
    for line in lines:
        writer.add(line)
    metadata = _metadata(name, about, writer, started, opened)
    context = ConversationContext(
        working_directory=about.get("directory", "/home/robin"),
        environment_variables=about.get("environment", {}),
        open_files=about.get("open_files", []),
        ast_index_state=None,
        embedding_cache=None,
    )
    history = [(metadata.current_mode, metadata.created_at)]
    conversation = ConversationSnapshot(metadata.id, writer.messages, context, history)
    return Session(metadata, conversation, _STATE)


_STATE = SessionState(
    cursor_position=0,
    scroll_offset=0,
    selected_message=None,
    expanded_messages=[],
    active_panel="messages",
    panel_sizes={"preview": Float32(0.5)},
    search_query=None,
    filter_settings=FilterSettings(True, True, True, None, None),
)


def _metadata(
    name: str, about: dict[str, Any], writer: _Writer, started: int, opened: int
) -> SessionMetadata:
    return SessionMetadata(
        id=demo_id(name),
        title=about["title"],
        created_at=Timestamp.from_ns(started),
        updated_at=Timestamp.from_ns(writer.clock),
        last_accessed=Timestamp.from_ns(opened),
        message_count=len(writer.messages),
        turn_count=writer.turns,
        current_mode=OperatingMode(about["mode"]),
        model=about["model"],
        tags=about.get("tags", []),
        is_favorite=about.get("favorite", False),
        # Measured when the file is written.
        file_size=0,
        compression_ratio=Float32(0.0),
        format_version=1,
        checkpoints=[
            CheckpointMetadata(
                id=demo_id(name, "checkpoint", number),
                name=point["name"],
                created_at=writer.messages[point["after"] - 1].timestamp,
                message_index=point["after"],
                description=point.get("description"),
            )
            for number, point in enumerate(about.get("checkpoints", []))
        ],
    )


@dataclass
class _Writer:
    """Turns lines into messages, one after the other, each of which may refer to earlier ones."""

    name: str
    clock: int
    messages: list[MessageSnapshot] = field(default_factory=list)
    turns: int = 0
    branch_from: UUID | None = None

    def add(self, line: Line) -> None:
        self.clock += line.delay
        if line.kind == "was":
            self._edit(line)
            return
        item, tool_calls = self._item(line)
        self.turns += line.kind == "user"
        message_id = demo_id(self.name, len(self.messages))
        previous = self.messages[-1].metadata.message_id if self.messages else None
        on_branch = "on_branch" in line.flags
        if "branch" in line.flags:
            self.branch_from = message_id
        metadata = MessageMetadata(
            edited=False,
            edit_history=[],
            branch_point="branch" in line.flags,
            branch_id=demo_id(self.name, "branch") if on_branch else None,
            parent_message_id=self.branch_from if on_branch else previous,
            message_id=message_id,
            file_context=list(_file_context(line)),
            tool_calls=tool_calls,
        )
        moment = Timestamp.from_ns(self.clock)
        self.messages.append(MessageSnapshot(item, moment, max(0, self.turns - 1), metadata))

    def _edit(self, line: Line) -> None:
        now = self.messages[-1]
        assert isinstance(now.item, Message)
        older = now.item.replace(content=[_text(now.item.role, line.text)])
        metadata = now.metadata.replace(edited=True, edit_history=[(now.timestamp, older)])
        self.messages[-1] = now.replace(metadata=metadata)

    def _item(self, line: Line) -> tuple[Item, list[ToolCallMetadata]]:
        number = len(self.messages)
        if line.kind in _ROLES:
            return _message(line), []
        if line.kind == "thinking":
            summary = [SummaryText(part) for part in line.text.split("\n\n")]
            sealed = "gAAAAABo" + "Q2xvc2Vk" * 24 if "sealed" in line.flags else None
            return Reasoning(f"rs_{number:04}", summary, None, sealed), []
        if line.kind == "run":
            status = "in_progress" if "in_progress" in line.flags else "completed"
            action = ExecAction(["bash", "-lc", line.text], 120_000, None, None, None)
            call_id = f"call_{number:04}"
            return LocalShellCall(None, call_id, LocalShellStatus(status), action), []
        if line.kind == "call":
            return FunctionCall(None, line.name, _arguments(line), f"call_{number:04}"), []
        if line.kind == "output":
            return self._output(line)
        raise ValueError(f"{self.name}: no such kind of message: {line.kind}")

    def _output(self, line: Line) -> tuple[Item, list[ToolCallMetadata]]:
        call = next(
            message.item
            for message in reversed(self.messages)
            if isinstance(message.item, FunctionCall | LocalShellCall)
        )
        tool = call.name if isinstance(call, FunctionCall) else "shell"
        failed = line.options.get("failed")
        took = duration(line.name) // 1_000_000
        text = line.text
        if "log" in line.options:
            text = noise.log(int(line.options["log"])) + text
        assert call.call_id is not None
        return FunctionCallOutput(call.call_id, text), [
            ToolCallMetadata(tool, took, failed is None, failed)
        ]


def _message(line: Line) -> Message:
    content: list[ContentPart] = [_text(line.kind, line.text)]
    if "image" in line.options:
        content.append(InputImage(_PICTURES[line.options["image"]]()))
    return Message(None, line.kind, content)


def _text(role: str, text: str) -> ContentPart:
    return OutputText(text) if role == "assistant" else InputText(text)


def _arguments(line: Line) -> str:
    if line.text.startswith("{"):
        return line.text
    if line.name == "shell":
        return json.dumps({"command": ["bash", "-lc", line.text]}, ensure_ascii=False)
    return json.dumps({"input": line.text}, ensure_ascii=False)


def _file_context(line: Line) -> Iterator[FileContext]:
    if "file" in line.options:
        path, _, lines = line.options["file"].partition(":")
        first, _, last = lines.partition("-")
        span = (int(first), int(last)) if lines else None
        yield FileContext(path, span, None, _LANGUAGES.get(PurePosixPath(path).suffix))
