"""Files made to harm: each has a clear outcome, soon and in bounded memory.

What might take all memory or for ever runs in a process of its own, which has a limit of both.
"""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from agcx_format import (
    ConversationContext,
    ExecAction,
    InputText,
    LocalShellCall,
    LocalShellStatus,
    Message,
    MessagePackDecodeError,
    PersistenceError,
    SessionFile,
    SessionIndex,
    SessionMetadata,
    limits,
    new_message,
)
from agcx_format.codec import bincode, messagepack
from agcx_format.codec.zstd import frames, seekable
from agcx_format.layout import v1_sections
from agcx_format.model.session import CheckpointMetadata
from agcx_format.session.checkpoint_file import read_checkpoint
from tests.support.stores import golden_session, id_of
from tests.support.waiting import LIMIT

METADATA, CONVERSATION, STATE = golden_session("full")
FULL = id_of("full")
GB = 10**9
SHELL = ExecAction(["Q"], None, None, None, None)

# More than the largest section that is held as a whole, twice: as bytes and as values.
MEMORY = 3 * 1024**3


def bomb(head: bytes, size: int, byte: bytes) -> bytes:
    """A zstd section of `head` and `size` times `byte`: four bytes for each 128 KiB."""
    block = ((128 * 1024) << 3 | 2).to_bytes(3, "little") + byte
    first = (len(head) << 3).to_bytes(3, "little") + head
    last = (1).to_bytes(3, "little")
    return b"\x28\xb5\x2f\xfd\x00\x58" + first + block * (size // (128 * 1024)) + last


def with_sections(path: Path, **changed: bytes) -> Path:
    """The session `full` in layout 1, with other bytes as some of its sections."""
    sections = {
        "metadata": bincode.encode(METADATA),
        "messages": frames.compress(messagepack.encode_messages(CONVERSATION.messages), 3),
        "context": frames.compress(messagepack.encode(CONVERSATION.context), 3),
        "state": bincode.encode(STATE),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(v1_sections.join(**sections | changed)))
    return path


def layout2_file(root: Path, section: bytes) -> Path:
    path = root / "sessions" / f"{FULL}.agcx"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"AGCX\x02\0\0\0" + struct.pack("<Q", len(section)) + section)
    return path


_READER = """
import json, resource, sys
from agcx_format import PersistenceError, SessionFile, limits, open_store, read_session

limits.SLOW_ITEMS = {items}
resource.setrlimit(resource.RLIMIT_AS, ({memory}, {memory}))
path, outcomes = sys.argv[1], {{}}

def scan():
    (entry,) = open_store(sys.argv[2]).scan()
    if entry.error:
        raise entry.error

def lazily():
    with SessionFile(path) as file:
        for index in range(min(3, len(file))):
            file.get(index)
        if file.error:
            raise file.error

def context():
    with SessionFile(path) as file:
        file.context

for name, read in [("scan", scan), ("load", lambda: read_session(path)), ("lazy", lazily),
                   ("context", context)]:
    try:
        read()
        outcomes[name] = "ok"
    except PersistenceError as error:
        outcomes[name] = str(error)
print(json.dumps(outcomes))
"""


