"""What changes a session that is too large for memory does to it what it does to any other."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
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
    limits,
    new_message,
    new_session,
    open_store,
    write_session,
)
from agcx_format.codec.zstd import seekable
from agcx_format.model.items import FunctionCall, FunctionCallOutput
from agcx_format.model.streamed import StreamedMessages
from agcx_format.session.streamed import stream_session
from tests.support.everything import everything
from tests.support.stores import contents

A, B, C = (UUID(int=number) for number in (0xA, 0xB, 0xC))
LAYOUTS = pytest.mark.parametrize(
    "kind", [SessionStorage, SessionStore], ids=["layout 1", "layout 2"]
)


def filled(kind: type[Store], root: Path) -> Store:
    """Two sessions with some ids in common, and frames of a few messages in layout 1."""
    store = kind(root)
    metadata, conversation, state = everything()
    store.save_session(
        A, replace(metadata, id=A, checkpoints=[]), replace(conversation, id=A), state
    )
    messages = [
        each
        for turn in range(40)
        for each in (
            new_message(Message(None, "user", [InputText(f"ask {turn} " * 20)]), turn_index=turn),
            new_message(FunctionCall(None, "f", "{}", f"c{turn}"), turn_index=turn),
            new_message(FunctionCallOutput(f"c{turn}", f"hunter22 {turn}"), turn_index=turn),
        )
    ]
    messages += conversation.messages[:3]
    second = new_session(id=B, title="Second", messages=messages)
    store.save_session(B, *second)
    store.rebuild_index()
    return store


def entry(store: Store, session_id: UUID = A):
    return store.resolve(str(session_id))


def redact(store: Store) -> None:
    found = store.content.review([entry(store, B)], texts={"hunter22": None})
    assert len(found) == 40
    store.content.redact(found)


ACTS: dict[str, Callable[[Store], object]] = {
    "convert": lambda store: store.convert(store.scan(), 3 - store.layout),
    "split": lambda store: store.split(B, 50, title="Rest"),
    "join": lambda store: store.content.join(entry(store), entry(store, B)),
    "join, the other way": lambda store: store.content.join(entry(store, B), entry(store)),
    "delete": lambda store: store.content.delete_messages(entry(store, B), [0, 4, 119]),
    "replace": lambda store: store.content.replace_text(entry(store, B), 3, "ask", "tell"),
    "purge": lambda store: store.content.purge_history(entry(store)),
    "purge nothing": lambda store: store.content.purge_history(entry(store, B)),
    "move": lambda store: store.content.move([(entry(store), {}), (entry(store, B), {})], "/else"),
    "redact": redact,
}


def said(store: Store) -> list[object]:
    """All sessions, without what depends on when they were written, or is new each time."""
    found = []
    for each in sorted(store.scan(), key=lambda each: each.title):
        metadata, conversation, state = store.load_session(each.id)
        made = {"updated_at": "", "last_accessed": "", "id": A, "file_size": 0}
        fields = {name: getattr(metadata, name) for name in metadata.__struct_fields__} | made
        ids: dict[UUID | None, int] = {None: -1}
        messages = []
        for message in conversation.messages:
            notes = message.metadata
            own = ids.setdefault(notes.message_id, len(ids))
            parent = ids.get(notes.parent_message_id)
            history = [item for _, item in notes.edit_history]
            messages.append((own, parent, message.turn_index, message.item, history))
        del fields["compression_ratio"]
        found.append((fields, messages, conversation.context, conversation.mode_history, state))
    return found


@LAYOUTS
def test_an_act_does_the_same_to_a_session_that_is_not_held_in_memory(kind, tmp_path, monkeypatch):
    monkeypatch.setattr(seekable, "THRESHOLD", 4_000)
    monkeypatch.setattr(seekable, "FRAME", 2_000)
    store = filled(kind, tmp_path)
    before = contents(store.path)
    for name, act in ACTS.items():
        results = []
        for size in (limits.MIB, 0):
            monkeypatch.setattr(limits, "SESSION_IN_MEMORY", size)
            act(store)
            results.append(said(open_store(store.path)))
            if contents(store.path) != before:
                store.undo()
            assert contents(store.path) == before
        assert results[0] == results[1], name


@LAYOUTS
def test_a_converted_session_is_the_same_to_the_byte(kind, tmp_path, monkeypatch):
    store = filled(kind, tmp_path)
    files = []
    for size in (limits.MIB, 0):
        monkeypatch.setattr(limits, "SESSION_IN_MEMORY", size)
        store.convert(store.scan(), 3 - store.layout)
        files.append({each.id: Path(each.path).read_bytes() for each in store.scan()})
        store.undo()
    assert files[0] == files[1]


@LAYOUTS
@pytest.mark.parametrize("damage", ["cut", "replaced"])
def test_a_damaged_one_is_refused_and_nothing_changes(kind, damage, tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "SESSION_IN_MEMORY", 0)
    store = filled(kind, tmp_path)
    seen = entry(store, B)
    path = Path(seen.path)
    data = path.read_bytes()
    path.write_bytes(data[:-40] if damage == "cut" else data)
    expected: type[PersistenceError] = StaleSession
    if damage == "cut":
        seen, expected = entry(store, B), PersistenceError
    before = contents(store.path)
    with pytest.raises(expected):
        store.content.delete_messages(seen, [0])
    with pytest.raises(PersistenceError):
        store.convert([seen], 3 - store.layout)
    assert contents(store.path) == before
    assert store.acts() == []


def test_what_changes_between_two_passes_is_another_session(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "SESSION_IN_MEMORY", 0)
    store = filled(SessionStorage, tmp_path)
    messages = stream_session(entry(store).path)[1].messages
    assert isinstance(messages, StreamedMessages)
    assert list(messages) == messages
    assert [messages[-1], messages[1], *messages[5:2:-1]] == [
        list(messages)[number] for number in (-1, 1, 5, 4, 3)
    ]
    store.append(A, [new_message(FunctionCallOutput("c", "done"))])
    with pytest.raises(StaleSession):
        list(messages)


# MiB that the acts may take, and messages of one MiB in each of two sessions.
ROOM = 40
COUNT = 12

# In a process of its own: how much more memory they took at most, in MiB, than opening the store.
_MEASURE = """
import sys
from pathlib import Path
from uuid import UUID
from agcx_format import limits, open_store

limits.SESSION_IN_MEMORY = 0
store = open_store(sys.argv[1])
a, b = (store.resolve(str(UUID(int=number))) for number in (1, 2))

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))

def joined():
    return store.resolve(str(UUID(int=1)))

before = peak()
store.content.join(a, b)
store.convert([joined()], 2)
store.update_metadata(UUID(int=1), title="Both")
store.content.redact(store.content.review([joined()], secrets=False, texts={"needle": None}))
store.split(UUID(int=1), 5)
print((peak() - before) // 1024)
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="measures memory by /proc")
def test_memory_does_not_grow_with_the_session(tmp_path):
    text = Message(None, "user", [InputText("x" * limits.MIB + " needle")])
    for number in (1, 2):
        session = new_session(id=UUID(int=number), messages=[new_message(text)] * COUNT)
        write_session(tmp_path / f"{UUID(int=number)}.agcx", *session, level=1)
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, tmp_path],
        capture_output=True,
        text=True,
        # Large blocks are given back at once, so that what is measured is what is in use.
        env=os.environ | {"MALLOC_MMAP_THRESHOLD_": "65536"},
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < ROOM, done.stdout
