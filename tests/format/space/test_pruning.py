"""Rules for cleaning up: what falls under each, what is spared, and that it comes back."""

from __future__ import annotations

import dataclasses
import json
import time
from pathlib import Path
from random import Random
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from agcx_format import SessionStorage, SessionStore, open_store
from agcx_format.importing import ImportOutcome
from agcx_format.importing.run import import_sessions
from agcx_format.layout import v1_sections
from agcx_format.model.items import InputText, Message, MessageSnapshot
from agcx_format.model.new import new_message
from agcx_format.model.session import CheckpointMetadata
from agcx_format.model.timestamps import Timestamp, ns_of
from agcx_format.space import Protected, PruneRule, Share, select
from tests.support.rollout_lines import assistant, meta, user, write
from tests.support.stores import contents, copy_of, golden_session

NOW = time.time_ns() + 3600 * 10**9
DAY = 86_400 * 10**9


def moment(days_ago: float) -> Timestamp:
    return Timestamp.from_ns(NOW - int(days_ago * DAY))


def put(store, number: int, *, used: float = 0, messages: int = 3, **fields) -> UUID:
    """A session of these facts, used so many days ago, with text of its own."""
    metadata, conversation, state = golden_session("every-item")
    session_id = UUID(int=number << 96)
    directory = fields.pop("directory", "/src/site")
    some = [replace(each, turn_index=number * 1000) for each in conversation.messages[:messages]]
    fields = {"is_favorite": False, "tags": [], "checkpoints": []} | fields
    metadata = replace(
        metadata,
        id=session_id,
        title=f"Session {number}",
        last_accessed=moment(used),
        updated_at=moment(used + 1),
        **fields,
    )
    context = replace(conversation.context, working_directory=directory)
    store.save_session(
        session_id, metadata, replace(conversation, messages=some, context=context), state
    )
    return session_id


def user_said(text: str) -> MessageSnapshot:
    return new_message(Message(None, "user", [InputText(text)]))


def numbers(selection) -> list[int]:
    return [entry.id.int >> 96 for entry in selection.entries]


@pytest.fixture(params=[SessionStorage, SessionStore], ids=["layout 1", "layout 2"])
def store(request, tmp_path: Path):
    store = request.param(tmp_path / "store")
    put(store, 1, used=1)
    put(store, 2, used=10, model="gpt-5-codex", tags=["ui", "Bug"])
    put(store, 3, used=100, model="gpt-5", directory="/src/site/deeper")
    put(store, 4, used=200, directory="/src/sites")
    return store


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (PruneRule(older_than=moment(50)), [3, 4]),
        (PruneRule(older_than=moment(150)), [4]),
        (PruneRule(keep=1), [2, 3, 4]),
        (PruneRule(keep=0), [1, 2, 3, 4]),
        (PruneRule(keep=9), []),
        (PruneRule(model="gpt-5"), [3]),
        (PruneRule(model="GPT-5*"), [2, 3]),
        (PruneRule(tag="bug"), [2]),
        (PruneRule(tag="b"), []),
        (PruneRule(directory="/src/site/"), [1, 2, 3]),
        (PruneRule(directory="/src/site", keep=1), [2, 3]),
        (PruneRule(directory="/src/site", older_than=moment(50)), [3]),
        (PruneRule(larger_than=10**9), []),
        (PruneRule(larger_than=10), [1, 2, 3, 4]),
        (PruneRule(empty=True), []),
        (PruneRule(), []),
        (PruneRule(include=frozenset(Protected)), []),
    ],
)
def test_what_falls_under_a_rule(store, rule: PruneRule, expected: list[int]):
    selection = select(store, rule, NOW)
    assert numbers(selection) == expected
    assert selection.spared == ()
    assert selection.size == sum(entry.size for entry in selection.entries)
    assert all(each.reasons for each in selection.chosen)


