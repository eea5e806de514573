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
from uuid import UUID

import pytest
from msgspec.structs import replace

from agcx_format import (
    PersistenceError,
    SessionFile,
    SessionStorage,
    limits,
    open_store,
    read_session,
    write_session,
)
from agcx_format.codec import bincode, messagepack
from agcx_format.codec.zstd import frames, seekable
from agcx_format.errors import SessionNotFound
from agcx_format.layout import v1_sections
from agcx_format.session.listed import listed
from tests.support.golden_files import GOLDEN
from tests.support.privileges import without_privileges
from tests.support.stores import contents, copy_of, golden_session, id_of
from tests.support.waiting import LIMIT

METADATA, CONVERSATION, STATE = golden_session("full")
FULL = id_of("full")
GB = 10**9

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
        tail = b"".join(seekable._tail([count], [(len(body), size)]))
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


# --- what is no file, and what may not be read


def test_links_fifos_and_folders_have_clear_outcomes_and_can_be_deleted(tmp_path: Path):
    root = copy_of("v1", tmp_path / "store")
    os.mkfifo(root / "fifo.agcx")
    (root / "folder.agcx").mkdir()
    (root / "folder.agcx" / "inside").write_bytes(b"kept")
    (root / "gone.agcx").symlink_to("nowhere")
    (root / "loop.agcx").symlink_to("loop.agcx")
    outside = tmp_path / "outside.agcx"
    outside.write_bytes((root / f"{FULL}.agcx").read_bytes())
    (root / "link.agcx").symlink_to(outside)
    store = open_store(root)
    entries = {Path(entry.path).stem: entry for entry in store.scan()}
    for name in ("fifo", "folder"):
        assert "not a regular file" in str(entries[name].error)
    assert "no such file" in str(entries["gone"].error)
    assert "too many levels of symbolic links" in str(entries["loop"].error)
    assert entries["link"].metadata == entries[str(FULL)].metadata
    before = sorted(os.listdir(root))
    odd = [entries[name] for name in ("fifo", "folder", "gone", "loop", "link")]
    store.delete(odd)
    # A link is what is deleted, never what it leads to.
    assert outside.exists()
    assert not any((root / f"{name}.agcx").exists() for name in ("fifo", "folder", "link"))
    store.undo()
    assert sorted(name for name in os.listdir(root) if name != "trash") == before
    assert (root / "link.agcx").readlink() == outside
    assert (root / "folder.agcx" / "inside").read_bytes() == b"kept"


def test_a_folder_that_may_be_listed_and_not_entered_shows_its_files_with_the_reason():
    with without_privileges() as folder:
        store = copy_of("v1", folder / "store")
        try:
            store.chmod(0o400)
            entries = list(open_store(store).scan())
            assert len(entries) == len(list((GOLDEN / "v1").iterdir()))
            assert all("permission denied" in str(entry.error) for entry in entries)
            with pytest.raises(PersistenceError):
                open_store(store).load_session(FULL)
        finally:
            store.chmod(0o700)


def test_a_store_that_may_not_be_written_is_read_and_says_so_when_changed():
    with without_privileges() as folder:
        root = copy_of("manager-store", folder / "store")
        root.chmod(0o500)
        store = open_store(root)
        entries = list(store.scan())
        assert all(entry.error is None for entry in entries)
        for change in (
            lambda: store.delete(entries),
            lambda: store.save_session(FULL, METADATA, CONVERSATION, STATE),
            lambda: store.update_metadata(entries[0].id, title="new"),
            lambda: store.duplicate(entries[0].id),
        ):
            with pytest.raises(PersistenceError, match="permission denied"):
                change()
        root.chmod(0o700)


def test_names_that_no_file_can_have_are_not_found(tmp_path: Path):
    root = copy_of("v1", tmp_path / "store")
    store = open_store(root)
    for name in ("x" * 5000, "x" * 5000 + ".agcx", "nul\0.agcx", f"{root}/{FULL}.agcx/x.agcx"):
        with pytest.raises(PersistenceError):
            store.resolve(name)
    with pytest.raises(SessionNotFound):
        store.resolve("\ud800\udfff.agcx")


# --- names and what is inside


