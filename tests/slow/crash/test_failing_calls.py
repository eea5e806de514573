"""A disk that fails at one moment of an act: the act is done, or nothing has changed; never half of it."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from agcx_format import PersistenceError, SessionStore, Store, open_store
from agcx_format.store.acts.act_dirs import LAST, PENDING, UNDOING, unfinished
from tests.format.store.test_imports import taken
from tests.slow.crash.file_calls import watched
from tests.slow.crash.versions import session
from tests.support.stores import contents

A, B = UUID(int=1 << 96), UUID(int=2 << 96)

ACTS: dict[str, Callable[[Store], object]] = {
    "delete": lambda s: s.delete(list(s.scan())),
    "edit": lambda s: s.update_many([(each, {"title": "new"}) for each in s.scan()]),
    "duplicate": lambda s: s.duplicate(A),
    "split": lambda s: s.split(A, 1),
}

each_act = pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Of layout 2, which has an index and copies of metadata that follow every act."""
    root = tmp_path / "store"
    first = SessionStore(root)
    for session_id in (A, B):
        first.save_session(session_id, *session(session_id, 1, 300))
    return open_store(root)


Is = Callable[[str, tuple], bool]


class Failing:
    """Makes one call fail: the `number`th that is `wanted`, once `begins` was true of a call before it."""

    def __init__(self, wanted: Is, begins: Is = lambda *_: True, number: int = 1) -> None:
        self._wanted, self._begins, self._left = wanted, begins, number
        self._has_begun = False
        self.error: BaseException = OSError(errno.EIO, os.strerror(errno.EIO))

    @property
    def is_done(self) -> bool:
        return self._left <= 0

    def before(self, name: str, arguments: tuple) -> None:
        if self._has_begun and self._wanted(name, arguments):
            self._left -= 1
            if self._left == 0:
                raise self.error
        self._has_begun = self._has_begun or self._begins(name, arguments)


def called(wanted: str) -> Is:
    return lambda name, arguments: name == wanted


def fails(
    monkeypatch: pytest.MonkeyPatch,
    failing: Failing,
    change: Callable[[Store], object],
    store: Store,
) -> None:
    before = contents(store.path)
    log = store.log()
    with (
        watched(monkeypatch, before=failing.before, also=("lstat", "fstat")),
        pytest.raises(PersistenceError, match="input/output error"),
    ):
        change(store)
    assert failing.is_done
    again = open_store(store.path)
    assert unfinished(store.path) == []
    assert contents(store.path) == before
    assert again.log() == log


def is_of_a_session(name: str, arguments: tuple) -> bool:
    names = [os.fsdecode(each) for each in arguments if isinstance(each, str | bytes)]
    return any(each.endswith(".agcx") for each in names)


def changes_the_store(name: str, arguments: tuple) -> bool:
    """Whether a call takes a session's file out of its place, or puts one there."""
    return name in ("rename", "exchange") and is_of_a_session(name, arguments)


def settles(name: str, arguments: tuple) -> bool:
    """Whether a call removes a second name, which was needed until all was on the disk."""
    return name == "unlink" and (arguments[0] == LAST or is_of_a_session(name, arguments))


def marks_as_done(name: str, arguments: tuple) -> bool:
    return name == "rename" and str(arguments[0]).endswith(PENDING)


def begins_an_undo(name: str, arguments: tuple) -> bool:
    return name == "rename" and str(arguments[1]).endswith(UNDOING)


def writes_records(name: str, arguments: tuple) -> bool:
    return name == "rename" and str(arguments[1]).endswith("codex.idx")


@pytest.mark.parametrize("act", ["delete", "edit"])
def test_what_came_out_of_its_place_cannot_be_looked_at(
    act: str, store: Store, monkeypatch: pytest.MonkeyPatch
):
    fails(monkeypatch, Failing(called("lstat"), changes_the_store), ACTS[act], store)


@each_act
def test_the_act_cannot_be_marked_as_done(
    act: Callable[[Store], object], store: Store, monkeypatch: pytest.MonkeyPatch
):
    # The index and the copies of metadata have followed it by then.
    fails(monkeypatch, Failing(marks_as_done), act, store)


@each_act
def test_an_act_that_is_done_is_never_said_to_have_failed(
    act: Callable[[Store], object], store: Store, monkeypatch: pytest.MonkeyPatch
):
    before = contents(store.path)
    # Looks at the reserve, and at the index and the folders, to remember them.
    for number in range(1, 5):
        failing = Failing(called("lstat"), marks_as_done, number)
        with watched(monkeypatch, before=failing.before, also=("lstat",)):
            act(store)
        assert failing.is_done
        # The index is right all the same, also after the next act.
        store.undo()
        assert contents(store.path) == before
    assert len(store.log()) == 4


@each_act
def test_an_undo_that_fails_has_changed_nothing(
    act: Callable[[Store], object], store: Store, monkeypatch: pytest.MonkeyPatch
):
    before = contents(store.path)
    act(store)
    for wanted, number in (called("fsync"), 1), (settles, 1), (settles, 2):
        fails(monkeypatch, Failing(wanted, begins_an_undo, number), lambda s: s.undo(), store)
    store.undo()
    assert contents(store.path) == before


