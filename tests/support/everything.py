"""A session that holds everything the format can hold, for tests of what views show of it.

Every fact is a word of its own that no other part of the session contains, so that a test can look for it in
whatever a view makes of the session.
"""

from __future__ import annotations

import json
from uuid import UUID

import msgpack

from agcx_format.model.fields import Float32
from agcx_format.model.items import (
    ExecAction,
    FileContext,
    FunctionCall,
    FunctionCallOutput,
    InputImage,
    InputText,
    LocalShellCall,
    LocalShellStatus,
    Message,
    MessageMetadata,
    MessageSnapshot,
    Other,
    OutputText,
    PlainText,
    Reasoning,
    ReasoningText,
    ReasoningWithoutContent,
    SummaryText,
    ToolCallMetadata,
    UnknownItem,
)
from agcx_format.model.new import initial_state
from agcx_format.model.session import (
    AstIndexState,
    CheckpointMetadata,
    ConversationContext,
    ConversationSnapshot,
    EmbeddingCacheState,
    OperatingMode,
    Session,
    SessionMetadata,
)

SESSION = UUID(int=0xE0)
BRANCH = UUID("b1a2b3c4-0000-4000-8000-000000000001")
SECOND_BRANCH = UUID("b2a2b3c4-0000-4000-8000-000000000002")
# A PNG of one pixel, whose data no view may show as text.
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII="
)
PICTURE = f"data:image/png;base64,{PIXEL}"

# Each fact of the session, and a pattern that finds it in a view.
FACTS = {
    "system message": "systemwords",
    "what the person said": "askedwords",
    "earlier version of what was said": "askedbefore",
    "file of a message": "asked.f90",
    "snippet of a message's file": "askedsnippet",
    "lines of a file": r"31( to |, |\D{1,20})47",
    "language of a file": "fortran",
    "summary of reasoning": "summarywords",
    "reasoning text": "reasonedwords",
    "plain text in reasoning": "plainwords",
    "earlier version of reasoning": "thoughtbefore",
    "file of reasoning": "thought.f90",
    "snippet of reasoning": "thoughtsnippet",
    "reasoning without content": "barewords",
    "command as typed": r"(?<!-lc )rm -rf build",
    "earlier version of a command": r"rm -rf (\[-)?everything",
    "directory of a command": "/elsewhere",
    "environment of a command": r"ENVNAME.{1,6}envvalue",
    "user of a command": "someuser",
    "time limit of a command": r"45(?: s|000)",
    "file of a command": "removed.f90",
    "snippet of a command": "removedsnippet",
    "output": "makeoutput",
    "earlier version of an output": "outputbefore",
    "file of an output": "made.f90",
    "snippet of an output": "madesnippet",
    "exit code": r"exit 2\b|exit_code\W{1,6}2\b",
    "how long a call took": r"1\.2 s|1\.25|1250",
    "a call that still runs": "in.progress",
    "text in a structured output": "listedwords",
    "picture in a structured output": r"image/png|<img|PNG image",
    "error of a tool": "recordfailure",
    "rejected call": "rejected",
    "argument of a tool": "patchtext",
    "answer": "answerwords",
    "part of an unknown kind": "oddpartvalue",
    "record on a message": "recordone",
    "time of a record": r"1\.5 s|1750|1500",
    "branch point": r"[Bb]ranch.point",
    "where a branch begins": r"Branch “branchwords”|branch_id",
    "words that name a branch": r"Branch “branchwords”|branch\W{1,4}branchwords",
    "message that a branch continues from": r"continues from message 12|parent_message_id",
    "change of mode": r"plan → build, (2025|\d\d:)",
    "item of an unknown kind": "odditemvalue",
    "file of an unknown item": "odd.f90",
    "earlier version of an item not kept": "otherbefore",
    "title": "everythingtitle",
    "model": "everythingmodel",
    "tag": "everythingtag",
    "directory of the session": "/everything",
    "environment of the session": "contextvalue",
    "open files": "open.f90",
    "indexed files": "indexed.f90",
    "checkpoint": "pointname",
}

_START = "2025-03-01T10:00:{:02}Z"


def _metadata(number: int, **more: object) -> MessageMetadata:
    fields: dict[str, object] = {
        "edited": False, "edit_history": [], "branch_point": False, "branch_id": None,
        "parent_message_id": None, "message_id": UUID(int=number + 1), "file_context": [],
        "tool_calls": [], **more,
    }  # fmt: skip
    return MessageMetadata(**fields)  # type: ignore[arg-type]


def edited(*earlier: object) -> dict[str, object]:
    """Metadata of a message that had these earlier versions."""
    return {
        "edited": True,
        "edit_history": [(f"2025-03-02T11:00:{n:02}Z", item) for n, item in enumerate(earlier)],
    }


def _file(path: str, snippet: str) -> dict[str, object]:
    return {"file_context": [FileContext(path, (31, 47), snippet, "fortran")]}


