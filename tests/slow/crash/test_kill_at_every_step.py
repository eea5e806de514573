"""A writer killed before each single thing that it does to a file leaves the old or the new."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from msgspec.structs import replace

from agcx_format import (
    FunctionCallOutput,
    SessionStorage,
    SessionStore,
    Store,
    new_message,
    open_store,
    read_session,
)
from agcx_format.doctor import repair_beside
from agcx_format.importing import import_sessions
from agcx_format.store import Archive, Incoming, find_incoming
from tests.slow.crash.processes import killed_at
from tests.slow.crash.versions import assert_clean, session, version_of
from tests.support.rollout_lines import meta, user, write
from tests.support.stores import contents

A, B, C = (UUID(int=n << 96 | 0xC0FFEE) for n in (1, 2, 3))


@dataclass(frozen=True)
class Action:
    """`before` brings the store to where `does` begins; `loses` says that it may drop the old."""

    name: str
    does: Callable[[Store], object]
    before: Callable[[Store], object] = lambda store: None
    loses: bool = False


def one(store: Store, session_id: UUID):
    return next(entry for entry in store.scan() if entry.id == session_id)


def tag(store: Store, name: str) -> None:
    store.update_many([(entry, {"tags": [name]}) for entry in list(store.scan())])


def work_on(store: Store) -> None:
    with store.editing(A) as editor:
        editor.add(FunctionCallOutput("c", "added"))
        editor.update(title="worked on")


def copy_in(store: Store) -> None:
    """From a store of layout 1, with a checkpoint."""
    other = SessionStorage(store.path.parent / "other")
    if C not in other:
        other.save_session(C, *session(C, 9))
        with other.editing(C) as editor:
            editor.checkpoint("copied")
    store.copy_in(each for each in find_incoming(other.path) if isinstance(each, Incoming))


def import_some(store: Store, *words: str) -> None:
    """One session has grown since the last import, another is new."""
    folder = store.path.with_name(f"{store.path.name}-rollouts")
    folder.mkdir(exist_ok=True)
    write(folder / "grown.jsonl", meta(id=str(B)), *map(user, words))
    for number in range(len(words)):
        write(folder / f"{number}.jsonl", meta(id=str(UUID(int=number + 9))), user("new"))
    for _ in import_sessions(store, [folder]):
        pass


def import_once(store: Store) -> None:
    store.delete([one(store, B)])
    store.empty_trash()
    import_some(store, "one")


ACTIONS = [
    Action("copy in", copy_in),
    Action("import", lambda s: import_some(s, "one", "two"), import_once),
    Action("undo an import", lambda s: s.undo(),
           lambda s: (import_once(s), import_some(s, "one", "two"))),
    Action("append", lambda s: s.append(A, [new_message(FunctionCallOutput("c", "x"))]), loses=True),
    Action("work on", work_on, loses=True),
    Action("save a new one", lambda s: s.save_session(C, *session(C, 9))),
    Action("save over", lambda s: s.save_session(A, *session(A, 2)), loses=True),
    Action("delete", lambda s: s.delete([one(s, A)])),
    Action("delete all", lambda s: s.delete(list(s.scan()))),
    Action("undo a delete", lambda s: s.undo(), lambda s: s.delete(list(s.scan()))),
    Action("edit", lambda s: s.update_metadata(A, title="new", is_favorite=True)),
    Action("edit all", lambda s: tag(s, "bulk")),
    Action("undo an edit", lambda s: s.undo(), lambda s: tag(s, "bulk")),
    Action("duplicate", lambda s: s.duplicate(A, title="copy")),
    Action("undo a copy", lambda s: s.undo(), lambda s: s.duplicate(A, title="copy")),
    Action("bring back", lambda s: s.restore(s.trash()), lambda s: s.delete(list(s.scan()))),
    Action("undo a bringing back", lambda s: s.undo(),
           lambda s: (s.delete([one(s, A)]), s.restore(s.trash()))),
    Action("undo an older act", lambda s: s.undo(s.acts()[1].id),
           lambda s: (s.delete([one(s, A)]), s.delete([one(s, B)]))),
]  # fmt: skip


def checkpoint(store: Store, name: str = "kept"):
    return next(each for each in store.checkpoints.of(one(store, A)) if each.name == name)


def keep_and_go_on(store: Store) -> None:
    """A checkpoint, and a session that has changed since."""
    store.checkpoints.create(one(store, A), "kept")
    listed = store.load_session(A)[0].checkpoints
    metadata, *rest = session(A, 7)
    store.save_session(A, replace(metadata, checkpoints=listed), *rest)


def convert(store: Store) -> None:
    """Every session to the other layout."""
    entries = list(store.scan())
    store.convert(entries, 3 - entries[0].layout)


def back_up_and_change(store: Store) -> None:
    """One session is changed since, the other is gone."""
    keep_a_readable_one(store)
    store.back_up(store.path.with_suffix(".tar"))
    store.delete([one(store, B)])
    store.save_session(A, *session(A, 2))


def restore_backup(store: Store) -> None:
    seen = list(store.scan())
    with Archive(store.path.with_suffix(".tar")) as archive:
        (backup,) = map(archive.read, archive.backups)
        store.restore_backup(archive, backup.sessions, backup.others, seen)


def join(store: Store) -> None:
    store.content.join(one(store, A), one(store, B))


def keep_a_readable_one(store: Store) -> None:
    """A checkpoint in place of the damaged one: something could be left in that."""
    (store.path / "checkpoints" / f"{A}_{B}.ckpt").unlink(missing_ok=True)
    store.checkpoints.create(one(store, A), "kept")


def redact(store: Store) -> None:
    found = store.content.review(store.scan(), secrets=False, texts={"v1": "v2"})
    store.content.redact(found)


def damage(store: Store) -> None:
    """A file with more behind its end: all that its sections say can be saved."""
    path = Path(one(store, A).path)
    path.write_bytes(path.read_bytes() + b"more")


def repair(store: Store) -> None:
    assert repair_beside(store, one(store, A), lambda title: "copy") is not None


ACTIONS += [
    Action("repair", repair, damage),
    Action("restore a backup", restore_backup, back_up_and_change),
    Action("undo a restored backup", lambda s: s.undo(),
           lambda s: (back_up_and_change(s), restore_backup(s))),
    Action("convert", convert),
    Action("undo a conversion", lambda s: s.undo(), convert),
    Action("join", join),
    Action("undo a join", lambda s: s.undo(), join),
    Action("delete a message", lambda s: s.content.delete_messages(one(s, A), [1])),
    Action("move", lambda s: s.content.move([(one(s, A), {"title": "moved"})], "/1")),
    Action("redact", redact, keep_a_readable_one),
    Action("create a checkpoint", lambda s: s.checkpoints.create(one(s, A), "kept")),
    Action("undo a checkpoint", lambda s: s.undo(), lambda s: s.checkpoints.create(one(s, A), "kept")),
    Action("make a session of a checkpoint",
           lambda s: s.checkpoints.restore(checkpoint(s), title="copy"),
           lambda s: s.checkpoints.create(one(s, A), "kept")),
    Action("rename a checkpoint", lambda s: s.checkpoints.rename(checkpoint(s), "other"),
           lambda s: s.checkpoints.create(one(s, A), "kept")),
    Action("delete a checkpoint", lambda s: s.checkpoints.delete([checkpoint(s)]),
           lambda s: s.checkpoints.create(one(s, A), "kept")),
    Action("go back to a checkpoint", lambda s: s.checkpoints.go_back(checkpoint(s)), keep_and_go_on),
    Action("undo going back", lambda s: s.undo(),
           lambda s: (keep_and_go_on(s), s.checkpoints.go_back(checkpoint(s)))),
]  # fmt: skip

each_action = pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)


@pytest.fixture(scope="module", params=[SessionStorage, SessionStore], ids=["layout 1", "layout 2"])
def template(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of two sessions, one with a checkpoint, and an index; it is only copied."""
    root = tmp_path_factory.mktemp("template") / "store"
    store = request.param(root)
    for session_id in (A, B):
        store.save_session(session_id, *session(session_id, 1))
    (root / "checkpoints").mkdir(exist_ok=True)
    (root / "checkpoints" / f"{A}_{B}.ckpt").write_bytes(b"a checkpoint")
    store.rebuild_index()
    assert (root / "sessions").is_dir() == (request.param is SessionStore)
    return root