def outcomes(
    path: Path, root: Path | None = None, memory: int = MEMORY, items: int = limits.SLOW_ITEMS
) -> dict[str, str]:
    """What each way of reading says of a file: `ok`, or the error in words.

    `items` is the limit of values that are read one by one.
    """
    code = textwrap.dedent(_READER.format(memory=memory, items=items))
    command = [sys.executable, "-c", code, str(path), str(root or path.parent)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


# --- bombs


def test_a_zip_bomb_of_many_messages(tmp_path: Path):
    nils = bomb(b"\xdd\xff\xff\xff\xff", 33 * GB, b"\xc0")
    assert len(nils) < 1.1 * 10**6
    said = outcomes(with_sections(tmp_path / "a.agcx", messages=nils))
    assert said["scan"] == "ok"
    assert "messages: it decompresses to more than 268,435,456 bytes" in said["load"]
    assert "so many values in so few bytes are no messages" in said["lazy"]
    assert said["context"] == "ok"


def test_a_zip_bomb_of_one_message(tmp_path: Path):
    text = bomb(b"\xdd\xff\xff\xff\xff\xdb\xff\xff\xff\xff", 33 * GB, b"a")
    said = outcomes(with_sections(tmp_path / "a.agcx", messages=text))
    assert said["scan"] == "ok"
    assert "it decompresses to more than 268,435,456 bytes" in said["load"]
    assert "message 1: it is too large" in said["lazy"]


def test_a_hundred_gigabytes_in_one_megabyte(tmp_path: Path):
    # Bombs within frames cannot do better than 1 : 32,000; a frame's own header may claim anything.
    claim = b"\x28\xb5\x2f\xfd\xc0\x58" + (100 * GB).to_bytes(8, "little")
    section = claim + bomb(b"", 33 * GB, b"a")[6:]
    said = outcomes(with_sections(tmp_path / "a.agcx", messages=section, context=section))
    assert said["scan"] == "ok"
    for way in ("load", "lazy", "context"):
        assert said[way] != "ok"


@pytest.fixture
def scale(request: pytest.FixtureRequest) -> int:
    """By what a number of values and its limit are divided: hundreds of millions take ten seconds."""
    return 1 if request.config.getoption("--full") else 32


def texts(head: bytes, count: int, there: int) -> bytes:
    """A section of `head` and a list that claims `count` texts; so many empty ones are `there`."""
    return bomb(head + b"\xdd" + struct.pack(">I", count), there, b"\xa0")


def test_a_zip_bomb_as_context(tmp_path: Path, scale: int):
    context = texts(b"\x95\xa1/\x80", 0x0F00_0000 // scale, 0x0F00_0000 // scale)
    items = limits.SLOW_ITEMS // scale
    said = outcomes(with_sections(tmp_path / "a.agcx", context=context), items=items)
    assert said["scan"] == said["lazy"] == "ok"
    assert f"context, decompressed byte 4: more than {items:,} items" in said["context"]
    assert said["load"].endswith(said["context"].split(": ", 1)[1])


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> int:
    """How many items a value may have, and how many bytes one that is decoded at once."""
    monkeypatch.setattr(limits, "SLOW_ITEMS", 1000)
    monkeypatch.setattr(limits, "VALUE_AT_ONCE", 1000)
    return 1000


def test_well_formed_values_of_too_many_items(few: int, monkeypatch: pytest.MonkeyPatch):
    """msgspec would make a list of a quarter of a billion texts of 8 kB, in 2 GB."""
    many = b"\xdd" + struct.pack(">I", few + 1) + b"\xa0" * (few + 1)
    with pytest.raises(MessagePackDecodeError, match="more than 1,000 items"):
        messagepack.decode(ConversationContext, b"\x95\xa1/\x80" + many + b"\xc0\xc0")
    message = new_message(LocalShellCall(None, None, LocalShellStatus.COMPLETED, SHELL))
    packed = messagepack.encode_message(message).replace(b"\x91\xa1Q", many)
    with pytest.raises(MessagePackDecodeError, match="more than 1,000 items"):
        messagepack.decode_messages(b"\x91" + packed)
    assert messagepack.decode_at_once(packed, 1) is None
    monkeypatch.setattr(limits, "MESSAGES_AT_ONCE", 9)
    with pytest.raises(MessagePackDecodeError, match="100 messages are too many to load at once"):
        messagepack.decode_messages(messagepack.encode_messages(CONVERSATION.messages[:1] * 100))
    as_many = CONVERSATION.messages[:1] * 9
    assert messagepack.decode_messages(messagepack.encode_messages(as_many)) == as_many
    long = new_message(Message(None, "user", [InputText("a" * 2 * few)]))
    assert messagepack.decode_messages(messagepack.encode_messages([long, long])) == [long, long]


@pytest.mark.parametrize(("mark", "what"), [(b"\xdd", "list"), (b"\xdf", "map")])
def test_a_list_where_one_value_belongs_is_not_built(mark: bytes, what: str):
    """What it holds would take a hundred times as much memory, only to say that it is no text."""
    data = b"\x95" + mark + struct.pack(">I", 1) + b"\xc0\xc0\x80\x90\xc0\xc0"
    with pytest.raises(MessagePackDecodeError, match=f"expected a text, got a {what}") as caught:
        messagepack.decode(ConversationContext, data)
    assert caught.value.offset == 1


@pytest.mark.parametrize(
    "lie", [b"\xc9\xff\xff\xff\xff\x01", b"\xdb\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff"]
)
def test_a_length_that_lies_is_an_error_in_words(lie: bytes):
    with pytest.raises(PersistenceError) as caught:
        messagepack.decode(ConversationContext, b"\x95" + lie)
    assert "max_" not in caught.value.reason


def test_bincode_of_too_many_items(few: int, tmp_path: Path):
    """A checkpoint of layout 1 is compressed, and metadata may be in a hole of a sparse file."""
    listed = CheckpointMetadata(FULL, "", "2025-01-01T00:00:00Z", 0, None)
    head = bincode.encode(listed) + b"\x10" + FULL.bytes + b"\0\x01/"
    path = tmp_path / "a.ckpt"
    path.write_bytes(bomb(head + b"\xfb" + struct.pack("<H", few + 1), 128 * 1024, b"\0"))
    with pytest.raises(PersistenceError, match="more than 1,000 items") as caught:
        read_checkpoint(path)
    assert (caught.value.section, caught.value.path) == ("checkpoint", str(path))
    many = METADATA.replace(tags=["a"] * (few + 1))
    with pytest.raises(PersistenceError, match="SessionMetadata.tags: more than 1,000 items"):
        bincode.decode(SessionMetadata, bincode.encode(many))
    # A hole of a sparse file as index: empty tags, each without a session.
    hole = b"\0\0\0\xfb" + struct.pack("<H", 20 * few) + bytes(40 * few)
    with pytest.raises(PersistenceError, match="tag_index: more than 5,000 items"):
        bincode.decode(SessionIndex, hole)
    # Nothing is counted from one value to the next, and an index may have more.
    allowed = bincode.encode(METADATA.replace(tags=["a"] * few))
    assert all(bincode.decode(SessionMetadata, allowed).tags for _ in range(3))
    index = SessionIndex({}, [FULL] * 2 * few, [], {}, "2025-01-01T00:00:00Z", 0)
    assert bincode.decode(SessionIndex, bincode.encode(index)) == index


def test_a_zip_bomb_in_front_of_a_list(tmp_path: Path):
    """Layout 2 has to be decompressed to be listed."""
    path = layout2_file(tmp_path, bomb(b"\x94\xdf\xff\xff\xff\xff", 33 * GB, b"\xc0"))
    said = outcomes(path, tmp_path)
    assert "metadata, decompressed byte 1: more than 67,108,864 bytes are too many" in said["scan"]
    assert "decompresses to more than" in said["load"]


def test_metadata_of_many_tags_in_a_small_file(tmp_path: Path, scale: int):
    times = (b"\xb4" + b"2025-01-01T00:00:00Z") * 3
    head = b"\x94\x9f\xc4\x10" + FULL.bytes + b"\xa1t" + times + b"\0\0\xa4Plan\xa1m"
    path = layout2_file(tmp_path, texts(head, 0x0300_0000 // scale, 0x0380_0000 // scale))
    items = limits.SLOW_ITEMS // scale
    said = outcomes(path, tmp_path, items=items)
    assert f"more than {items:,} items" in said["scan"]


@pytest.mark.parametrize("nest", [b"\x91", b"\x81\xa1a", b"\x92\xa1x"])
def test_a_nesting_bomb(nest: bytes, tmp_path: Path):
    deep = frames.compress(nest * 1_000_000, 3)
    for section in ("messages", "context"):
        path = with_sections(tmp_path / section / "a.agcx", **{section: deep})
        said = outcomes(path)
        assert said["scan"] == "ok"
        assert said["load"] != "ok"
        assert said["context" if section == "context" else "lazy"] != "ok"


def test_a_list_that_claims_2_to_the_60_items(tmp_path: Path):
    # A count is followed by all that is left of the file; the state's is that of its expanded messages.
    many = b"\xfd" + (2**60).to_bytes(8, "little")
    for field in range(5):
        path = tmp_path / str(field) / "a.agcx"
        with_sections(path, state=b"\x01" * field + many + b"\x10" * 1000)
        said = outcomes(path, memory=1024**3)
        assert "state, byte" in said["load"]
    tags = bincode.encode(METADATA).split(METADATA.model.encode())[0] + METADATA.model.encode()
    path = with_sections(tmp_path / "tags" / "a.agcx", metadata=tags + many + b"\x01" * 1000)
    said = outcomes(path, memory=1024**3)
    assert "SessionMetadata.tags: length 1,152,921,504,606,846,976 exceeds" in said["scan"]
    path = with_sections(
        tmp_path / "count" / "a.agcx", messages=frames.compress(b"\xdd\xff\xff\xff\xff", 3)
    )
    assert "4,294,967,295 messages do not fit 5 bytes" in outcomes(path)["load"]


def test_a_file_of_a_terabyte_of_nothing(tmp_path: Path):
    """Sparse files cost nothing to make; bytes behind the last section are ignored, unread."""
    path = with_sections(tmp_path / "a" / "a.agcx")
    os.truncate(path, 10**12)
    assert set(outcomes(path, memory=1024**3).values()) == {"ok"}
    path = with_sections(tmp_path / "b" / "a.agcx")
    data, at = path.read_bytes(), v1_sections.split(path.read_bytes())[1].start
    path.write_bytes(data[: at - 4] + b"\xff\xff\xff\xff" + data[at:])
    os.truncate(path, 10**12)
    said = outcomes(path, memory=1024**3)
    assert "4,294,967,630 bytes are too many to load at once" in said["load"]


def test_a_seek_table_that_promises_what_is_not_there(tmp_path: Path):
    packed = messagepack.encode_messages(CONVERSATION.messages)
    body = frames.compress(packed, 3)
    for size, count in [(2**32 - 1, 2**32 - 1), (len(packed), 2**32 - 1), (2**32 - 1, 3), (0, 3)]:
        tail = b"".join(seekable.tail_of([count], [(len(body), size)]))
        path = with_sections(tmp_path / f"{size}-{count}" / "a.agcx", messages=body + tail)
        said = outcomes(path, memory=1024**3)
        assert said["load"] == "ok"
        with SessionFile(path) as file:
            # Either the table is not believed, or what it promises is an error; nothing is made up.
            read = []
            for index in range(min(len(file), 10)):
                file.fetch(index)
                read.append(file.get(index))
            errors = [m for m in read if isinstance(m, PersistenceError)]
            assert errors or read == CONVERSATION.messages
