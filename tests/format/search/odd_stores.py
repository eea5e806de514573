"""Stores whose texts are hard to search: every kind of letter, long messages, JSON, damage."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from uuid import UUID

from agcx_format import write_session
from agcx_format.model.fields import Float32
from agcx_format.model.items import (
    ExecAction,
    FileContext,
    FunctionCall,
    FunctionCallOutput,
    InputText,
    LocalShellCall,
    LocalShellStatus,
    Message,
    MessageMetadata,
    MessageSnapshot,
    OutputText,
    Reasoning,
    ResponseItem,
    SummaryText,
    ToolCallMetadata,
)
from agcx_format.model.new import initial_state
from agcx_format.model.session import (
    ConversationContext,
    ConversationSnapshot,
    OperatingMode,
    SessionMetadata,
)
from agcx_format.model.timestamps import Timestamp

_ALPHABETS = (
    "abcABC .xyz\n",
    "abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789 .,:;()[]{}\"'\\/\n\t",
    "aAsSßẞﬀﬁﬅkK\u212aåÅ\u212béÉiIİıσςΣ i\u0307e\u0301\u0345ŉǰΐẖ_.",
    "网格布局没有模板，。：（）！ 検索ﾕｰｻﾞｰカタカナｶﾞ日本語한국어ＡＢＣａｂｃ１２３\u3000a",
    "J\u030ct\u0308 aßs ssSS ßß\u0301 ʼn ŉ ΑΎΌ\u0301 Жж 𐐀𐐨 🙂👍🏽 \u200d\ufe0f",
    "\0\x01\x1b\x7f\u202e\ufeff a\r\n\n\nb",
)
_WORDS = [
    "grid",
    "layout",
    "queue",
    "stall",
    "the",
    "lease",
    "expired",
    "retry",
    "error",
    "Timeout",
    "straße",
    "größe",
    "naïve",
    "网格",
]


def some_text(random: Random, size: int) -> str:
    if random.random() < 0.5:
        return " ".join(random.choices(_WORDS, k=size // 6 + 1))[:size]
    return "".join(random.choices(random.choice(_ALPHABETS), k=size))


def some_items(random: Random, count: int) -> list[ResponseItem]:
    items: list[ResponseItem] = []
    while len(items) < count:
        size = random.choice((0, 1, 5, 40, 40, 300, 300, 300, 3000, 3000))
        if random.random() < 0.01:
            size = 80_000
        text = some_text(random, size)
        match random.randrange(8):
            case 0:
                items.append(Message(None, "user", [InputText(text)]))
            case 1:
                items.append(
                    Message(None, random.choice(("system", "Developer")), [InputText(text)])
                )
            case 2:
                items.append(Reasoning("r", [SummaryText(text)], None, "c2VjcmV0" * 20))
            case 3:
                name = random.choice(("shell", "apply_patch", "Größe"))
                arguments = random.choice(
                    (
                        text,
                        json.dumps({"command": ["bash", "-lc", text]}),
                        json.dumps({"path": "src/a.py", "deep": {"list": [text, 1.5, None, True]}}),
                        json.dumps([text, "\ud800"]),
                    )
                )
                items.append(FunctionCall(None, name, arguments, f"c{len(items)}"))
            case 4:
                wrapped = json.dumps(
                    {"output": text, "metadata": {"exit_code": random.randrange(2)}}
                )
                items.append(
                    FunctionCallOutput(f"c{len(items) - 1}", random.choice((text, wrapped)))
                )
            case 5:
                tagged = f"<environment_context>{text}</environment_context>"
                items.append(Message(None, "user", [InputText(tagged)]))
            case 6:
                parts = [OutputText(text), OutputText(some_text(random, 20))]
                items.append(Message(None, "assistant", list(parts)))
            case 7:
                environment = random.choice((None, {}, {"PATH": text, some_text(random, 8): "x"}))
                action = ExecAction(["ls", text], None, None, environment, None)
                call = LocalShellCall(None, f"c{len(items)}", LocalShellStatus.COMPLETED, action)
                items.append(call)
    return items


def some_asides(
    random: Random, items: list[ResponseItem], calls: list[ToolCallMetadata], when: Timestamp
) -> MessageMetadata:
    """Attached files, errors, and earlier versions, some of each."""

    def some(size: int) -> str:
        return some_text(random, random.randrange(size))

    files = [
        FileContext(f"src/{some(20)}", random.choice((None, (3, 9))), some(200) or None, "python")
        for _ in range(random.randrange(3))
    ]
    calls = calls + [
        ToolCallMetadata(some(12), 90, random.random() < 0.5, random.choice((None, some(60))))
        for _ in range(random.randrange(2))
    ]
    versions = [(when, random.choice(items)) for _ in range(random.randrange(3))]
    return MessageMetadata(bool(versions), versions, False, None, None, UUID(int=0), files, calls)


def save(
    path: Path, items: list[ResponseItem], title: str = "", random: Random | None = None
) -> None:
    """One session; its id is the name of the file."""
    random = random or Random(1)
    session_id = UUID(path.stem)
    when = Timestamp.from_ns(1_760_000_000_000_000_000)
    messages = []
    for item in items:
        failed = random.random() < 0.05
        calls = [ToolCallMetadata("shell", 1, not failed, None)] if failed else []
        about = MessageMetadata(False, [], False, None, None, UUID(int=0), [], calls)
        if random.random() < 0.2:
            about = some_asides(random, items, calls, when)
        messages.append(MessageSnapshot(item, when, 0, about))
    metadata = SessionMetadata(
        session_id, title, when, when, when, len(messages), 1, OperatingMode.BUILD, "m", [], False, 0,
        Float32(0), 1, [],
    )  # fmt: skip
    context = ConversationContext("/home", {}, [], None, None)
    conversation = ConversationSnapshot(session_id, messages, context, [])
    write_session(path, metadata, conversation, initial_state())


def make_odd_store(path: Path, count: int, seed: int) -> None:
    """Sessions of odd texts; one is cut off, one is no session at all."""
    random = Random(seed)
    path.mkdir(parents=True)
    for number in range(count):
        items = some_items(random, random.choice((0, 1, 3, 10, 25)))
        file = path / f"{UUID(int=random.getrandbits(128), version=4)}.agcx"
        save(file, items, some_text(random, 30), random)
        if number == 1:
            data = file.read_bytes()
            file.write_bytes(data[: len(data) * 2 // 3])
        if number == 2:
            file.write_bytes(b"AGCX no session")
