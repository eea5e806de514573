"""A program that takes no lock, as AGCodex, saves a session at any instant of every kind of act.

Whatever comes first: in the end the file is the one or the other, whole, no byte that the other program
saved is gone, and whoever acted is told.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest

from agcx_format import (
    FunctionCallOutput,
    MessageSnapshot,
    SessionStorage,
    SessionStore,
    Store,
    new_message,
    open_store,
    read_session,
    write_session,
)
from agcx_format.disk import exchange, place
from agcx_format.doctor import repair_beside
from agcx_format.errors import PersistenceError, StaleSession, UndoConflict
from agcx_format.importing import ImportOutcome, import_sessions
from agcx_format.store import Archive
from tests.slow.crash.file_calls import die_after, watched
from tests.slow.crash.versions import assert_clean, session
from tests.support.rollout_lines import meta, user, write

A, B = (UUID(int=n << 96 | 0xC0FFEE) for n in (1, 2))
FOREIGN = 99


@dataclass(frozen=True)
class Action:
    """`before` brings the store to where `does` begins.

    `reads` says that A's file is not changed, `adds` that what another program saved stays in it.
    """

    name: str
    does: Callable[[Store], object]
    before: Callable[[Store], object] = lambda store: None
    reads: bool = False
    adds: bool = False


def of_a(store: Store):
    return next(entry for entry in store.scan() if entry.id == A)


def delete_all(store: Store) -> None:
    store.delete(list(store.scan()))


def title_in(store: Store):
    return store.content.review([of_a(store)], secrets=False, texts={"v1": None})


def added() -> MessageSnapshot:
    return new_message(FunctionCallOutput("c", "added"))


def keep(store: Store) -> None:
    store.checkpoints.create(of_a(store), "kept")


def kept_one(store: Store):
    (found,) = store.checkpoints.of(of_a(store))
    return found


def edit_all(store: Store) -> None:
    store.update_many([(entry, {"tags": ["bulk"]}) for entry in list(store.scan())])


def work_on(store: Store) -> None:
    with store.editing(A) as editor:
        editor.add(FunctionCallOutput("c", "added"))
        editor.update(model="another")


def import_grown(store: Store, *more: str) -> None:
    """A's rollout, which has grown since the last import."""
    path = store.path.parent / "rollout.jsonl"
    write(path, meta(id=str(A)), *map(user, ("one", *more)))
    results = list(import_sessions(store, [path]))
    if results[-1].outcome is ImportOutcome.SKIPPED:
        raise StaleSession(results[-1].reason)


def import_once(store: Store) -> None:
    store.delete([of_a(store)])
    store.empty_trash()
    import_grown(store)


def back_up_and_change(store: Store) -> None:
    store.back_up(store.path.with_suffix(".tar"))
    store.save_session(A, *session(A, 2, 3000))


def restore_backup(store: Store) -> None:
    seen = list(store.scan())
    with Archive(store.path.with_suffix(".tar")) as archive:
        (backup,) = map(archive.read, archive.backups)
        store.restore_backup(archive, backup.sessions, replace=seen)


def damage(store: Store) -> None:
    path = Path(of_a(store).path)
    path.write_bytes(path.read_bytes() + b"more")