@pytest.mark.parametrize(
    ("condition", "error", "reason"),
    [
        ({"older_than": "90d"}, ValueError, "not a timestamp: '90d'"),
        ({"larger_than": "1MB"}, TypeError, "larger_than: expected a number, got '1MB'"),
        ({"keep": -1}, ValueError, "keep: -1 is less than 0"),
        ({"free": Share(-5)}, ValueError, "free: -5 is less than 0"),
    ],
)
def test_a_rule_that_means_nothing_cannot_be_made(condition, error, reason):
    with pytest.raises(error, match=reason):
        PruneRule(**condition)


def test_looking_changes_nothing_and_pruning_is_one_act_that_comes_back(store):
    before = contents(store.path, trash=True)
    selection = select(store, PruneRule(older_than=moment(50)), NOW)
    assert contents(store.path, trash=True) == before
    act = store.delete(selection.entries, kind="prune")
    assert (act.kind, act.count) == ("prune", 2)
    store.undo()
    assert contents(store.path) == before


def test_empty_means_that_the_file_has_no_message(store):
    put(store, 5, messages=0)
    assert numbers(select(store, PruneRule(empty=True), NOW)) == [5]


def test_of_duplicates_the_newest_stays_whatever_its_layout(tmp_path: Path):
    store = SessionStorage(tmp_path)
    original = put(store, 1, used=50)
    put(store, 2, used=10)
    copy, _ = store.duplicate(original)
    third = uuid4()
    metadata, conversation, state = store.load_session(original)
    SessionStore(tmp_path).save_session(
        third,
        replace(metadata, id=third, last_accessed=moment(70), updated_at=moment(70)),
        replace(conversation, id=third),
        state,
    )
    # The same messages and one more are another conversation.
    longer = put(store, 3, used=5)
    _, another, _ = golden_session("every-item")
    metadata, conversation, state = store.load_session(longer)
    more = [*store.load_session(original)[1].messages, another.messages[-1]]
    store.save_session(longer, metadata, replace(conversation, messages=more), state)
    selection = select(store, PruneRule(duplicates=True), NOW)
    assert {entry.id for entry in selection.entries} == {original, third}
    assert str(copy) in selection.chosen[0].reasons[0]
    kept = select(store, PruneRule(duplicates=True, older_than=moment(60)), NOW)
    assert {entry.id for entry in kept.entries} == {third}


def test_a_session_is_as_old_as_its_last_use(tmp_path: Path):
    store = SessionStorage(tmp_path)
    metadata, conversation, state = store.load_session(put(store, 1, used=100))
    saved = replace(metadata, updated_at=moment(1))
    store.save_session(metadata.id, saved, conversation, state)
    assert numbers(select(store, PruneRule(older_than=moment(90)), NOW)) == []
    assert numbers(select(store, PruneRule(older_than=moment(0.5)), NOW)) == [1]


def test_the_bounds_of_age_and_size_are_exact(tmp_path: Path):
    store = SessionStorage(tmp_path)
    put(store, 1, used=90)
    (entry,) = store.scan()
    used = ns_of(entry.metadata.last_accessed)
    for limit, expected in ((used - 1, []), (used, []), (used + 1, [1])):
        assert (
            numbers(select(store, PruneRule(older_than=Timestamp.from_ns(limit)), NOW)) == expected
        )
    for limit, expected in ((entry.size - 1, [1]), (entry.size, []), (entry.size + 1, [])):
        assert numbers(select(store, PruneRule(larger_than=limit), NOW)) == expected


def test_a_file_whose_messages_are_broken_is_not_empty(tmp_path: Path):
    store = SessionStorage(tmp_path)
    put(store, 1, messages=0)
    path = Path(store.resolve(str(put(store, 2, messages=0))).path)
    whole = path.read_bytes()
    messages = v1_sections.split(whole)[1]
    # The frame of the messages is there, and nothing in it can be read.
    path.write_bytes(
        whole[: messages.start] + bytes(messages.end - messages.start) + whole[messages.end :]
    )
    rule = PruneRule(empty=True, include=frozenset(Protected))
    assert numbers(select(store, rule, NOW)) == [1]


