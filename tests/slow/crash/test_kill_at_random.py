"""A writer killed at any instant, again and again on one store: nothing is lost, nothing left over.

The child tells through a pipe what it is about to do and what it has done, so the test knows what
may be found: all that was done, and of the one thing begun either nothing or the whole.
"""

from __future__ import annotations

import json
import os
import random
import shutil
from collections import Counter
from pathlib import Path
from uuid import UUID

import pytest

from agcx_format import SessionStorage, SessionStore, open_store
from agcx_format.errors import NothingToUndo, UndoConflict
from tests.slow.crash.processes import killed_after
from tests.slow.crash.versions import assert_clean, live, session, trashed

IDS = [UUID(int=n << 96 | 0xC0FFEE) for n in range(1, 7)]

# What is where: the versions that are live, and those that were deleted.
Model = tuple[dict[UUID, int], Counter[tuple[UUID, int]]]


def observed(root: Path) -> Model:
    return live(root), trashed(root)


class Worker:
    """Changes a store at random for ever, and tells of each change before and after it."""

    def __init__(self, root: Path, seed: int, pipe: int) -> None:
        self.store = open_store(root)
        self.chance = random.Random(seed)
        self.pipe = pipe
        self.model = observed(root)
        self.version = seed * 1000

    def work(self) -> None:
        actions = [self.save, self.save, self.delete, self.undo, self.edit, self.duplicate]
        while True:
            self.chance.choice(actions)()

    def tell(self, word: str, model: Model) -> None:
        shown, gone = model
        plain = [
            word,
            {str(key): value for key, value in shown.items()},
            [[str(session_id), version] for session_id, version in gone.elements()],
        ]
        os.write(self.pipe, json.dumps(plain).encode() + b"\n")

    def change(self, after: Model, does) -> None:
        self.tell("begin", after)
        try:
            does()
        except UndoConflict:
            # Something was saved where the act's files belong: it stays as it was.
            after = self.model
        self.model = after
        self.tell("done", after)

    def save(self) -> None:
        self.version += 1
        session_id = self.chance.choice(IDS)
        shown, gone = self.model
        value = session(session_id, self.version, self.chance.choice([300, 30_000, 300_000]))
        self.change(
            ({**shown, session_id: self.version}, gone),
            lambda: self.store.save_session(session_id, *value),
        )

    def delete(self) -> None:
        shown, gone = self.model
        chosen = [e for e in self.store.scan() if self.chance.random() < 0.5]
        ids = {entry.id for entry in chosen}
        if ids:
            left = {key: version for key, version in shown.items() if key not in ids}
            more = Counter((key, shown[key]) for key in ids)
            self.change((left, gone + more), lambda: self.store.delete(chosen))

    def undo(self) -> None:
        shown, gone = self.model
        # What an undo does is found out from the act itself, before it is done.
        try:
            act = self.store.acts()[0]
        except IndexError:
            with pytest.raises(NothingToUndo):
                self.store.undo()
            return
        home = self.store.path / "trash" / act.id
        back = trashed_in(home) if act.kind == "delete" else Counter()
        left = dict(shown)
        if act.kind == "duplicate":
            for each in act.sessions:
                left.pop(UUID(each.id), None)
        left |= dict(back)
        self.change((left, gone - Counter(back.items())), self.store.undo)

    def edit(self) -> None:
        chosen = [e for e in self.store.scan() if self.chance.random() < 0.7]
        edits = [(entry, {"tags": [str(self.version)]}) for entry in chosen]
        if edits:
            self.change(self.model, lambda: self.store.update_many(edits))

    def duplicate(self) -> None:
        """A copy has an id of its own, which nobody knows before: it is taken away again at once."""
        shown, _ = self.model
        if not shown or len(shown) > 8:
            return
        self.tell("duplicate", self.model)
        self.store.duplicate(self.chance.choice(sorted(shown)))
        self.store.undo()
        self.tell("done", self.model)


def trashed_in(home: Path) -> dict[UUID, int]:
    from tests.slow.crash.versions import version_of

    return dict(version_of(path) for path in (home / "files").glob("**/*.agcx"))


def told(pipe: int) -> tuple[Model | None, list[Model], bool]:
    """What was last done, what may have been done since, and whether a copy was being made."""
    lines = b""
    while chunk := os.read(pipe, 1 << 16):
        lines += chunk
    done, begun, copying = None, [], False
    # The last line may be half a line.
    for line in lines.split(b"\n")[:-1]:
        word, shown, gone = json.loads(line)
        model = (
            {UUID(key): version for key, version in shown.items()},
            Counter((UUID(key), version) for key, version in gone),
        )
        copying = word == "duplicate"
        if word == "done":
            done, begun = model, []
        else:
            begun = [model]
    return done, begun, copying


@pytest.mark.parametrize("facade", [SessionStorage, SessionStore], ids=["layout 1", "layout 2"])
def test_killed_at_random(facade: type, tmp_path: Path, kills: int):
    chance = random.Random(len(facade.__name__))
    root = tmp_path / "store"
    acted = interrupted = 0
    for number in range(1, kills + 1):
        if number % 25 == 1:
            # A store with a hundred acts in its trash is slow to look through here.
            shutil.rmtree(root, ignore_errors=True)
            facade(root).save_session(IDS[0], *session(IDS[0], 1))
        before = observed(root)
        reading, writing = os.pipe()
        worker = Worker(root, number, writing)
        killed_after(chance.uniform(0, 0.1), worker.work, reading)
        os.close(writing)
        done, begun, copying = told(reading)
        os.close(reading)
        # What was done is durable, with what was begun either whole or not at all.
        possible = [before if done is None else done, *begun]
        shown, gone = observed(root)
        if copying:
            extra = {key: shown.pop(key) for key in set(shown) - set(possible[0][0])}
            assert len(extra) <= 1
        assert (shown, gone) in possible
        acted += done is not None
        interrupted += bool(begun)
        assert_clean(root)
    assert acted
    assert interrupted