def test_an_id_in_the_name_that_is_not_the_one_inside_shows_both(tmp_path: Path):
    other = UUID(int=7)
    path = with_sections(tmp_path / f"{other}.agcx")
    store = open_store(tmp_path)
    (entry,) = store.scan()
    assert entry.id == other
    assert entry.metadata.id == FULL
    assert store.resolve(str(other)) == entry
    assert store.load_session(other)[0].id == FULL
    with pytest.raises(SessionNotFound):
        store.load_session(FULL)
    store.delete([entry])
    assert not path.exists()
    store.undo()
    assert path.exists()


def test_two_files_with_one_id_are_both_shown_and_each_deleted_alone(tmp_path: Path):
    root = tmp_path / "store"
    names = [f"{FULL}.agcx", f"{str(FULL).upper()}.agcx", "copy.agcx"]
    for name in names:
        with_sections(root / name)
    if len(list(root.iterdir())) < 3:
        pytest.skip("this file system does not tell upper case from lower case")
    (root / "checkpoints").mkdir()
    (root / "checkpoints" / f"{FULL}_{UUID(int=1)}.ckpt").write_bytes(b"c")
    before = contents(root)
    store = open_store(root)
    entries = {Path(entry.path).name: entry for entry in store.scan()}
    assert entries.keys() == set(names)
    assert {entry.metadata.id for entry in entries.values()} == {FULL}
    assert [entries[name].id for name in names] == [FULL, FULL, None]
    assert len(store.list_sessions()) == 3
    for name in names:
        store.delete([entries[name]])
        assert not (root / name).exists()
        assert sum((root / other).exists() for other in names) == 2
        store.undo()
        assert contents(root) == before
    # All of them in one act, although they share a checkpoint.
    store.delete(list(entries.values()))
    assert contents(root).keys() == set()
    store.undo()
    assert contents(root) == before


HOSTILE_TEXTS = {
    "controls": "".join(map(chr, range(32))) + "\x7f\x80\x9b31m",
    "lines": "one\ntwo\r\nthree\u2028four",
    "a megabyte": "é" * 500_000,
    "escapes": "\x1b[2J\x1b]52;c;cm0gLXJm\x07",
}


@pytest.mark.parametrize("text", HOSTILE_TEXTS.values(), ids=HOSTILE_TEXTS.keys())
@pytest.mark.parametrize("layout", [1, 2])
def test_titles_and_paths_come_through_as_they_are(text: str, layout: int, tmp_path: Path):
    metadata = replace(METADATA, title=text, tags=[text], model=text)
    context = replace(CONVERSATION.context, working_directory=text, open_files=[text])
    conversation = replace(CONVERSATION, context=context)
    root = tmp_path / "store"
    folder = root if layout == 1 else root / "sessions"
    folder.mkdir(parents=True)
    write_session(folder / f"{FULL}.agcx", metadata, conversation, STATE, layout=layout)
    store = open_store(root)
    (entry,) = store.scan()
    assert entry.metadata == listed(metadata)
    assert store.load_session(FULL)[0] == metadata
    assert store.load_session(FULL)[1].context == context
    store.update_metadata(FULL, title=text + text)
    # A list shows the beginning of what is too long for one; the file holds all of it.
    shown = listed(replace(metadata, title=text + text)).title
    assert shown == text + text or (shown[-1] == "…" and (text + text).startswith(shown[:-1]))
    assert store.list_sessions()[0].title == shown
    act = store.delete(list(store.scan()))
    assert act.titles == [shown]
    assert store.acts()[0].titles == [shown]
    store.undo()
    assert store.load_session(FULL)[0].title == text + text


@pytest.mark.parametrize(
    "name", [b"\xff\xfe.agcx", b"new\nline.agcx", b"\x1b[31mred.agcx", b" .agcx", b"a\\b.agcx"]
)
def test_file_names_of_any_bytes(name: bytes, tmp_path: Path):
    root = tmp_path / "store"
    root.mkdir()
    path = os.path.join(os.fsencode(root), name)
    try:
        with open(path, "wb") as file:
            file.write(with_sections(tmp_path / "x" / "a.agcx").read_bytes())
        with open(path.replace(b".agcx", b"-bad.agcx"), "wb") as file:
            file.write(b"AGCX")
    except OSError as cause:
        pytest.skip(f"this file system has no such names: {cause}")
    before = contents(root)
    store = open_store(root)
    entries = list(store.scan())
    assert sorted(os.path.basename(os.fsencode(entry.path)) for entry in entries) == sorted(
        os.listdir(os.fsencode(root))
    )
    good, bad = sorted(entries, key=lambda entry: entry.error is not None)
    assert good.metadata == METADATA
    assert good.id is None
    assert str(bad.error).startswith(bad.path)
    assert store.resolve(good.path) == good
    store.delete(entries)
    assert contents(root) == {}
    open_store(root).undo()
    assert contents(root) == before