def test_a_damaged_newer_copy_makes_no_duplicate_of_the_whole_one(tmp_path: Path):
    store = SessionStorage(tmp_path)
    original = put(store, 1, used=50, messages=10)
    copy, _ = store.duplicate(original)
    rule = PruneRule(duplicates=True, include=frozenset(Protected))
    assert {entry.id for entry in select(store, rule, NOW).entries} == {original}
    path = Path(store.resolve(str(copy)).path)
    whole = path.read_bytes()
    messages = v1_sections.split(whole)[1]
    for end in range(messages.start, messages.end, 97):
        path.write_bytes(whole[:end])
        assert select(store, rule, NOW).chosen == ()


@pytest.mark.parametrize("layout", [SessionStorage, SessionStore])
def test_large_sessions_that_end_differently_are_no_duplicates(layout, tmp_path: Path):
    """Of a large file the beginning is read first."""
    store, draw = layout(tmp_path), Random(7)
    said = [user_said(draw.randbytes(150_000).hex()) for _ in range(6)]
    for number, end in enumerate(("one", "other", "one"), 1):
        session_id = put(store, number, used=number)
        metadata, conversation, state = store.load_session(session_id)
        messages = [*said, replace(said[0], item=Message(None, "user", [InputText(end)]))]
        store.save_session(session_id, metadata, replace(conversation, messages=messages), state)
    assert numbers(select(store, PruneRule(duplicates=True), NOW)) == [3]


def test_sessions_without_messages_are_no_duplicates(store):
    for number in (5, 6):
        put(store, number, messages=0)
    assert numbers(select(store, PruneRule(duplicates=True), NOW)) == []


def test_checkpoints_that_are_listed_protect_even_when_their_files_are_gone(tmp_path: Path):
    store = SessionStorage(tmp_path)
    made = CheckpointMetadata(UUID(int=7), "here", "2026-01-01T00:00:00Z", 2, None)
    put(store, 1, checkpoints=[made])
    selection = select(store, PruneRule(keep=0), NOW)
    assert [each.why for each in selection.spared] == [Protected.CHECKPOINTS]


def test_checkpoints_that_are_there_protect_even_when_they_are_not_listed(tmp_path: Path):
    store = SessionStorage(tmp_path)
    put(store, 1)
    (entry,) = store.scan()
    store.checkpoints.create(entry, "kept")
    # A program that knows of no checkpoints saves it again.
    put(store, 1)
    selection = select(store, PruneRule(keep=0), NOW)
    assert [each.why for each in selection.spared] == [Protected.CHECKPOINTS]


@pytest.mark.parametrize("deed", [{"edited": True}, {"branch_point": True}], ids=str)
def test_what_was_edited_or_branched_is_more_than_an_import(tmp_path: Path, deed: dict):
    header = meta(id="0199aaaa-1111-7222-8333-444455556660")
    file = tmp_path / "rollout.jsonl"
    write(file, header, user("Why?"), assistant("So"))
    store = open_store(tmp_path / "store")
    (imported,) = [result.id for result in import_sessions(store, [file])]
    rule = PruneRule(imported_unchanged=True)
    assert [entry.id for entry in select(store, rule, NOW).entries] == [imported]
    metadata, conversation, state = store.load_session(imported)
    *others, last = conversation.messages
    changed = replace(last, metadata=replace(last.metadata, **deed))
    store.save_session(
        imported, metadata, replace(conversation, messages=[*others, changed]), state
    )
    assert select(store, rule, NOW).entries == []


def test_damaged_copies_are_no_duplicates(tmp_path: Path):
    store = SessionStorage(tmp_path)
    original = put(store, 1, used=50, messages=10)
    copy, _ = store.duplicate(original)
    rule = PruneRule(duplicates=True, include=frozenset(Protected))
    # One is, and then both are, and end alike.
    for each in (copy, original):
        path = Path(store.resolve(str(each)).path)
        path.write_bytes(path.read_bytes()[:-900])
        assert select(store, rule, NOW).chosen == ()


