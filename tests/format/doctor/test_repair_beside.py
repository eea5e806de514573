"""A damaged session is repaired beside itself, as one act, which undo takes back."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from agcx_format import Message, new_message, new_session
from agcx_format.doctor import repair_beside, verify_file
from agcx_format.errors import CorruptData, StaleSession
from agcx_format.model.items import InputText
from agcx_format.store.store import Store, open_store
from tests.support.stores import contents


@pytest.fixture(params=[1, 2])
def damaged(tmp_path: Path, request: pytest.FixtureRequest) -> Store:
    """A store with one session, the end of which is cut off."""
    store = Store(tmp_path / "history", layout=request.param)
    # More than a block of zstd, of which nothing can be read unless all of it is there.
    words = [random.Random(number).randbytes(60_000).hex() for number in range(4)]
    messages = [new_message(Message(None, "user", [InputText(text)])) for text in words]
    session = new_session(title="Cut off", messages=messages)
    store.save_session(session.metadata.id, *session)
    (entry,) = store.scan()
    data = Path(entry.path).read_bytes()
    Path(entry.path).write_bytes(data[: len(data) * 3 // 4])
    return open_store(store.path)


def test_what_can_be_read_becomes_a_new_session_and_undo_removes_it(damaged):
    before = contents(damaged.path)
    (entry,) = damaged.scan()
    done = repair_beside(damaged, entry, lambda title: f"{title} (repaired)")
    assert done is not None
    assert done.act.kind == "repair"
    assert done.repair.lost
    metadata = damaged.load_session(done.id)[0]
    assert metadata.id == done.id != entry.id
    assert metadata.title == "Cut off (repaired)"
    assert metadata.message_count == done.repair.messages
    repaired = next(each for each in damaged.scan() if each.id == done.id)
    assert verify_file(repaired.path).ok
    # The damaged file is as it was, and nothing else is left in the trash but the act.
    assert (
        Path(entry.path).read_bytes()
        == before[Path(entry.path).relative_to(damaged.path).as_posix()]
    )
    assert not [name for name in contents(damaged.path, trash=True) if "staging" in name]
    damaged.undo()
    assert contents(damaged.path) == before


def test_a_file_that_changed_or_that_holds_nothing_is_refused(damaged):
    (entry,) = damaged.scan()
    path = Path(entry.path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(StaleSession):
        repair_beside(damaged, entry)
    path.write_bytes(b"AGCX")
    (entry,) = damaged.scan()
    with pytest.raises(CorruptData):
        repair_beside(damaged, entry)
    assert damaged.acts() == []


def test_an_intact_session_is_not_repaired(tmp_path):
    store = Store(tmp_path / "history")
    session = new_session(title="Intact")
    store.save_session(session.metadata.id, *session)
    assert repair_beside(store, next(iter(store.scan()))) is None
    assert store.acts() == []