def test_an_undo_of_an_import_that_fails_leaves_its_records(
    store: Store, monkeypatch: pytest.MonkeyPatch
):
    taken(store, (A, "grown"), (UUID(int=3 << 96), "new"))
    fails(monkeypatch, Failing(settles, writes_records), lambda s: s.undo(), store)


@pytest.mark.parametrize("is_undo", [False, True], ids=["act", "undo"])
def test_what_cannot_be_taken_back_at_once_is_taken_back_or_finished_later(
    is_undo: bool, store: Store, monkeypatch: pytest.MonkeyPatch
):
    before = contents(store.path)
    act = store.update_many([(each, {"title": "new"}) for each in store.scan()])
    edited = contents(store.path)
    if not is_undo:
        store.undo()

    def breaks(name: str, arguments: tuple) -> None:
        # The disk fails for good between the two sessions.
        nonlocal exchanges
        exchanges += name == "exchange" and is_of_a_session(name, arguments)
        if exchanges > 1 and name in ("exchange", "rename", "link"):
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    exchanges = 0
    with watched(monkeypatch, before=breaks), pytest.raises(PersistenceError):
        store.undo() if is_undo else store.update_many(
            [(each, {"title": "new"}) for each in store.scan()]
        )
    assert exchanges > 1
    again = open_store(store.path)
    assert contents(store.path) == before
    assert unfinished(store.path) == []
    assert [each.id for each in again.acts()] == []
    kept = contents(store.path, trash=True)
    if is_undo:
        # Both versions are there, each in one place at least.
        assert {data for name, data in edited.items() if name.endswith(".agcx")} <= set(
            kept.values()
        )
        assert again.log()[0].id == act.id


@pytest.mark.parametrize("error", [errno.EEXIST, errno.EIO])
@pytest.mark.parametrize("act", ["duplicate", "delete"])
def test_a_link_that_is_made_though_an_error_is_said(
    act: str, error: int, store: Store, monkeypatch: pytest.MonkeyPatch
):
    """By a network file system whose first answer was lost."""

    def says_otherwise(name: str, arguments: tuple) -> None:
        if name == "link" and is_of_a_session(name, arguments):
            raise OSError(error, os.strerror(error))

    before = contents(store.path)
    with watched(monkeypatch, after=says_otherwise):
        ACTS[act](store)
        assert len(store.acts()) == 1
        store.undo()
    assert contents(store.path) == before
    assert store.acts() == []


@pytest.mark.parametrize("kept_out", [A, B])
def test_what_cannot_be_put_back_keeps_no_other_session_out_of_its_place(
    kept_out: UUID, store: Store, monkeypatch: pytest.MonkeyPatch
):
    """A deletion fails when both are gone, and then the disk refuses whatever is done to one of them."""
    before, has_failed = contents(store.path), False
    paths = {each.id: Path(each.path) for each in store.scan()}

    def breaks(name: str, arguments: tuple) -> None:
        nonlocal has_failed
        has_failed = has_failed or marks_as_done(name, arguments)
        if has_failed and arguments[0] in (paths[kept_out].name, paths[kept_out].name.encode()):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        if marks_as_done(name, arguments):
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    with watched(monkeypatch, before=breaks), pytest.raises(PersistenceError):
        store.delete(list(store.scan()))
    assert [each for each, path in paths.items() if not path.exists()] == [kept_out]
    open_store(store.path)
    assert contents(store.path) == before


@each_act
def test_an_act_that_a_person_interrupts_is_done_or_has_changed_nothing(
    act: Callable[[Store], object],
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    strides: Callable[[int], int],
):
    """Ctrl+C comes at any moment, also once the act is marked as done."""
    before = contents(store.path)
    numbers = itertools.accumulate(strides(5) for _ in itertools.count())
    anywhere = (Failing(lambda *_: True, number=number) for number in numbers)
    for moment in itertools.chain([Failing(marks_as_done)], anywhere):
        moment.error = KeyboardInterrupt()
        with watched(monkeypatch, after=moment.before), contextlib.suppress(KeyboardInterrupt):
            act(store)
        assert unfinished(store.path) == []
        assert [each.problem for each in store.log() if each.problem] == []
        if store.acts():
            store.undo()
        assert contents(store.path) == before
        if not moment.is_done:
            break


def test_whatever_look_at_an_open_file_fails_it_is_an_error_of_ours(
    store: Store, monkeypatch: pytest.MonkeyPatch
):
    # Also the last look, once its metadata were read.
    for number in range(1, 7):
        failing = Failing(called("fstat"), number=number)
        with (
            watched(monkeypatch, before=failing.before, also=("fstat",)),
            contextlib.suppress(PersistenceError),
        ):
            store.update_metadata(A, title=f"new {number}")
        assert failing.is_done