ACTIONS = [
    Action("import", lambda s: import_grown(s, "two"), import_once),
    Action("append", lambda s: s.append(A, [added()]), adds=True),
    Action("work on", work_on, adds=True),
    Action("save over", lambda s: s.save_session(A, *session(A, 2, 3000))),
    Action("delete", lambda s: s.delete([of_a(s)])),
    Action("delete all", delete_all),
    # No directory marks its end, so what is saved late is not told from what is saved after it.
    Action("destroy", lambda s: s.destroy_sessions([of_a(s)]), reads=True),
    Action("undo a delete", lambda s: s.undo(), delete_all),
    Action("restore", lambda s: s.restore(s.trash()), delete_all),
    Action("undo a restore", lambda s: s.undo(), lambda s: (delete_all(s), s.restore(s.trash()))),
    Action("edit", lambda s: s.update_metadata(A, title="new")),
    Action("edit all", edit_all),
    # Only the fields of the edit are taken back in a session that was saved since.
    Action("undo an edit", lambda s: s.undo(), edit_all, adds=True),
    Action("duplicate", lambda s: s.duplicate(A, title="copy"), reads=True),
    Action("repair", lambda s: repair_beside(s, of_a(s)), damage, reads=True),
    Action("split", lambda s: s.split(A, 1, "second")),
    Action("undo a split", lambda s: s.undo(), lambda s: s.split(A, 1, "second")),
    Action("delete a message", lambda s: s.content.delete_messages(of_a(s), [1])),
    Action("join", lambda s: s.content.join(of_a(s), s.resolve(str(B)))),
    Action("redact", lambda s: s.content.redact(title_in(s))),
    Action("restore a backup", restore_backup, back_up_and_change),
    Action("convert", lambda s: s.convert([of_a(s)], 3 - of_a(s).layout)),
    Action("move", lambda s: s.content.move([(of_a(s), {})], "/elsewhere")),
    Action("undo a redaction", lambda s: s.undo(), lambda s: s.content.redact(title_in(s))),
    Action("rename a checkpoint", lambda s: s.checkpoints.rename(kept_one(s), "other"), keep),
    Action("create a checkpoint", keep),
    Action("delete a checkpoint", lambda s: s.checkpoints.delete([kept_one(s)]), keep),
    Action("go back to a checkpoint", lambda s: s.checkpoints.go_back(kept_one(s)), keep),
    Action("empty the trash", lambda s: s.empty_trash(), edit_all, reads=True),
]  # fmt: skip