# --- a store made to harm: its trash is only files, too


def test_manifests_that_are_no_manifests_are_never_followed(tmp_path: Path):
    root = copy_of("v1", tmp_path / "store")
    store = open_store(root)
    act = store.delete([store.resolve(str(FULL))])
    manifest = json.loads((root / "trash" / act.id / "manifest.json").read_text())
    for number, bad in enumerate(
        [
            "[" * 100_000,
            "[]",
            "null",
            json.dumps(manifest | {"sessions": [["x", "y", float("inf")]]}),
            json.dumps(manifest | {"created_at": "+262142-01-01T00:00:00Z"}),
            json.dumps(manifest | {"steps": 5}),
            json.dumps(manifest | {"steps": [{"op": "move", "path": 5, "derived": False}]}),
            b"\xff\xfe\x00\xd8",
        ]
    ):
        for state in ("", ".pending", ".undoing", ".undone"):
            home = root / "trash" / f"2099010{number}T000000.000000Z-delete-ffffff{state}"
            home.mkdir()
            data = bad if isinstance(bad, bytes) else bad.encode()
            (home / "manifest.json").write_bytes(data)
    fifo = root / "trash" / "20990201T000000.000000Z-delete-ffffff.pending"
    fifo.mkdir()
    os.mkfifo(fifo / "manifest.json")
    code = f"""
from agcx_format import CorruptData, open_store
store = open_store({str(root)!r})
print([act.id for act in store.acts()])
try:
    store.undo()
except CorruptData as error:
    # What cannot be read may be the last act: nothing else is taken back in its place.
    assert "20990" in str(error), error
store.undo({act.id!r})
store.delete([store.resolve({str(FULL)!r})])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=LIMIT, check=False
    )
    assert done.returncode == 0, done.stderr[-1500:]
    assert done.stdout.strip() == str([act.id])


@pytest.mark.parametrize("state", [".pending", ".undoing", ""])
def test_a_trash_made_by_others_cannot_reach_out_of_its_store(state: str, tmp_path: Path):
    """A store that somebody sent may hold links: nothing may be moved through them."""
    root, outside = copy_of("v1", tmp_path / "store"), tmp_path / "home"
    outside.mkdir()
    (outside / "private").write_bytes(b"private")
    store = open_store(root)
    act = store.delete([store.resolve(str(FULL))])
    home = root / "trash" / act.id
    manifest = json.loads((home / "manifest.json").read_text())
    (root / "way-out").symlink_to(outside)
    (home / "files" / "way-out").mkdir()
    (home / "files" / "way-out" / "planted").write_bytes(b"planted")
    (home / "files" / "way-in").symlink_to(outside)
    (root / "way-in").mkdir()
    manifest["steps"] = [
        {"op": "move", "path": "way-out/planted", "derived": False},
        {"op": "move", "path": "way-in/private", "derived": False},
    ]
    (home / "manifest.json").write_text(json.dumps(manifest))
    home.rename(home.with_name(act.id + state))
    try:
        again = open_store(root)
        again.undo()
    except PersistenceError:
        pass
    assert sorted(os.listdir(outside)) == ["private"]
    assert (outside / "private").read_bytes() == b"private"


def test_limits_are_those_that_the_outcomes_name():
    assert limits.WHOLE_SECTION == 268_435_456
    assert limits.METADATA == 67_108_864
    assert limits.SLOW_ITEMS == 4_000_000


def test_a_read_only_reader_of_a_bomb_leaves_nothing_behind(tmp_path: Path):
    path = with_sections(tmp_path / "a.agcx", messages=bomb(b"\xdd\xff\xff\xff\xff", GB, b"\xc0"))
    before = contents(tmp_path)
    with pytest.raises(PersistenceError):
        read_session(path)
    assert SessionStorage(tmp_path).list_sessions() == [METADATA]
    assert contents(tmp_path) == before