def picture(root: Path) -> list:
    """All that a person would call the content of a store; not what is measured or dated."""
    shown = []
    for entry in open_store(root).scan():
        metadata = entry.metadata
        assert metadata is not None, str(entry.error)
        # A copy has an id of its own, another each time.
        name = str(entry.id) if metadata.title != "copy" else "copy"
        where = str(Path(entry.path).parent.relative_to(root))
        looks = (metadata.title, metadata.is_favorite, tuple(metadata.tags), metadata.message_count)
        shown.append((where, name, *looks, said_in(Path(entry.path))))
    others = {
        name: data
        for name, data in contents(root).items()
        if not name.endswith((".agcx", ".agcx-tmp", ".agcx-swap", ".meta", ".idx", ".ckpt"))
    }
    return [sorted(shown), (others, checkpoints_of(root)), index_of(root)]


def said_in(path: Path) -> object:
    """The version that a session tells, or the words of an imported one."""
    metadata, conversation, _ = read_session(path)
    if "codex" not in metadata.tags:
        return version_of(path)[1]
    return [message.item.content[0].text for message in conversation.messages]


def checkpoints_of(root: Path) -> list:
    """Without their ids and dates: each run makes others."""
    return sorted(
        (str(each.session_id), each.metadata.name, each.metadata.message_index, each.is_unlisted)
        for each in open_store(root).checkpoints.all()
        if each.path is not None
    )


