"""Acts asked for in quick succession are done one after the other, in that order, each as it was meant."""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agcx_format.errors import NothingToUndo, PersistenceError, StaleSession, UndoConflict
from agcx_format.store.store import open_store
from agcx_tui.core.store import store_work, watch
from agcx_tui.core.store.act_queue import ActQueue, NotConfirmed, StoreReplaced
from agcx_tui.core.store.opened_store import OpenedStore
from tests.support.browsing import (
    demo_copy,
)
from tests.support.examples import some_of
from tests.support.stores import contents

# A few sessions of the demo, by the beginnings of their ids.
FEW = 4


class Model:
    """What a store should hold: title and star of each session, and what can be undone."""

    def __init__(self, sessions: dict[str, tuple[str, bool]]) -> None:
        self.sessions = sessions
        self.undoable: list[dict[str, tuple[str, bool] | None]] = []
        # Whether what was asked for last came about, and was no undo.
        self.last = ""

    def _act(self, changed: dict[str, tuple[str, bool] | None]) -> None:
        if not changed:
            self.last = "failed"
            return
        self.undoable.append({name: self.sessions.get(name) for name in changed})
        self._set(changed)
        self.last = "done"

    def _set(self, changed: dict[str, tuple[str, bool] | None]) -> None:
        for name, value in changed.items():
            if value is None:
                self.sessions.pop(name, None)
            else:
                self.sessions[name] = value

    def there(self, names: list[str]) -> list[str]:
        return [name for name in names if name in self.sessions]

    def star(self, names: list[str]) -> None:
        names = self.there(names)
        star = not all(self.sessions[name][1] for name in names)
        self._act({name: (self.sessions[name][0], star) for name in names})

    def rename(self, names: list[str], title: str) -> None:
        named = {name: (title, self.sessions[name][1]) for name in self.there(names)}
        changed = any(self.sessions[name] != value for name, value in named.items())
        self._act(named if changed else {})

    def delete(self, names: list[str]) -> None:
        self._act(dict.fromkeys(self.there(names)))

    def undo(self) -> None:
        if self.last == "failed" or not self.undoable:
            self.last = "failed"
        else:
            self._set(self.undoable.pop())
            self.last = "done"


def held(store) -> dict[str, tuple[str, bool]]:
    return {
        str(entry.id): (entry.metadata.title, entry.metadata.is_favorite) for entry in store.scan()
    }


@contextmanager
def few_sessions():
    with TemporaryDirectory() as folder:
        path = demo_copy(Path(folder) / "history")
        readable = [
            e for e in open_store(path).scan() if e.metadata is not None and e.error is None
        ]
        for entry in readable[FEW:]:
            os.unlink(entry.path)
        for entry in open_store(path).scan():
            if entry.metadata is None or entry.error is not None:
                os.unlink(entry.path)
        yield open_store(path)


ACTS = st.one_of(
    st.tuples(st.just("star"), st.sets(st.integers(0, FEW - 1), min_size=1, max_size=2)),
    st.tuples(st.just("rename"), st.sets(st.integers(0, FEW - 1), min_size=1, max_size=1)),
    st.tuples(st.just("delete"), st.sets(st.integers(0, FEW - 1), min_size=1, max_size=2)),
    st.tuples(st.just("undo"), st.just(frozenset())),
)


@settings(max_examples=some_of(25))
@given(st.lists(ACTS, max_size=8))
def test_whatever_is_asked_for_while_an_act_runs_happens_in_that_order(asked):
    with few_sessions() as store:
        model, queue = Model(held(store)), ActQueue(store)
        ids = sorted(model.sessions)
        paths = {str(entry.id): entry.path for entry in store.scan()}
        gate = threading.Event()
        # The first one runs until all are asked for.
        queue.run(lambda store: gate.wait() and None)
        model.last = "failed"
        for number, (kind, chosen) in enumerate(asked):
            names = [ids[each] for each in sorted(chosen)]
            files = [(paths[name], None) for name in names]
            if kind == "star":
                queue.run(lambda s, files=files: store_work.toggle_favorite(s, files))
                model.star(names)
            elif kind == "rename":
                title = f"title {number // 2}"
                queue.run(
                    lambda s, files=files, title=title: store_work.edit(
                        s, files, lambda metadata: {"title": title}
                    )
                )
                model.rename(names, title)
            elif kind == "delete":
                queue.run(lambda s, files=files: store_work.delete(s, files))
                model.delete(names)
            else:
                queue.undo()
                model.undo()
        last = queue.run(lambda store: None)
        gate.set()
        last.result(timeout=60)
        assert held(store) == model.sessions


def test_an_undo_of_what_did_not_come_about_undoes_nothing_else():
    with few_sessions() as store:
        queue, gate = ActQueue(store), threading.Event()
        entry = next(store.scan())
        queue.run(lambda s: store_work.toggle_favorite(s, [(entry.path, None)])).result(timeout=60)
        starred = held(store)
        queue.run(lambda s: gate.wait() and None)
        # It was starred meanwhile.
        stale = [(entry.path, entry.signature)]
        deletion = queue.run(lambda s: store_work.delete(s, stale))
        undo = queue.undo()
        # Such as an act that destroyed something.
        queue.run(lambda s: None)
        after_nothing = queue.undo()
        gate.set()
        with pytest.raises(StaleSession):
            deletion.result(timeout=60)
        with pytest.raises(NothingToUndo, match="the last change failed"):
            undo.result(timeout=60)
        with pytest.raises(NothingToUndo, match="the last change left nothing to undo"):
            after_nothing.result(timeout=60)
        assert held(store) == starred
        assert queue.undo().result(timeout=60) is not None
        assert held(store) != starred