def test_imported_and_unchanged_is_what_nobody_touched(tmp_path: Path):
    root = tmp_path / "store"
    for number in range(3):
        header = meta(id=f"0199aaaa-1111-7222-8333-44445555666{number}")
        write(tmp_path / f"rollout-{number}.jsonl", header, user(f"Why? {number}"), assistant("So"))
    store = open_store(root)
    paths = sorted(tmp_path.glob("*.jsonl"))
    imported = [r.id for r in import_sessions(store, paths) if r.id]
    assert len(imported) == 3
    own = put(store, 1)
    rule = PruneRule(imported_unchanged=True)
    assert {e.id for e in select(store, rule, NOW).entries} == set(imported)
    store.update_metadata(imported[0], title="mine now")
    metadata, conversation, state = store.load_session(imported[1])
    store.save_session(imported[1], metadata, conversation, replace(state, cursor_position=1))
    assert {e.id for e in select(store, rule, NOW).entries} == {imported[2]}
    store.undo()
    assert {e.id for e in select(store, rule, NOW).entries} == {imported[0], imported[2]}
    store.update_metadata(imported[0], title="mine again")
    store.destroy(store.to_destroy())
    assert {e.id for e in select(store, rule, NOW).entries} == {imported[2]}
    for words in ("Why not?", "Why then?"):
        # What it grows by leaves the title as it is.
        for path in (paths[0], paths[2]):
            with path.open("a") as rollout:
                rollout.write(json.dumps(user(words)) + "\n")
        grown, _, other = import_sessions(store, paths)
        assert grown.outcome is other.outcome is ImportOutcome.UPDATED
        store.destroy(store.to_destroy())
        assert {e.id for e in select(store, rule, NOW).entries} == {imported[2]}
    assert own not in {e.id for e in select(store, rule, NOW).entries}
    store.append(imported[2], [user_said("and more")])
    assert {e.id for e in select(store, rule, NOW).entries} == set()


def test_what_is_precious_is_spared_unless_it_is_named(tmp_path: Path):
    root = copy_of("manager-store", tmp_path / "store")
    store = open_store(root)
    put(store, 1, is_favorite=True)
    put(store, 2)
    (root / "broken.agcx").write_bytes(b"broken")
    everything = PruneRule(keep=0)
    selection = select(store, everything, NOW)
    spared = {each.entry.title: each.why for each in selection.spared}
    assert spared == {
        "Made by the session manager": Protected.CHECKPOINTS,
        "Empty, as the TUI leaves it": Protected.CHECKPOINTS,
        "Session 1": Protected.FAVORITES,
        "broken.agcx": Protected.UNREADABLE,
    }
    assert len(selection.chosen) == 1
    counts = {Protected.CHECKPOINTS: 3, Protected.FAVORITES: 2, Protected.UNREADABLE: 2}
    for kind, count in counts.items():
        rule = dataclasses.replace(everything, include=frozenset({kind}))
        found = select(store, rule, NOW)
        assert len(found.chosen) == count
        assert kind not in {each.why for each in found.spared}
    named = select(store, dataclasses.replace(everything, include=frozenset(Protected)), NOW)
    assert named.spared == ()
    # With their checkpoints they are larger than their files.
    assert named.size > sum(entry.size for entry in named.entries)


def test_what_an_agent_may_be_writing_is_spared(store):
    for entry in list(store.scan()):
        put(store, entry.id.int >> 96, used=0)
    just_now = next(iter(store.scan())).mtime_ns + 60 * 10**9
    selection = select(store, PruneRule(keep=0), just_now)
    assert selection.chosen == ()
    assert {each.why for each in selection.spared} == {Protected.IN_USE}


def test_it_stops_when_told_and_then_takes_nothing(store):
    calls = 0

    def stop() -> bool:
        nonlocal calls
        calls += 1
        return calls > 6

    selection = select(store, PruneRule(directory="/src"), NOW, should_stop=stop)
    assert not selection.complete
    assert selection.chosen == ()
    told = []
    select(store, PruneRule(directory="/src"), NOW, progress=lambda *at: told.append(at))
    assert told == [(0, 4), (1, 4), (2, 4), (3, 4)]
