"""What is no session, act or checkpoint is refused by its name before anything happens."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from agcx_format import Store, open_store
from agcx_format.importing import default_places, import_sessions, look, look_at
from agcx_format.store.subagents import subagents_of
from tests.support.stores import contents, copy_of


def uses(store: Store, wrong: Any, entry: Any) -> dict[str, list[partial[Any]]]:
    """Every method that takes one, by the name of what it takes."""
    content, checkpoints = store.content, store.checkpoints
    return {
        "ScanEntry": [
            partial(store.delete, [wrong]),
            partial(store.update_many, [(wrong, {"title": "x"})]),
            partial(store.add_repaired, wrong),
            partial(store.convert, [wrong], 2),
            partial(store.losses, wrong, 2),
            partial(store.destroy_sessions, [wrong]),
            partial(store.back_up, store.path / "backup.tar", [wrong]),
            partial(store.at_work, [wrong], 0),
            partial(subagents_of, [wrong], store.scan()),
            partial(content.review, [wrong]),
            partial(content.move, [(wrong, {})], "/"),
            partial(content.delete_messages, wrong, [0]),
            partial(content.replace_text, wrong, 0, "a", "b"),
            partial(content.purge_history, wrong),
            partial(content.join_losses, entry, wrong),
            partial(content.join, wrong, entry),
            partial(checkpoints.of, wrong),
            partial(checkpoints.create, wrong, "x"),
        ],
        "TrashedSession": [partial(store.restore, [wrong])],
        "Incoming": [partial(store.copy_in, [wrong])],
        "Act": [partial(store.destroy, [wrong]), partial(content.holding, wrong)],
        "StoredCheckpoint": [
            partial(checkpoints.open, wrong),
            partial(checkpoints.rename, wrong, "x"),
            partial(checkpoints.delete, [wrong]),
            partial(checkpoints.restore, wrong),
            partial(checkpoints.go_back, wrong),
        ],
        "MessageSnapshot": [partial(store.append, entry.id, [wrong])],
        "str": [partial(store.undo, wrong), partial(store.next_to_undo, wrong)],
    }


@pytest.mark.parametrize("what", ["id", "metadata", "nothing"])
def test_what_is_none_is_refused_by_its_name(tmp_path: Path, what: str):
    store = open_store(copy_of("v1", tmp_path / "store"))
    entry = next(each for each in store.scan() if each.metadata)
    wrong = {"id": entry.id, "metadata": entry.metadata, "nothing": object()}[what]
    before = contents(tmp_path, trash=True)
    for name, calls in uses(store, wrong, entry).items():
        for number, call in enumerate(calls):
            with pytest.raises(TypeError, match=f"this takes an? {name} "):
                pytest.fail(f"{name} {number}: {call()}")
            assert " TypeError: " in (call.func.__doc__ or ""), call.func
    assert contents(tmp_path, trash=True) == before


def test_a_session_is_resolved_by_whatever_names_it(tmp_path: Path):
    store = open_store(copy_of("v1", tmp_path / "store"))
    entry = next(each for each in store.scan() if each.metadata)
    for name in (str(entry.id), entry.id, entry.path, Path(entry.path)):
        assert store.resolve(name) == entry
    assert store.entry(Path(entry.path)) == entry
    with pytest.raises(TypeError, match="not SessionMetadata"):
        store.resolve(entry.metadata)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="`resolve` takes an id"):
        store.entry(entry.id)  # type: ignore[arg-type]


def test_the_refusal_says_where_to_get_one(tmp_path: Path):
    store = open_store(copy_of("v1", tmp_path / "store"))
    session_id = UUID(int=7)
    with pytest.raises(TypeError, match="`resolve` that of an id"):
        store.delete([session_id])  # type: ignore[list-item]


def test_the_refusal_of_an_id_says_of_what_it_is(tmp_path: Path):
    store = open_store(copy_of("v1", tmp_path / "store"))
    session_id = next(each.id for each in store.scan() if each.metadata)
    with pytest.raises(TypeError, match="a session's id is a UUID, not 'release'"):
        store.open_session("release")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="a checkpoint's id is a UUID, not 'release'"):
        store.load_checkpoint(session_id, "release")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "use",
    [
        lambda store, path, name: import_sessions(store, [path], agent=name),
        lambda store, path, name: look_at(store, [path], name),
        lambda store, path, name: look(store, [name]),
        lambda store, path, name: default_places(name),
    ],
    ids=["import_sessions", "look_at", "look", "default_places"],
)
def test_the_name_of_an_agent_is_refused_in_its_place(use, tmp_path: Path):
    store = open_store(copy_of("v1", tmp_path / "store"))
    with pytest.raises(TypeError, match="an Agent .`agent_named` gives .*, not 'codex'"):
        list(use(store, tmp_path, "codex"))
