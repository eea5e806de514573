"""What a person gave a session stays theirs, whatever programs save, and can be taken back."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from uuid import UUID

import pytest
from msgspec.structs import replace

from agcx_format import (
    InputText,
    Message,
    PersistenceError,
    SessionStorage,
    SessionStore,
    StaleSession,
    Store,
    UndoConflict,
    new_message,
    new_session,
    open_store,
)
from agcx_format.disk import compare_and_swap
from agcx_format.store.acts.act_dirs import PENDING, UNDONE

A, B = UUID(int=5 << 96), UUID(int=6 << 96)


def said(text: str):
    return new_message(Message(None, "user", [InputText(text)]))


@pytest.fixture(params=[SessionStorage, SessionStore], ids=["layout 1", "layout 2"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    store: Store = request.param(tmp_path / "store")
    for each in (A, B):
        session = new_session(id=each, title="Work", tags=["old"], messages=[said("one")])
        store.save_session(each, *session)
    store.rebuild_index()
    return store


def save_unseen(store: Store, session_id: UUID, title: str = "Work") -> None:
    """As a program does that has the session in memory, and has just been started again."""
    session = new_session(
        id=session_id, title=title, tags=["old"], messages=[said("one"), said("two")]
    )
    open_store(store.path).save_session(session_id, *session)


def looks(store: Store, session_id: UUID = A):
    metadata = open_store(store.path).load_session(session_id)[0]
    indexed = store.load_index().sessions[session_id]
    found = (metadata.title, metadata.tags, metadata.is_favorite, metadata.message_count)
    assert found == (indexed.title, indexed.tags, indexed.is_favorite, indexed.message_count)
    return found


def test_a_save_unseen_keeps_what_a_person_set_and_no_more(store: Store):
    store.update_metadata(A, title="Mine", is_favorite=True)
    save_unseen(store, A, title="By the program")
    save_unseen(store, B, title="By the program")
    assert looks(store) == ("Mine", ["old"], True, 2)
    assert looks(store, B) == ("By the program", ["old"], False, 2)


def test_a_program_that_has_read_it_may_name_it(store: Store):
    store.update_metadata(A, title="Mine")
    program = open_store(store.path)
    metadata, conversation, state = program.load_session(A)
    program.save_session(A, replace(metadata, title="Ours"), conversation, state)
    assert looks(store)[0] == "Ours"


@pytest.mark.parametrize("is_undone", [False, True], ids=["edit", "undo"])
def test_an_edit_does_not_hide_that_another_program_saved(is_undone: bool, store: Store):
    """A program that had loaded the session before edits it, and then saves what it had loaded."""
    program = open_store(store.path)
    loaded = program.load_session(A)
    store.append(A, [said("two")])
    program.update_metadata(A, title="Mine")
    if is_undone:
        program.undo()
    with pytest.raises(StaleSession):
        program.save_session(A, *loaded)
    assert looks(store)[3] == 2


@pytest.mark.parametrize("is_undone", [False, True], ids=["edit", "undo"])
def test_what_another_program_saves_after_an_edit_is_not_overwritten(is_undone: bool, store: Store):
    """A program edits what it had loaded, another one adds to it, and the first saves what it had loaded."""
    program = open_store(store.path)
    loaded = program.load_session(A)
    program.update_metadata(A, title="Mine")
    if is_undone:
        program.undo()
    store.append(A, [said("two")])
    with pytest.raises(StaleSession):
        program.save_session(A, *loaded)
    assert looks(store)[3] == 2


def test_what_is_saved_without_the_lock_just_as_an_edit_ends_is_not_overwritten(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    loaded = store.load_session(A)
    path, saved = store.resolve(A).path, tmp_path / "saved"
    saved.write_bytes(Path(path).read_bytes())
    rename = os.rename

    def then_saved(old, new, **folders):
        rename(old, new, **folders)
        if str(old).endswith(PENDING):
            os.replace(saved, path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", then_saved)
        store.update_metadata(A, title="Mine")
    with pytest.raises(StaleSession):
        store.save_session(A, *loaded)


@pytest.mark.parametrize("deletes", ["delete", "destroy_sessions"])
def test_what_another_program_saves_after_a_deletion_is_not_overwritten(deletes: str, store: Store):
    program = open_store(store.path)
    loaded = program.load_session(A)
    getattr(program, deletes)([program.resolve(A)])
    save_unseen(store, A)
    with pytest.raises(StaleSession):
        program.save_session(A, *loaded)
    assert looks(store)[3] == 2
    # Without another one in its place it may be saved again.
    getattr(program, deletes)([program.resolve(A)])
    program.save_session(A, *loaded)
    assert looks(store)[3] == 1


def test_a_program_that_adds_to_what_it_has_edited_may_save_it(store: Store):
    loaded = store.load_session(A)
    store.update_metadata(A, title="Mine")
    store.append(A, [said("two")])
    store.save_session(A, *loaded)
    assert looks(store)[0] == "Mine"


def test_a_program_that_has_read_its_edit_may_name_the_session(store: Store):
    store.load_session(A)
    store.update_metadata(A, title="Mine")
    loaded = store.load_session(A)
    metadata = replace(loaded.metadata, title="By the program")
    store.save_session(A, metadata, loaded.conversation, loaded.state)
    assert looks(store)[0] == "By the program"


def test_a_program_may_save_what_it_loaded_before_its_own_undo(store: Store):
    store.update_metadata(A, title="Mine")
    loaded = store.load_session(A)
    store.undo()
    store.save_session(A, *loaded)
    assert looks(store)[3] == 1


def test_an_undo_does_not_hide_that_another_program_saved_another_session(store: Store):
    program = open_store(store.path)
    loaded = program.load_session(B)
    store.append(B, [said("two")])
    program.update_metadata(A, title="Mine")
    program.undo()
    with pytest.raises(StaleSession):
        program.save_session(B, *loaded)
    assert looks(store, B)[3] == 2


def test_a_damaged_session_can_be_saved_over_by_who_never_read_it(store: Store):
    path = Path(store.resolve(str(A)).path)
    path.write_bytes(path.read_bytes()[:20])
    save_unseen(store, A)
    assert looks(store)[3] == 2


def test_what_was_undone_is_no_longer_the_persons(store: Store):
    store.update_metadata(A, title="Mine")
    store.undo()
    save_unseen(store, A, title="By the program")
    assert looks(store)[0] == "By the program"


def test_an_edit_can_be_undone_after_a_save_and_the_new_messages_stay(store: Store):
    store.update_metadata(A, title="Mine", tags=["mine", "old"], is_favorite=True)
    save_unseen(store, A)
    act = store.undo()
    assert act.kind == "edit"
    assert looks(store) == ("Work", ["old"], False, 2)
    assert store.acts() == []


def test_tags_that_came_since_stay(store: Store):
    store.update_metadata(A, tags=["mine"])
    with store.editing(A) as session:
        session.update(tags=["mine", "since"])
        session.add(Message(None, "user", [InputText("two")]))
    store.undo()
    assert looks(store) == ("Work", ["old", "since"], False, 2)


def test_an_edit_of_many_is_undone_in_all_or_none(store: Store):
    entries = list(store.scan())
    store.update_many([(entry, {"title": "Mine"}) for entry in entries])
    save_unseen(store, A)
    program = open_store(store.path)
    metadata, conversation, state = program.load_session(B)
    program.save_session(B, replace(metadata, title="Ours"), conversation, state)
    with pytest.raises(UndoConflict):
        store.undo()
    assert (looks(store)[0], looks(store, B)[0]) == ("Mine", "Ours")
    program.save_session(B, replace(metadata, title="Mine"), conversation, state)
    store.undo()
    assert (looks(store)[0], looks(store, B)[0]) == ("Work", "Work")


@pytest.mark.parametrize("fails_in", ["session", "act"])
def test_an_undo_that_ended_halfway_is_finished_by_the_next(
    store: Store, fails_in: str, monkeypatch: pytest.MonkeyPatch
):
    entries = list(store.scan())
    store.update_many(
        [(e, {"title": "Mine", "tags": ["mine"], "is_favorite": True}) for e in entries]
    )
    for each in (A, B):
        store.append(each, [said("two")])
    calls, rename, exchange = [], os.rename, compare_and_swap.exchange

    def failing(*args):
        calls.append(args)
        if len(calls) == 2:
            raise OSError(errno.EIO, "the disk fails")
        exchange(*args)

    def failing_mark(old, new, **folders):
        if new.endswith(UNDONE):
            raise OSError(errno.EIO, "the disk fails")
        rename(old, new, **folders)

    with monkeypatch.context() as patch:
        if fails_in == "session":
            patch.setattr(compare_and_swap, "exchange", failing)
        else:
            patch.setattr(os, "rename", failing_mark)
        with pytest.raises(PersistenceError):
            store.undo()
    assert "Work" in (looks(store)[0], looks(store, B)[0])
    again = open_store(store.path)
    assert again.undo().kind == "edit"
    assert looks(store) == looks(store, B) == ("Work", ["old"], False, 2)
    assert again.acts() == []


def test_a_deletion_and_other_fields_are_a_conflict_as_before(store: Store):
    (entry,) = (each for each in store.scan() if each.id == A)
    store.update_many([(entry, {"model": "other"})])
    save_unseen(store, A)
    with pytest.raises(UndoConflict):
        store.undo()


def test_a_directory_is_not_put_back_alone(store: Store):
    store.content.move([(entry, {}) for entry in store.scan()], "/src/moved")
    store.append(A, [said("two")])
    with pytest.raises(UndoConflict):
        store.undo()
    assert store.load_session(B)[1].context.working_directory == "/src/moved"