def index_of(root: Path) -> list:
    titles = [m.title for m in open_store(root).load_index().sessions.values()]
    return sorted(titles)


def nothing_is_lost(originals: dict[str, bytes], root: Path) -> None:
    kept = set(contents(root, trash=True).values())
    for name, data in originals.items():
        if name.endswith((".agcx", ".ckpt")):
            assert data in kept, f"{name} is in neither store nor trash"


def fresh_copy(template: Path, root: Path, action: Action) -> Path:
    """Not a copy of what `before` did: an act knows the very files that it made."""
    shutil.copytree(template, root)
    action.before(open_store(root))
    return root


# In each layout one act, at every step; else the quick form takes some steps.
_AT_EVERY_STEP = {"delete": 1, "edit": 2}


@each_action
def test_killed_before_each_change_of_a_file(
    action: Action, template: Path, tmp_path: Path, strides: Callable[[int], int]
):
    at_every_step = _AT_EVERY_STEP.get(action.name) == open_store(template).layout
    done = fresh_copy(template, tmp_path / "done", action)
    before = picture(done)
    action.does(open_store(done))
    after = picture(done)
    assert after != before
    seen, step, chance = set(), 0, random.Random(0)
    while True:
        root = fresh_copy(template, tmp_path / f"run{step}", action)
        originals = contents(root)
        killed = killed_at(step, lambda root=root: action.does(open_store(root)))
        if killed and chance.random() < 0.4:
            # Recovery is killed as well, as when a machine loses power again and again.
            killed_at(chance.randrange(12), lambda root=root: open_store(root))
        open_store(root)
        now = picture(root)
        assert now[:2] in (before[:2], after[:2]), f"killed at step {step}"
        # The index is the store's own note: it may lag behind a save, never behind an act.
        assert now[2] in (before[2], after[2])
        if not action.loses:
            nothing_is_lost(originals, root)
        assert_clean(root)
        seen.add(now[:2] == after[:2])
        shutil.rmtree(root)
        if not killed:
            assert now[:2] == after[:2]
            break
        step += 1 if at_every_step else strides(17)
    assert seen == {False, True}
    assert step >= 4


def test_killed_while_sessions_are_destroyed(template: Path, tmp_path: Path):
    """Each is whole or gone, and what belonged to it goes after it."""
    step, killed = 0, True
    while killed:
        root = tmp_path / f"run{step}"
        shutil.copytree(template, root)
        killed = killed_at(
            step, lambda root=root: open_store(root).destroy_sessions(list(open_store(root).scan()))
        )
        store = open_store(root)
        # The next change puts back what was moved aside, and corrects the index.
        store.save_session(C, *session(C, 9))
        there = {entry.id for entry in store.scan() if entry.error is None}
        assert there == {entry.id for entry in store.scan()}
        assert set(store.load_index().sessions) == there
        there.discard(C)
        if A in there:
            assert (root / "checkpoints" / f"{A}_{B}.ckpt").read_bytes() == b"a checkpoint"
        assert not [
            n for n in contents(root, trash=True) if n.endswith((".agcx-tmp", "-aside", "-swap"))
        ]
        step += 1
    assert there == set()
    assert step > 5
