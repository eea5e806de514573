"""What is no session file, what may not be read, odd names, and a store made to harm."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest
from msgspec.structs import replace

from agcx_format import (
    PersistenceError,
    SessionStorage,
    limits,
    open_store,
    read_session,
    write_session,
)
from agcx_format.errors import SessionNotFound
from agcx_format.session.listed import listed
from tests.format.layout.test_hostile import (
    CONVERSATION,
    FULL,
    GB,
    METADATA,
    STATE,
    bomb,
    with_sections,
)
from tests.support.golden_files import GOLDEN
from tests.support.privileges import without_privileges
from tests.support.stores import contents, copy_of
from tests.support.waiting import LIMIT

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
    assert "a link to a file that does not exist" in str(entries["gone"].error)
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