def test_only_what_this_run_did_is_undone_without_being_confirmed():
    with few_sessions() as store:
        queue, entry = ActQueue(store), next(store.scan())
        elsewhere = store.delete([next(each for each in store.scan() if each.id != entry.id)])
        queue.run(lambda s: store_work.toggle_favorite(s, [(entry.path, None)]))
        assert queue.undo().result(timeout=60) is not None
        left = held(store)
        # The second of two keys is about the same question.
        for undo in (queue.undo(), queue.undo()):
            with pytest.raises(NotConfirmed) as asked:
                undo.result(timeout=60)
            assert asked.value.act.id == elsewhere.id
        assert held(store) == left
        queue.undo(elsewhere.id, confirmed=asked.value).result(timeout=60)
        assert len(held(store)) == FEW
        with pytest.raises(NothingToUndo):
            queue.undo().result(timeout=60)


def test_what_came_before_a_destruction_is_asked_about_once_whoever_did_it():
    with few_sessions() as store:
        queue = ActQueue(store)
        one, two, three = list(store.scan())[:3]
        before = [
            queue.run(lambda s, e=entry: store_work.delete(s, [(e.path, e.signature)])).result(60)
            for entry in (one, two)
        ]
        (gone,) = store.destroy_sessions([three]).acts
        with pytest.raises(NotConfirmed) as asked:
            queue.undo().result(timeout=60)
        assert asked.value.act == before[1].act
        assert [act.id for act in asked.value.destroyed] == [gone.id]
        queue.undo(asked.value.act.id, confirmed=asked.value).result(timeout=60)
        queue.undo().result(timeout=60)
        assert len(held(store)) == FEW - 1


def test_an_act_that_is_named_is_undone_whatever_was_destroyed_since():
    with few_sessions() as store:
        queue = ActQueue(store)
        one, two = list(store.scan())[:2]
        files = [(one.path, one.signature)]
        done = queue.run(lambda s: store_work.delete(s, files)).result(timeout=60)
        store.destroy_sessions([two])
        queue.undo(done.act.id).result(timeout=60)
        assert len(held(store)) == FEW - 1
        with pytest.raises(NothingToUndo, match="undone or destroyed already"):
            queue.undo(done.act.id).result(timeout=60)
        with pytest.raises(NothingToUndo, match=r"destroying 1 session \(.*, cannot be undone"):
            queue.undo().result(timeout=60)


def test_what_stands_in_the_way_of_an_undo_is_named_by_its_titles():
    with few_sessions() as store:
        queue, entries = ActQueue(store), list(store.scan())[:2]
        files = [(entry.path, entry.signature) for entry in entries]
        queue.run(lambda s: store_work.delete(s, files)).result(timeout=60)
        for entry in entries:
            Path(entry.path).write_bytes(b"saved again by an agent")
        with pytest.raises(UndoConflict) as failed:
            queue.undo().result(timeout=60)
        assert str(failed.value).startswith("2 sessions have changed since: ")
        assert all(f"“{entry.title}”" in str(failed.value) for entry in entries)


def test_a_fault_in_an_act_is_told_and_the_next_one_is_done():
    with few_sessions() as store:
        queue = ActQueue(store)
        failed = queue.run(lambda s: 1 / 0)
        entry = next(store.scan())
        done = queue.run(lambda s: store_work.delete(s, [(entry.path, None)]))
        assert done.result(timeout=60) is not None
        with pytest.raises(PersistenceError, match="division"):
            failed.result(timeout=60)


async def test_whoever_stops_waiting_for_an_act_does_not_stop_it():
    with few_sessions() as store:
        queue, gate = ActQueue(store), threading.Event()
        entry = next(store.scan())
        queue.run(lambda s: gate.wait() and None)
        deletion = queue.run(lambda s: store_work.delete(s, [(entry.path, None)]))

        async def wait() -> None:
            await deletion

        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        gate.set()
        await deletion
        assert str(entry.id) not in held(store)


async def test_every_screen_hears_of_an_act_before_the_next_one_begins():
    with few_sessions() as store:
        opened, heard, seen = OpenedStore(), [], []
        opened.acted.subscribe(lambda outcome: heard.append(outcome.act.id))
        waiting = asyncio.create_task(opened.opened())
        opened.use(store, None)
        acts = await waiting
        entry = next(store.scan())
        star = acts.run(lambda s: store_work.toggle_favorite(s, [(entry.path, None)]))
        acts.run(lambda s: seen.extend(heard))
        outcome = await star
        await acts.run(lambda s: None)
        assert heard == seen == [outcome.act.id]


@pytest.mark.parametrize("copied", ["anew", "as links to the same files"])
def test_an_act_meant_for_one_store_is_not_done_to_another_at_its_place(copied):
    with few_sessions() as store:
        queue = ActQueue(store, watch.directory(str(store.path)))
        files = [(entry.path, entry.signature) for entry in store.scan()]
        aside = store.path.with_name("aside")
        store.path.rename(aside)
        copy = shutil.copy2 if copied == "anew" else os.link
        shutil.copytree(aside, store.path, copy_function=copy)
        before = contents(store.path, trash=True)
        for act in (queue.run(lambda s: store_work.delete(s, files)), queue.undo()):
            with pytest.raises(StoreReplaced):
                act.result(timeout=60)
        assert contents(store.path, trash=True) == before