def _shell(command: list[str], call_id: str, status: LocalShellStatus) -> LocalShellCall:
    action = ExecAction(command, 45_000, "/elsewhere", {"ENVNAME": "envvalue"}, "someuser")
    return LocalShellCall("ls_1", call_id, status, action)


def _parts(*parts: dict[str, str]) -> str:
    return json.dumps(parts)


def messages() -> list[MessageSnapshot]:
    """Each kind of item, each with every kind of metadata that a message can have."""
    said = Message("m_1", "user", [InputText("askedwords"), InputImage(PICTURE)])
    earlier = Message("m_1", "user", [InputText("askedbefore")])
    answer = Message("m_2", "assistant", [OutputText("answerwords"), UnknownItem(_raw("oddpart"))])
    records = [
        ToolCallMetadata("recordone", 1500, True, None),
        ToolCallMetadata("recordtwo", 250, False, "recordfailure"),
    ]
    done, running = LocalShellStatus.COMPLETED, LocalShellStatus.IN_PROGRESS
    make = '{"output":"makeoutput","metadata":{"exit_code":2,"duration_seconds":1.25}}'
    listing = _parts(
        {"type": "text", "text": "listedwords"},
        {"type": "image", "data": PIXEL, "mimeType": "image/png"},
    )
    items: list[tuple[object, dict[str, object]]] = [
        (Message(None, "system", [InputText("systemwords")]), {}),
        (said, {**edited(earlier), **_file("asked.f90", "askedsnippet")}),
        (
            Reasoning("rs_1", [SummaryText("summarywords")], [ReasoningText("reasonedwords"),
            PlainText("plainwords")], "sealedwords"),
            {**edited(Reasoning("rs_1", [SummaryText("thoughtbefore")], None, None)),
             **_file("thought.f90", "thoughtsnippet")},
        ),
        (ReasoningWithoutContent("rs_2", [SummaryText("barewords")], None), {}),
        (
            _shell(["bash", "-lc", "rm -rf build"], "shell_1", done),
            {**edited(_shell(["bash", "-lc", "rm -rf everything"], "shell_1", done)),
             **_file("removed.f90", "removedsnippet")},
        ),
        (
            FunctionCallOutput("shell_1", make),
            {**edited(FunctionCallOutput("shell_1", "outputbefore")),
             **_file("made.f90", "madesnippet")},
        ),
        (_shell(["sleep", "99"], "shell_2", running), {"tool_calls": [records[0]]}),
        (FunctionCall("fc_1", "viewer", '{"path": "picture.png"}', "call_3"), {}),
        (FunctionCallOutput("call_3", listing), {"tool_calls": records}),
        (FunctionCall("fc_2", "patcher", '{"input": "patchtext"}', "call_4"), {}),
        (FunctionCallOutput("call_4", "exec command rejected by user"), {}),
        (answer, {"tool_calls": records, "branch_point": True}),
        (
            Message(None, "user", [InputText("branchwords")]),
            {"branch_id": BRANCH, "parent_message_id": UUID(int=12)},
        ),
        (
            Message(None, "assistant", [OutputText("branchanswer")]),
            {"branch_id": BRANCH, "parent_message_id": UUID(int=13)},
        ),
        (
            Message(None, "user", [InputText("secondbranch")]),
            {"branch_id": SECOND_BRANCH, "parent_message_id": UUID(int=12)},
        ),
        (UnknownItem(_raw("odditem")), _file("odd.f90", "oddsnippet")),
        (Other(), edited(Message(None, "user", [InputText("otherbefore")]))),
    ]  # fmt: skip
    return [
        MessageSnapshot(item, _START.format(n), n, _metadata(n, **more))  # type: ignore[arg-type]
        for n, (item, more) in enumerate(items)
    ]


def _raw(word: str) -> bytes:
    return msgpack.packb([f"{word}_kind", f"{word}value"])


def everything() -> Session:
    """The session; its writer did not count turns, and wrote each message's own number instead."""
    metadata = SessionMetadata(
        id=SESSION,
        title="everythingtitle",
        created_at=_START.format(0),
        updated_at=_START.format(59),
        last_accessed=_START.format(59),
        message_count=len(messages()),
        turn_count=0,
        current_mode=OperatingMode.BUILD,
        model="everythingmodel",
        tags=["everythingtag"],
        is_favorite=True,
        file_size=0,
        compression_ratio=Float32(0.5),
        format_version=1,
        checkpoints=[CheckpointMetadata(UUID(int=0xC1), "pointname", _START.format(5), 4, "pointwords")],
    )  # fmt: skip
    context = ConversationContext(
        "/everything",
        {"CONTEXTNAME": "contextvalue"},
        ["open.f90"],
        AstIndexState(["indexed.f90"], 7, 8, _START.format(0)),
        EmbeddingCacheState(3, "embedder", 9),
    )
    history = [(OperatingMode.PLAN, _START.format(0)), (OperatingMode.BUILD, _START.format(6))]
    conversation = ConversationSnapshot(SESSION, messages(), context, history)
    return metadata, conversation, initial_state()
