"""By which names a session and a store are found, and which are refused."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from agcx_format import SessionNotFound, open_store
from agcx_format.errors import InvalidCheckpoint
from agcx_format.model.session import Checkpoint, CheckpointMetadata
from agcx_format.store import paths
from agcx_format.store.store import Store
from tests.support.stores import contents, golden_session, id_of

both_layouts = pytest.mark.parametrize("layout", [1, 2])
SHOUTED = UUID("abcdef01-2345-6789-abcd-ef0123456789")
SPELLINGS = [str.upper, str.title, lambda text: text[:4].upper() + text[4:]]


def spelled(tmp_path: Path, layout: int, spell) -> tuple[Store, Path]:
    """A store with a session and a checkpoint whose files are named in another case."""
    root = tmp_path / "store"
    store = Store(root, layout=layout)
    session_metadata, conversation, state = golden_session("every-item")
    store.save_session(SHOUTED, replace(session_metadata, id=SHOUTED), conversation, state)
    made = CheckpointMetadata(UUID(int=7), "here", "2026-01-01T00:00:00Z", 2, None)
    store.save_checkpoint(SHOUTED, Checkpoint(made, conversation, state))
    for folder in paths.written_folders():
        for path in sorted((root / folder).glob("*.*")):
            if path.is_file() and path.name != paths.INDEX:
                name, dot, suffix = path.name.partition(".")
                path.rename(path.with_name(spell(name) + dot + suffix))
    (path,) = root.rglob("*.agcx")
    return Store(root, layout=layout), path


@both_layouts
@pytest.mark.parametrize("spell", SPELLINGS, ids=["upper", "title", "mixed"])
def test_a_file_is_found_by_every_name_whatever_its_case(tmp_path: Path, layout: int, spell):
    store, path = spelled(tmp_path, layout, spell)
    assert path.name != path.name.lower()
    for name in (str(SHOUTED), str(SHOUTED).upper(), "abcd", "ABCDEF", str(path)):
        assert store.resolve(name).path == str(path)
    assert store.load_session(SHOUTED)[0].id == SHOUTED
    with store.open_session(SHOUTED) as file:
        assert file.metadata.id == SHOUTED
    (listed,) = store.list_checkpoints(SHOUTED)
    assert store.load_checkpoint(SHOUTED, listed.id).conversation.messages
    with pytest.raises(InvalidCheckpoint):
        store.load_checkpoint(SHOUTED, UUID(int=8))


@both_layouts
@pytest.mark.parametrize("spell", SPELLINGS, ids=["upper", "title", "mixed"])
def test_a_file_stays_where_it_is_whatever_is_done_to_it(tmp_path: Path, layout: int, spell):
    store, path = spelled(tmp_path, layout, spell)
    name = os.path.relpath(path, store.path)
    store.update_metadata(SHOUTED, title="Another")
    store.save_session(SHOUTED, *store.load_session(SHOUTED))
    assert [each for each in contents(store.path) if each.endswith(".agcx")] == [name]
    store.delete(list(store.scan()))
    # Nothing of it is left outside of the trash: no checkpoint, no copy of the title.
    left = [name for name in contents(store.path) if "abcdef" in name.lower()]
    assert left == []
    (trashed,) = store.trash()
    assert (trashed.id, trashed.title) == (SHOUTED, "Another")
    assert len(trashed.belongings) >= layout
    store.restore([trashed])
    assert [each for each in contents(store.path) if each.endswith(".agcx")] == [name]
    assert store.load_session(SHOUTED)[0].title == "Another"


@both_layouts
def test_a_second_file_in_capital_letters_keeps_the_checkpoints_of_both(
    tmp_path: Path, layout: int
):
    store, path = spelled(tmp_path, layout, str.upper)
    usual = path.with_name(path.name.lower())
    usual.write_bytes(path.read_bytes())
    for second in (usual, path):
        store.delete([entry for entry in store.scan() if entry.path == str(second)])
        assert len(store.list_checkpoints(SHOUTED)) == 1
        store.undo()
    store.delete(list(store.scan()))
    assert list((store.path / paths.CHECKPOINTS).iterdir()) == []


@both_layouts
@pytest.mark.parametrize("count", [1, 30])
def test_where_case_does_not_matter_no_other_name_of_a_file_is_a_second_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layout: int, count: int
):
    """As on vfat, exFAT, and most disks of a Mac: a file is there under each spelling of its name."""
    exists = os.path.lexists

    def in_any_case(path: str | os.PathLike[str]) -> bool:
        folder, name = os.path.split(path)
        return exists(path) or (
            os.path.isdir(folder) and name.lower() in map(str.lower, os.listdir(folder))
        )

    store, _ = spelled(tmp_path, layout, str.lower)
    for _ in range(count - 1):
        store.duplicate(SHOUTED)
    store.rebuild_index()
    monkeypatch.setattr(os.path, "lexists", in_any_case)
    store = open_store(store.path)
    act = store.delete(list(store.scan()))
    assert act.count == count
    assert [name for name in contents(store.path) if not name.endswith(".idx")] == []
    assert store.load_index().sessions == {}
    store.undo()
    assert len(store.load_index().sessions) == len(list(store.scan())) == count
    assert len(store.list_checkpoints(SHOUTED)) == 1


def test_a_session_that_another_program_adds_in_upper_case_is_found(tmp_path: Path):
    store = Store(tmp_path, layout=1)
    with pytest.raises(SessionNotFound):
        store.load_session(SHOUTED)
    _other, path = spelled(tmp_path / "other", 1, str.upper)
    (tmp_path / path.name).write_bytes(path.read_bytes())
    assert store.load_session(SHOUTED)[0].id == SHOUTED
    os.unlink(tmp_path / path.name)
    with pytest.raises(SessionNotFound):
        store.load_session(SHOUTED)


# --- where a store is


def test_a_store_stays_the_same_when_the_program_changes_its_directory(tmp_path: Path, monkeypatch):
    session = golden_session("full")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    store = Store("store", layout=1)
    store.save_session(session[0].id, *session)
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert [entry.id for entry in store.scan()] == [session[0].id]
    store.update_metadata(session[0].id, title="From elsewhere")
    store.save_session(session[0].id, *store.load_session(session[0].id))
    assert os.listdir(tmp_path / "elsewhere") == []
    assert store.path == tmp_path / "store"


def test_a_way_through_a_link_is_not_shortened(tmp_path: Path, monkeypatch):
    session = golden_session("full")
    (tmp_path / "real" / "deep").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real/deep")
    monkeypatch.chdir(tmp_path)
    # What `..` means behind a link is for the system to say.
    Store("link/../store", layout=1).save_session(session[0].id, *session)
    assert (tmp_path / "real" / "store" / f"{session[0].id}.agcx").exists()


def test_the_home_directory_is_written_short(tmp_path: Path, monkeypatch):
    session = golden_session("full")
    monkeypatch.setenv("HOME", str(tmp_path))
    store = Store("~/history", layout=1)
    store.save_session(session[0].id, *session)
    path = tmp_path / "history" / f"{session[0].id}.agcx"
    assert path.exists()
    assert store.resolve(f"~/history/{path.name}").id == session[0].id


# --- what is no id


NO_IDS = [
    "5af40c88-028e-4622-be8e-79c474100258",
    "../../outside",
    "/etc/passwd",
    "",
    b"5af40c88-028e-4622-be8e-79c474100258",
    7,
    None,
]


@both_layouts
@pytest.mark.parametrize("wrong", NO_IDS, ids=repr)
def test_what_is_no_uuid_is_refused_everywhere(tmp_path: Path, layout: int, wrong):
    root = tmp_path / "a" / "b" / "store"
    store = Store(root, layout=layout)
    session = golden_session("full")
    store.save_session(session[0].id, *session)
    # What a path in place of an id would reach.
    (tmp_path / "a" / "outside.agcx").write_bytes(Path(store.resolve("5af4").path).read_bytes())
    before = contents(tmp_path, trash=True)
    for use in (
        lambda: store.save_session(wrong, *session),
        lambda: store.load_session(wrong),
        lambda: store.open_session(wrong),
        lambda: store.delete_session(wrong),
        lambda: store.update_metadata(wrong, title="x"),
        lambda: store.duplicate(wrong),
        lambda: store.split(wrong, 1),
        lambda: store.list_checkpoints(wrong),
        lambda: store.load_checkpoint(wrong, UUID(int=1)),
        lambda: store.load_checkpoint(session[0].id, wrong),
        lambda: store.restore_checkpoint(session[0].id, wrong),
    ):
        with pytest.raises(TypeError, match="UUID"):
            use()
    assert contents(tmp_path, trash=True) == before


@both_layouts
def test_metadata_of_another_session_are_refused(tmp_path: Path, layout: int):
    store = Store(tmp_path, layout=layout)
    session = golden_session("full")
    store.save_session(session[0].id, *session)
    before = contents(tmp_path)
    with pytest.raises(ValueError, match="the metadata are those of"):
        store.save_session(uuid4(), *session)
    assert contents(tmp_path) == before


# --- acts that are none


@both_layouts
def test_what_changes_nothing_is_not_what_undo_takes_back(tmp_path: Path, layout: int):
    store = Store(tmp_path, layout=layout)
    session = golden_session("every-item")
    store.save_session(session[0].id, *session)
    done = store.update_metadata(session[0].id, title="New", tags=["a"])
    before = contents(tmp_path, trash=True)
    (entry,) = store.scan()
    assert store.delete([]).sessions == ()
    assert store.update_many([]).sessions == ()
    assert store.restore([]).sessions == ()
    assert store.update_metadata(session[0].id, title="New").sessions == ()
    assert store.update_metadata(session[0].id).sessions == ()
    assert store.update_many([(entry, {"tags": ["a"], "title": "New"})]).sessions == ()
    assert contents(tmp_path, trash=True) == before
    assert store.undo().id == done.id


def test_of_many_edits_only_those_that_change_something_write(tmp_path: Path):
    store = Store(tmp_path, layout=1)
    for name in ("full", "times"):
        metadata, *rest = golden_session(name)
        store.save_session(metadata.id, replace(metadata, is_favorite=name == "full"), *rest)
    act = store.update_many([(entry, {"is_favorite": True}) for entry in store.scan()])
    assert [step.path for step in act.steps] == [f"{id_of('times')}.agcx"]


def test_nothing_is_done_to_a_store_that_is_not_there(tmp_path: Path):
    store = open_store(tmp_path / "none")
    assert store.delete([]).steps == ()
    assert not (tmp_path / "none").exists()


@both_layouts
def test_checkpoints_are_in_the_order_of_their_moments(tmp_path: Path, layout: int):
    store = Store(tmp_path, layout=layout)
    metadata, conversation, state = golden_session("full")
    moments = [
        "-0001-01-01T00:00:00Z",
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00.500Z",
        "2026-01-01T00:00:01Z",
        "+10000-01-01T00:00:00Z",
    ]
    made = [
        CheckpointMetadata(UUID(int=9 - n), str(n), each, 0, None) for n, each in enumerate(moments)
    ]
    store.save_session(metadata.id, replace(metadata, checkpoints=made), conversation, state)
    for each in made:
        store.save_checkpoint(metadata.id, Checkpoint(each, conversation, state))
    assert [each.created_at for each in store.list_checkpoints(metadata.id)] == moments
