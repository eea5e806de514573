"""Made-up stores and sessions, the same for the same seed, and as true as real ones.

Strategy: `make_store` is for many sessions.  A few dozen conversations are made and compressed
once, and each session has metadata of its own in front of one of them; counts and sizes in
the metadata are what the file holds.  `make_session` is for one session of any size, written as it
is made, so that a gigabyte of text needs no gigabyte of memory.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from uuid import UUID

import msgpack
import msgspec
import zstandard
from msgspec.structs import replace

from agcx_format import read_session
from agcx_format.codec import bincode, messagepack
from agcx_format.codec.zstd import frames
from agcx_format.layout import v1_sections, v2
from agcx_format.model.fields import Float32
from agcx_format.model.items import (
    FunctionCall,
    FunctionCallOutput,
    InputText,
    Message,
    MessageMetadata,
    MessageSnapshot,
    OutputText,
    Reasoning,
    ResponseItem,
    SummaryText,
    ToolCallMetadata,
)
from agcx_format.model.session import (
    ConversationContext,
    FilterSettings,
    OperatingMode,
    SessionMetadata,
    SessionState,
)
from agcx_format.model.timestamps import Timestamp
from tests.bench.prose import MODELS, TAGS, Prose

__all__ = [
    "FIRST_WORDS", "LAST_WORDS", "SEED", "make_layout2", "make_session", "make_store",
]  # fmt: skip

SEED = 20250825
# How the first message of every conversation begins, and the last one ends.
FIRST_WORDS, LAST_WORDS = "Opening words.", "Closing words."

_LEVEL = 3
_BODIES = 64
_SECOND = 1_000_000_000
_DAY = 86_400 * _SECOND
# The newest access in a store: 2025-08-25T12:00:00Z.
_LATEST = 1_756_123_200 * _SECOND
_YEARS = 700 * _DAY

# How a turn goes on, over and over, and what share of its text each part has.
_TURN = ("ask", "think", "call", "result", "call", "result", "think", "call", "result", "answer")
_SHARE = {"ask": 0.4, "think": 0.5, "call": 0.15, "result": 1.9, "answer": 1.3}
_USUAL = 900


@dataclass(frozen=True, slots=True)
class _Body:
    """What follows the metadata of a session, ready to be written."""

    messages: int
    turns: int
    sections: tuple[bytes, bytes, bytes]
    ratio: float


def make_store(path: Path, count: int, seed: int = SEED) -> None:
    """Make the directory `path` with `count` sessions of layout 1, about 12 KB each."""
    random = Random(seed)
    prose = Prose(random)
    path.mkdir(parents=True)
    bodies = [_body(prose, random) for _ in range(min(_BODIES, count))]
    for number in range(count):
        body = bodies[number % len(bodies)] if number < len(bodies) else random.choice(bodies)
        metadata = _metadata(prose, random, body.messages, body.turns, body.ratio)
        parts = _file(metadata, body.sections)
        with open(path / f"{metadata.id}.agcx", "xb", buffering=0) as file:
            file.write(b"".join(parts))


def make_layout2(source: Path, target: Path) -> None:
    """The sessions of a store of layout 1 in a new store of layout 2, with their `.meta`."""
    for folder in ("sessions", "metadata"):
        (target / folder).mkdir(parents=True)
    for path in source.iterdir():
        metadata, parts = v2.LAYOUT.encode_measured(*read_session(path), level=1)
        (target / "sessions" / path.name).write_bytes(b"".join(parts))
        copy = target / "metadata" / f"{metadata.id}.meta"
        copy.write_bytes(bincode.encode(metadata))


def make_session(directory: Path, messages: int, size: int, seed: int = SEED) -> Path:
    """Write one session into a directory that is there; gives the path of its file.

    `size` is that of all messages together in bytes of MessagePack, within a few per cent.
    """
    random = Random(seed)
    prose = Prose(random)
    stream = zstandard.ZstdCompressor(level=_LEVEL, write_content_size=False).compressobj()
    # Aside first: the metadata, which comes before the messages, tells their size.
    with tempfile.TemporaryFile(dir=directory) as packed:
        plain = 0
        for piece in _encoded(prose, random, messages, size):
            plain += len(piece)
            packed.write(stream.compress(piece))
        packed.write(stream.flush())
        length = packed.tell()
        packed.seek(0)
        turns = -(-messages // len(_TURN))
        metadata = _metadata(prose, random, messages, turns, length / plain)
        context, state = _ends(prose)
        parts = _file(metadata, (b"", context, state), extra=length)
        path = directory / f"{metadata.id}.agcx"
        with open(path, "xb") as file:
            # The empty messages section of `parts`, its length before it, gives way to the real one.
            file.writelines(parts[:3])
            file.write(length.to_bytes(4, "little"))
            shutil.copyfileobj(packed, file, 1 << 20)
            file.writelines(parts[5:])
    return path


def _encoded(prose: Prose, random: Random, count: int, size: int) -> Iterator[bytes]:
    """The MessagePack of a `Vec` of messages, piece by piece."""
    yield msgpack.Packer().pack_array_header(count)
    # What surrounds the text of a message (ids, times) takes this many bytes.
    around = 130
    usual = max(10, round(size / max(1, count) - around))
    for message in _messages(prose, random, count, usual, huge=True):
        yield messagepack.encode(message)


def _body(prose: Prose, random: Random) -> _Body:
    count = max(1, min(400, round(random.lognormvariate(2.9, 0.9))))
    messages = list(_messages(prose, random, count, _USUAL))
    plain = messagepack.encode_messages(messages)
    packed = frames.compress(plain, _LEVEL)
    context, state = _ends(prose)
    turns = -(-count // len(_TURN))
    return _Body(count, turns, (packed, context, state), len(packed) / len(plain))


def _ends(prose: Prose) -> tuple[bytes, bytes]:
    """The context and the state, as the file has them."""
    context = ConversationContext(
        "/home/user/src/site", {"SHELL": "/bin/zsh"}, [prose.path() for _ in range(4)], None, None
    )
    filters = FilterSettings(True, True, False, None, None)
    state = SessionState(0, 0, None, [], "messages", {"list": Float32(0.5)}, None, filters)
    return frames.compress(messagepack.encode(context), _LEVEL), bincode.encode(state)


def _file(
    metadata: SessionMetadata, sections: tuple[bytes, bytes, bytes], extra: int = 0
) -> list[bytes]:
    """The parts of the file, its size in the metadata; `extra` bytes will come in between."""
    while True:
        parts = v1_sections.join(bincode.encode(metadata), *sections)
        size = sum(map(len, parts)) + extra
        if metadata.file_size == size:
            return parts
        metadata = replace(metadata, file_size=size)


def _metadata(
    prose: Prose, random: Random, messages: int, turns: int, ratio: float
) -> SessionMetadata:
    accessed = _LATEST - int(_YEARS * random.random() ** 2)
    updated = accessed - int(3 * _DAY * random.random() ** 3)
    created = updated - int(20 * _DAY * random.random() ** 4)
    return SessionMetadata(
        id=_uuid(random),
        title=prose.title(),
        created_at=_moment(created),
        updated_at=_moment(updated),
        last_accessed=_moment(accessed),
        message_count=messages,
        turn_count=turns,
        current_mode=random.choice(list(OperatingMode)),
        model=random.choice(MODELS),
        tags=random.sample(TAGS, random.choice((0, 0, 1, 1, 2, 3))),
        is_favorite=random.random() < 0.05,
        file_size=0,
        compression_ratio=Float32(ratio),
        format_version=1,
        checkpoints=[],
    )


def _messages(
    prose: Prose, random: Random, count: int, usual: int, *, huge: bool = False
) -> Iterator[MessageSnapshot]:
    """`usual` is the mean number of characters in a message; most are shorter."""
    moment = _LATEST - _YEARS
    mean = sum(_SHARE[kind] for kind in _TURN) / len(_TURN)
    for number in range(count):
        moment += random.randrange(_SECOND, 60 * _SECOND)
        turn, step = divmod(number, len(_TURN))
        kind = _TURN[step] if number < count - 1 else "answer"
        size = max(1, int(usual * _SHARE[kind] / mean * random.uniform(0.2, 1.8)))
        draw = prose.slice if huge else prose.code if kind == "result" else prose.sentences
        text = draw(size)
        if number == 0:
            text = f"{FIRST_WORDS} {text}"
        if number == count - 1:
            text = f"{text}\n\n{LAST_WORDS}"
        yield MessageSnapshot(
            _item(kind, text, number, random), _moment(moment), turn, _about(kind, random)
        )


def _item(kind: str, text: str, number: int, random: Random) -> ResponseItem:
    match kind:
        case "ask":
            return Message(None, "user", [InputText(text)])
        case "think":
            return Reasoning(f"rs_{number}", [SummaryText(text)], None, None)
        case "call":
            arguments = _json({"command": ["bash", "-lc", text]})
            return FunctionCall(None, "shell", arguments, f"call_{number}")
        case "result":
            body = {"output": text, "metadata": {"exit_code": 0, "duration_seconds": 0.1}}
            return FunctionCallOutput(f"call_{number - 1}", _json(body))
    return Message(f"msg_{random.randrange(1 << 40):x}", "assistant", [OutputText(text)])


def _about(kind: str, random: Random) -> MessageMetadata:
    calls = (
        [ToolCallMetadata("shell", random.randrange(9000), True, None)] if kind == "call" else []
    )
    return MessageMetadata(False, [], False, None, None, _uuid(random), [], calls)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _moment(ns: int) -> str:
    return str(Timestamp.from_ns(ns // 1000 * 1000))


def _uuid(random: Random) -> UUID:
    return UUID(int=random.getrandbits(128), version=4)