@pytest.fixture(scope="module", params=[1, 2], ids=["layout 1", "layout 2"])
def template(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("foreign") / "template"
    store = {1: SessionStorage, 2: SessionStore}[request.param](root)
    for session_id in (A, B):
        store.save_session(session_id, *session(session_id, 1, 3000))
    store.rebuild_index()
    return root


def place_of(root: Path) -> Path:
    folder = root / "sessions" if (root / "sessions").is_dir() else root
    return folder / f"{A}.agcx"


def foreign_save(root: Path) -> bytes:
    """As the Rust code does it: layout 1 by a rename, layout 2 by writing over the file in place."""
    target, aside = place_of(root), root.parent / "saved.agcx"
    layout = 2 if target.parent.name == "sessions" else 1
    if not aside.exists():
        write_session(aside, *session(A, FOREIGN, 3000), layout=layout)
    if layout == 2:
        target.write_bytes(aside.read_bytes())
    else:
        temporary = target.with_suffix(".tmp")
        shutil.copyfile(aside, temporary)
        os.rename(temporary, target)
    return aside.read_bytes()


class Saving:
    """One save by another program, at one moment of an act."""

    def __init__(self, root: Path, moment: int) -> None:
        self.data: bytes | None = None
        self.at_last = False
        self._root, self._left = root, moment

    def look(self, name: str, arguments: tuple) -> None:
        if self._left == 0:
            # The last thing that an act does is the rename by which it is done.
            is_mark = name == "rename" and str(arguments[0]).endswith((".pending", ".undoing"))
            self.at_last = is_mark or not unmarked(self._root)
            self.data = foreign_save(self._root)
        self._left -= 1


def kept(root: Path, saved: bytes) -> bool:
    """Whether what was saved lies anywhere in the store or its trash; every file there is whole."""
    paths = list(root.glob("**/*.agcx"))
    for path in paths:
        read_session(path)
    return any(path.read_bytes() == saved for path in paths)


def holds(root: Path, saved: bytes) -> bool:
    """Whether A's file has the messages that were saved, with or without what was added."""
    aside = root.parent / "saved.agcx"
    assert aside.read_bytes() == saved
    messages = read_session(aside)[1].messages
    return read_session(place_of(root))[1].messages[: len(messages)] == messages


def unmarked(root: Path) -> bool:
    """Whether an act is at work: its directory says so."""
    names = os.listdir(root / "trash")
    return any(name.endswith((".pending", ".undoing")) for name in names)


@pytest.mark.parametrize("can_exchange", [True, False], ids=["exchange", "no exchange"])
@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_what_another_program_saves_during_an_act_is_never_gone(
    action: Action,
    can_exchange: bool,
    template: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
):
    """At every fourth moment in the quick form, others in each layout, and without an exchange of files.

    Then folders are listed as for many files, which changes what is asked of the system.
    """
    if not can_exchange:
        monkeypatch.setattr(exchange, "_system_call", lambda: None)
        monkeypatch.setattr(place, "_FEW", -1)
    first, step = 0, 1
    if not request.config.getoption("--full"):
        first, step = 2 * int(can_exchange) + int(place_of(template).parent != template), 4
    moment, was_saved, told = first - step, True, 0
    while was_saved:
        moment += step
        root = tmp_path / f"{moment}" / "store"
        shutil.copytree(template, root)
        action.before(open_store(root))
        saved = Saving(root, moment)
        outcome: PersistenceError | None = None
        with watched(monkeypatch, before=saved.look):
            try:
                action.does(open_store(root))
            except (StaleSession, UndoConflict) as error:
                outcome = error
        was_saved = saved.data is not None
        if saved.data is not None:
            if action.adds and holds(root, saved.data):
                continue
            assert kept(root, saved.data), f"gone at {moment}"
            if outcome is None and not action.reads:
                # Nothing was said: it was saved as the act ended, or after it, and is in its place.
                assert saved.at_last, f"not told at {moment}"
                assert not place_of(root).exists() or place_of(root).read_bytes() == saved.data
            told += outcome is not None
            store = open_store(root)
            store.save_index(store.load_index())
            assert kept(root, saved.data)
    assert moment > 5
    assert told or action.reads or action.adds


# How a store comes to where it moves several files out of a folder, and that.
MOVING = {
    "delete": (lambda s: None, delete_all),
    "undo a restore": (lambda s: (delete_all(s), s.restore(s.trash())), lambda s: s.undo()),
    "undo copies": (lambda s: s.convert(list(s.scan()), 3 - of_a(s).layout), lambda s: s.undo()),
}


@pytest.mark.parametrize("which", range(4))
@pytest.mark.parametrize("name", MOVING)
def test_what_was_saved_comes_back_though_the_act_that_took_it_was_killed(
    name: str, which: int, template: Path, tmp_path: Path
):
    """Killed right after the call by which a file that had just been saved left the store."""
    before, does = MOVING[name]
    root, saved = tmp_path / "store", tmp_path / "saved"
    shutil.copytree(template, root)
    store = open_store(root)
    for session_id in (UUID(int=n << 96 | 0xC0FFEE) for n in (3, 4)):
        store.save_session(session_id, *session(session_id, 1, 3000))
    before(store)
    entry = list(store.scan())[which]
    path = Path(entry.path)
    write_session(saved, *session(UUID(path.stem), FOREIGN, 3000), layout=entry.layout)

    def save_first() -> None:
        shutil.copyfile(saved, path.with_suffix(".tmp"))
        os.rename(path.with_suffix(".tmp"), path)

    die_after(
        lambda call, arguments: call == "rename" and arguments[0] == path.name,
        save_first,
        lambda: does(open_store(root)),
    )
    assert not path.exists()
    open_store(root)
    assert path.read_bytes() == saved.read_bytes()
    assert_clean(root)


def test_the_version_that_left_before_another_program_saved_is_in_the_trash(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The deletion is refused, and cannot put back what it had taken: the place has a newer file."""
    root = tmp_path / "store"
    shutil.copytree(template, root)
    store = open_store(root)
    before = place_of(root).read_bytes()

    def save_then(call: str, arguments: tuple) -> None:
        if call == "rename" and arguments[0] == place_of(root).name:
            foreign_save(root)

    with watched(monkeypatch, after=save_then), pytest.raises(StaleSession):
        store.delete([of_a(store)])
    assert place_of(root).read_bytes() == (tmp_path / "saved.agcx").read_bytes()
    (kept,) = store.trash()
    assert Path(kept.path).read_bytes() == before
