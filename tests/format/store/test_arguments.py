"""What is no session, act or checkpoint is refused by its name before anything happens."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from agcx_format import Store, open_store
from agcx_format.store.subagents import subagents_of
from tests.support.stores import contents, copy_of


def uses(store: Store, wrong: Any, entry: Any) -> dict[str, list[Any]]:
    """Every method that takes one, by the name of what it takes."""
    content, checkpoints = store.content, store.checkpoints
    return {
        "ScanEntry": [
            lambda: store.delete([wrong]),
            lambda: store.update_many([(wrong, {"title": "x"})]),
            lambda: store.add_repaired(wrong),
            lambda: store.convert([wrong], 2),
            lambda: store.losses(wrong, 2),
            lambda: store.back_up(store.path / "backup.tar", [wrong]),
            lambda: store.at_work([wrong], 0),
            lambda: subagents_of([wrong], store.scan()),
            lambda: content.review([wrong]),
            lambda: content.move([(wrong, {})], "/"),
            lambda: content.delete_messages(wrong, [0]),
            lambda: content.replace_text(wrong, 0, "a", "b"),
            lambda: content.purge_history(wrong),
            lambda: content.join_losses(entry, wrong),
            lambda: content.join(wrong, entry),
            lambda: checkpoints.of(wrong),
            lambda: checkpoints.create(wrong, "x"),
        ],
        "TrashedSession": [lambda: store.restore([wrong])],
        "Incoming": [lambda: store.copy_in([wrong])],
        "Act": [lambda: store.destroy([wrong]), lambda: content.holding(wrong)],
        "StoredCheckpoint": [
            lambda: checkpoints.open(wrong),
            lambda: checkpoints.rename(wrong, "x"),
            lambda: checkpoints.delete([wrong]),
            lambda: checkpoints.restore(wrong),
            lambda: checkpoints.go_back(wrong),
        ],
        "str": [lambda: store.undo(wrong), lambda: store.next_to_undo(wrong)],
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
    assert contents(tmp_path, trash=True) == before


def test_the_refusal_says_where_to_get_one(tmp_path: Path):
    store = open_store(copy_of("v1", tmp_path / "store"))
    session_id = UUID(int=7)
    with pytest.raises(TypeError, match="`resolve` that of an id"):
        store.delete([session_id])  # type: ignore[list-item]
