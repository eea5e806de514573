"""Messages deleted and changed, histories purged, and two sessions joined: valid after it, and undone."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID

import pytest
from msgspec.structs import replace

from agcx_format import (
    InputText,
    Message,
    OperatingMode,
    SessionStorage,
    SessionStore,
    Store,
    open_store,
    write_session,
)
from agcx_format.doctor import verify_store
from agcx_format.model.items import (
    ExecAction,
    FunctionCall,
    FunctionCallOutput,
    LocalShellCall,
    LocalShellStatus,
)
from agcx_format.model.new import new_message, new_session
from agcx_format.store import paths
from tests.support.stores import contents

A, B = UUID(int=0xA << 96 | 1), UUID(int=0xB << 96 | 1)
IDS = [UUID(int=number) for number in range(1, 7)]


def said(text: str, number: int, turn: int, parent: UUID | None = None):
    item = Message(None, "user", [InputText(text)])
    return new_message(item, turn_index=turn, id=IDS[number], parent=parent)


@pytest.fixture(params=[SessionStorage, SessionStore], ids=["layout 1", "layout 2"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    made = request.param(tmp_path / "store")
    messages = [
        said("one", 0, 0),
        new_message(
            FunctionCall(None, "f", '{"x": "one"}', "c"), turn_index=0, id=IDS[1], parent=IDS[0]
        ),
        new_message(FunctionCallOutput("c", "done"), turn_index=0, id=IDS[2], parent=IDS[1]),
        said("two", 3, 1, IDS[2]),
    ]
    first = new_session(id=A, title="First", messages=messages, tags=["a"])
    state = replace(
        first.state, cursor_position=3, selected_message=IDS[1], expanded_messages=IDS[:4]
    )
    made.save_session(A, first.metadata, first.conversation, state)
    second = new_session(
        id=B, title="Second", messages=[said("three", 0, 0), said("four", 4, 1, IDS[0])]
    )
    made.save_session(B, second.metadata, second.conversation, second.state)
    made.rebuild_index()
    return open_store(made.path)


def output_of(call: str) -> FunctionCallOutput:
    return FunctionCallOutput(call, "done")


def entry(store: Store, session_id: UUID = A):
    return store.resolve(str(session_id))


def is_clean(store: Store) -> bool:
    return not [report for report in verify_store(store) if not report.ok]


@pytest.mark.parametrize("number", [1, 2])
def test_a_call_goes_with_its_output_and_what_came_from_them_has_a_parent(
    store: Store, number: int
):
    before = contents(store.path)
    act = store.content.delete_messages(entry(store), [number])
    metadata, conversation, state = store.load_session(A)
    assert [each.metadata.message_id for each in conversation.messages] == [IDS[0], IDS[3]]
    assert conversation.messages[1].metadata.parent_message_id == IDS[0]
    assert (metadata.message_count, metadata.turn_count) == (2, 2)
    assert (state.cursor_position, state.selected_message) == (1, None)
    assert state.expanded_messages == [IDS[0], IDS[3]]
    assert is_clean(store)
    assert act.kind == "rewrite"
    store.undo()
    assert contents(store.path) == before


@pytest.mark.parametrize("ids", [("shell", None), (None, "shell")], ids=["id", "call id"])
@pytest.mark.parametrize("number", [4, 5])
def test_a_command_goes_with_what_it_printed(
    number: int, ids: tuple[str | None, str | None], store: Store
):
    action = ExecAction(["ls"], None, None, None, None)
    call = LocalShellCall(*ids, LocalShellStatus.COMPLETED, action)
    output = FunctionCallOutput("shell", "notes.txt")
    store.append(A, [new_message(call), new_message(output), new_message(output_of("c"))])
    before = store.load_session(A)[1].messages
    store.content.delete_messages(entry(store), [number])
    assert store.load_session(A)[1].messages[:4] == before[:4]
    assert [each.item for each in store.load_session(A)[1].messages[4:]] == [output_of("c")]


def test_a_text_is_replaced_and_the_message_as_it_was_is_in_its_history(store: Store):
    old = store.load_session(A)[1].messages[1].item
    store.content.replace_text(entry(store), 1, "one", "1")
    message = store.load_session(A)[1].messages[1]
    assert message.item == replace(old, arguments='{"x": "1"}')
    assert message.metadata.edited
    assert [item for _, item in message.metadata.edit_history] == [old]
    assert is_clean(store)
    store.content.purge_history(entry(store))
    message = store.load_session(A)[1].messages[1]
    assert (message.metadata.edit_history, message.metadata.edited) == ([], True)
    store.content.replace_text(entry(store), 0, "one", "1", keep_history=False)
    assert store.load_session(A)[1].messages[0].metadata.edit_history == []
    # Nothing is left to purge: no act.
    assert store.content.purge_history(entry(store)).id == ""
    assert is_clean(store)


@pytest.mark.parametrize(
    "text", ["Nightingale", 'the "N" project', "C:\\Users\\J\u00fcrgen", "\u00fc\nnext"]
)
def test_a_text_is_taken_out_of_json_whatever_wrote_it(text: str, store: Store):
    """With other letters than ASCII or without, and within JSON in JSON."""
    written = [text]
    for _ in range(3):
        written += [json.dumps(each, ensure_ascii=a) for each in written for a in (False, True)]
    calls = [new_message(FunctionCall(None, "f", each, "c")) for each in written]
    store.append(A, calls)
    reviewed = store.content.review([entry(store)], secrets=False, texts={text: "gone"})
    store.content.redact(reviewed)
    for message in store.load_session(A).conversation.messages[-len(calls) :]:
        assert isinstance(message.item, FunctionCall)
        assert message.item.arguments.strip('\\"') == "gone"


def test_of_a_redacted_session_the_trash_holds_what_keeps_a_version_of_it_and_nothing_else(
    store: Store,
):
    edited = store.update_metadata(A, title="Before")
    both = store.delete([entry(store), entry(store, B)])
    lying = {each.id: each for each in store.trash()}
    # The undo of this has nowhere to put the other session without the act that it came from.
    restored = store.restore([lying[B]])
    store.restore([lying[A]])
    of_another = store.delete([entry(store, B)])
    store.checkpoints.create(entry(store), "kept")
    of_its_checkpoint = store.checkpoints.rename(*store.checkpoints.of(entry(store)), "other")
    act = store.content.replace_text(entry(store), 0, "one", "1", keep_history=False)
    holding = {each.id for each in store.content.holding(act)}
    assert {act.id, edited.id, both.id, restored.id, of_its_checkpoint.id} <= holding
    assert of_another.id not in holding
    store.destroy(store.content.holding(act))
    assert [each.id for each in store.trash()] == [B]


def test_what_is_not_there_is_an_error_and_no_act(store: Store):
    before = contents(store.path, trash=True)
    with pytest.raises(IndexError):
        store.content.delete_messages(entry(store), [4])
    with pytest.raises(ValueError, match="does not hold"):
        store.content.replace_text(entry(store), 0, "two", "2")
    with pytest.raises(ValueError, match="itself"):
        store.content.join(entry(store), entry(store))
    assert contents(store.path, trash=True) == before


def test_two_sessions_become_one_and_two_again(store: Store):
    store.checkpoints.create(entry(store, B), "of the second")
    before = contents(store.path)
    act = store.content.join(entry(store), entry(store, B))
    assert [session.title for session in act.sessions] == ["First", "Second"]
    metadata, conversation, _ = store.load_session(A)
    messages = conversation.messages
    assert (metadata.title, metadata.message_count, metadata.turn_count) == ("First", 6, 4)
    assert [each.turn_index for each in messages] == [0, 0, 0, 1, 2, 3]
    ids = [each.metadata.message_id for each in messages]
    assert len(set(ids)) == 6
    # An id that both had is new in the second, for what branched from it as well.
    assert messages[5].metadata.parent_message_id == ids[4] != IDS[0]
    assert B not in store
    assert is_clean(store)
    store.undo()
    assert contents(store.path) == before


def test_what_a_join_leaves_out_is_known_before_it(store: Store):
    assert store.content.join_losses(entry(store), entry(store, B)) == []
    store.update_many([(entry(store, B), {"current_mode": OperatingMode.REVIEW})])
    lost = store.content.join_losses(entry(store), entry(store, B))
    before = {mode for each in (A, B) for mode, _ in store.load_session(each)[1].mode_history}
    store.content.join(entry(store), entry(store, B))
    kept = {mode for mode, _ in store.load_session(A)[1].mode_history}
    assert bool(lost) == (kept != before) == (entry(store).layout == 1)


def test_what_is_there_in_both_layouts_keeps_the_checkpoints_that_both_have(store: Store):
    """A copy in the other layout is deleted, or joined to it: the checkpoints are not its own."""
    store.checkpoints.create(entry(store), "of both")
    own = entry(store).layout
    other = store.path / paths.session_file(3 - own, A)
    other.parent.mkdir(exist_ok=True)
    write_session(other, *store.load_session(A), layout=3 - own)

    def sessions(store: Store):
        # The index measures a session that was edited anew.
        return {name: data for name, data in contents(store.path).items() if name != paths.INDEX}

    before = sessions(store)

    def files():
        """The one that was there, and the other."""
        found = [each for each in store.scan() if each.id == A]
        return sorted(found, key=lambda each: each.layout != own)

    store.delete(files()[1:])
    assert len(store.list_checkpoints(A)) == 1
    assert is_clean(store)
    store.undo()
    store.content.join(*files())
    assert len(store.list_checkpoints(A)) == 1
    assert [each.layout for each in files()] == [own]
    store.undo()
    assert sessions(store) == before
    store.delete(files())
    assert list((store.path / "checkpoints").iterdir()) == []


def test_the_halves_of_a_split_joined_are_the_whole(store: Store):
    before = store.load_session(A)[1].messages
    for at in (1, 3):
        new_id, _ = store.split(A, at)
        store.content.join(entry(store), entry(store, new_id))
        assert store.load_session(A)[1].messages == before


def test_the_directory_is_changed_with_fields_of_the_metadata_in_one_act(store: Store):
    before, said = contents(store.path), store.load_session(A)
    moves = [(entry(store), {"title": "Moved", "tags": ["a", "b"]}), (entry(store, B), {})]
    act = store.content.move(moves, "/home/dev/there")
    for session_id in (A, B):
        assert store.load_session(session_id)[1].context.working_directory == "/home/dev/there"
    metadata, conversation, _ = store.load_session(A)
    assert (metadata.title, metadata.tags) == ("Moved", ["a", "b"])
    assert conversation.messages == said[1].messages
    assert act.edit is not None
    assert act.edit.fields == ("title", "tags", "working_directory")
    assert is_clean(store)
    store.undo()
    assert contents(store.path) == before
    assert store.content.move([(entry(store), {})], said[1].context.working_directory).id == ""
