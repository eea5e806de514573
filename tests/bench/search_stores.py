"""A store to search: many sessions whose words are as varied as those of real ones.

Strategy: words are drawn from a vocabulary of 150,000 with frequencies as in natural text, so that an
index has as much to tell apart as with real conversations.  Sizes are log-normal.  A few needles are
planted in a known share of the sessions.  Lines of a session come again in it, as what an agent reads does.
"""

from __future__ import annotations

import json
import math
from base64 import b64encode
from collections.abc import Iterator
from multiprocessing import Pool
from pathlib import Path
from random import Random
from uuid import UUID

from agcx_format import write_session
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
)
from agcx_format.model.session import (
    ConversationContext,
    ConversationSnapshot,
    FilterSettings,
    OperatingMode,
    SessionMetadata,
    SessionState,
)
from agcx_format.model.timestamps import Timestamp
from tests.bench.prose import MODELS
from tests.bench.stores import SEED

__all__ = ["CJK", "HALF", "PATH", "RARE", "TWO", "make_search_store"]

# Needles, and in how many sessions each is.
RARE = "zyqwortharc"  # one of 3,333
HALF = "halfsession"  # every second one
CJK = "网格布局没有模板"  # one of 400
PATH = "/srv/app/zeta_handler.py"  # one of 500
TWO = "alphaword betaword"  # one of 500, in different messages

_VOCABULARY = 150_000
_DRAWN = 1_000_000
_SYLLABLES = [
    "ba",
    "be",
    "ca",
    "de",
    "lo",
    "fu",
    "mi",
    "ro",
    "ne",
    "sh",
    "it",
    "ra",
    "ge",
    "nv",
    "ol",
    "ki",
    "su",
    "pa",
    "ti",
    "qu",
    "ex",
    "ym",
    "on",
    "ar",
    "li",
    "nt",
    "er",
]
_COMMON = [
    "the",
    "of",
    "and",
    "to",
    "a",
    "in",
    "is",
    "that",
    "it",
    "for",
    "on",
    "with",
    "as",
    "this",
    "be",
    "are",
    "not",
    "from",
    "file",
    "line",
    "if",
    "return",
]
_HAN = "网格布局没有模板因此测试失败请检查配置文件并重新运行搜索功能日本語の検索を実装してください"
_FOLDED = (
    "Die Straße ist gesperrt",
    "Überprüfe die Änderung",
    "café déjà vu",
    "İstanbul",
    "ﬁle ＡＢ",
)
_SECOND = 1_000_000_000
_FIRST = 1_700_000_000 * _SECOND
_STATE = SessionState(
    0, 0, None, [], "messages", {}, None, FilterSettings(True, True, False, None, None)
)
_CONTEXT = ConversationContext("/home/user/src/site", {}, [], None, None)


def make_search_store(
    path: Path, count: int, size: int, seed: int = SEED, processes: int = 2
) -> None:
    """Make the directory `path` with `count` sessions that hold about `size` bytes of text together."""
    path.mkdir(parents=True)
    step = -(-count // processes)
    parts = [
        (path, range(start, min(count, start + step)), size / count, seed)
        for start in range(0, count, step)
    ]
    with Pool(processes) as pool:
        pool.starmap(_make_sessions, parts)


def _make_sessions(path: Path, numbers: range, mean: float, seed: int) -> None:
    words = _drawn_words(Random(seed))
    for number in numbers:
        random = Random(seed * 1_000_003 + number)
        wanted = min(6e6, max(800, random.lognormvariate(math.log(mean) - 0.98, 1.4)))
        _make_session(path, random, words, number, int(wanted))


def _drawn_words(random: Random) -> list[str]:
    """Words as often as they occur: the n-th of the vocabulary as 1/n."""
    vocabulary = list(_COMMON)
    while len(vocabulary) < _VOCABULARY:
        vocabulary.append("".join(random.choices(_SYLLABLES, k=random.randint(2, 5))))
    spread = math.log(_VOCABULARY)
    return [vocabulary[int(math.exp(random.random() * spread)) - 1] for _ in range(_DRAWN)]


def _make_session(path: Path, random: Random, words: list[str], number: int, size: int) -> None:
    items = [*_conversation(random, words, size), *_planted(random, number)]
    at = _FIRST + number * 3600 * _SECOND
    messages = [
        MessageSnapshot(
            item,
            Timestamp.from_ns(at + place * 20 * _SECOND),
            place // 8,
            MessageMetadata(False, [], False, None, None, _uuid(random), [], []),
        )
        for place, item in enumerate(items)
    ]
    session_id, when = _uuid(random), Timestamp.from_ns(at)
    metadata = SessionMetadata(
        session_id, " ".join(random.choices(words, k=5)), when, when, when, len(messages),
        len(messages) // 8, OperatingMode.BUILD, random.choice(MODELS), [], False, 0, Float32(0.3), 1, [],
    )  # fmt: skip
    conversation = ConversationSnapshot(session_id, messages, _CONTEXT, [])
    write_session(path / f"{session_id}.agcx", metadata, conversation, _STATE)


def _conversation(random: Random, words: list[str], size: int) -> Iterator[ResponseItem]:
    made = step = 0
    lines = [" ".join(random.choices(words, k=10)) for _ in range(20 + size // 4000)]
    while made < size:
        text = _text(random, words, lines, random.choice((60, 200, 400, 900, 3000)))
        kind = step % 5
        text = text[: {0: 600, 1: 300, 2: 200}.get(kind)]
        made += len(text)
        match kind:
            case 0:
                yield Message(None, "user", [InputText(text)])
            case 1:
                hidden = b64encode(random.randbytes(400)).decode()
                yield Reasoning(f"rs{step}", [SummaryText(text)], None, hidden)
            case 2:
                arguments = json.dumps({"command": ["bash", "-lc", text], "workdir": "/home/u"})
                yield FunctionCall(None, "shell", arguments, f"c{step}")
            case 3:
                yield FunctionCallOutput(f"c{step - 1}", text)
            case 4:
                yield Message(None, "assistant", [OutputText(text)])
        step += 1


def _text(random: Random, words: list[str], lines: list[str], size: int) -> str:
    """Some of the session's lines, which come again and again, among words that are new."""
    parts = random.choices(words, k=size // 15 + 1)
    parts += random.choices(lines, k=size // 100)
    random.shuffle(parts)
    for _ in range(len(parts) // 12):
        at = random.randrange(len(parts))
        parts[at] = random.choice(
            (
                f"{random.randrange(1 << 32):x}",
                parts[at].title() + ".",
                f"src/{parts[at]}.py:{at}\n",
                "{\n  ",
            )
        )
    return " ".join(parts)


def _planted(random: Random, number: int) -> Iterator[ResponseItem]:
    said = []
    if number % 3333 == 1:
        said.append(f"the {RARE} turned up in the queue")
    if number % 2 == 0:
        said.append(f"please keep the {HALF} marker")
    if number % 20 == 3:
        said.append("".join(random.choices(_HAN, k=80)) + (CJK if number % 400 == 3 else ""))
    if number % 50 == 7:
        said.append(random.choice(_FOLDED))
    if number % 500 == 9:
        said.append(f"it calls foo.bar(baz) and then {PATH} fails")
    if number % 500 == 11:
        said += TWO.split()
    for text in said:
        yield Message(None, "user", [InputText(text)])


def _uuid(random: Random) -> UUID:
    return UUID(int=random.getrandbits(128), version=4)
