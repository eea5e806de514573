"""Another program saves a session in the instant before it is taken out of its place, and then all stops.

What came out is that save, and nothing has looked at it yet: it must not be taken for a leftover.  Nor may it
where only putting it back fails.
"""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import pytest

from agcx_format import (
    FunctionCallOutput,
    Store,
    new_message,
    open_store,
    read_session,
    write_session,
)
from agcx_format.disk import exchange
from agcx_format.errors import PersistenceError, StaleSession
from tests.slow.crash.file_calls import die_after, watched
from tests.slow.crash.processes import child
from tests.slow.crash.versions import assert_clean, session, version_of

A = UUID(int=1 << 96)
FOREIGN = 99


def edit(store: Store) -> None:
    store.update_metadata(A, title="new")


def edit_and_undo(store: Store) -> None:
    edit(store)
    store.undo()


ACTS: dict[str, Callable[[Store], object]] = {
    "destroy": lambda store: store.destroy_sessions(list(store.scan())),
    "delete": lambda store: store.delete(list(store.scan())),
    "edit": edit,
    "undo an edit": edit_and_undo,
}


def behind_a_link(target: Path) -> Path:
    """Have a session lie beside its place, as somebody who names sessions may have it."""
    real = target.rename(target.parent / "named")
    target.symlink_to(real.name)
    return real


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize(
    ("act", "is_link"),
    [*((act, False) for act in ACTS.values()), (edit, True), (edit_and_undo, True)],
    ids=[*ACTS, "edit a link", "undo an edit of a link"],
)
def test_what_came_out_is_in_its_place_again(
    act: Callable[[Store], object], is_link: bool, number: int, tmp_path: Path
):
    """Where files cannot be exchanged; `number` counts the times that it is moved."""
    root, aside = tmp_path / "store", tmp_path / "saved.agcx"
    open_store(root).save_session(A, *session(A, 1, 300))
    write_session(aside, *session(A, FOREIGN, 300))
    target = root / f"{A}.agcx"
    if is_link:
        target = behind_a_link(target)
    left = number

    def work() -> None:
        exchange._system_call = lambda: None
        rename = os.rename

        def rename_after_a_save(source, *others, **folders) -> None:
            nonlocal left
            is_out = os.path.basename(source) == target.name and target.exists()
            left -= is_out
            if is_out and left == 0:
                os.replace(aside, target)
                rename(source, *others, **folders)
                os.kill(os.getpid(), signal.SIGKILL)
            rename(source, *others, **folders)

        os.rename = rename_after_a_save
        act(open_store(root))

    with child(work) as pid:
        _, status = os.waitpid(pid, 0)
    if not os.WIFSIGNALED(status):
        assert number == 2
        return
    assert_clean(root)
    assert version_of(target) == (A, FOREIGN)


def work_on(store: Store) -> None:
    with store.editing(A) as editor:
        editor.add(FunctionCallOutput("c", "added"))


SAVES: dict[str, Callable[[Store], object]] = {
    "save over": lambda store: store.save_session(A, *session(A, 2, 300)),
    "append": lambda store: store.append(A, [new_message(FunctionCallOutput("c", "added"))]),
    "work on": work_on,
    "undo by fields": lambda store: store.undo(),
    "edit": edit,
}


def die_in_exchange(root: Path, act: Callable[[Store], object], saved: Path, target: Path) -> None:
    """A program dies right after it has exchanged two files; just before that, another one saved `target`."""
    die_after(
        lambda call, arguments: call == "exchange",
        lambda: os.replace(saved, target),
        lambda: act(open_store(root)),
    )
    assert version_of(target) != (A, FOREIGN)


@pytest.mark.parametrize("is_link", [False, True], ids=["in place", "a link"])
@pytest.mark.parametrize("name", SAVES)
def test_what_an_exchange_brought_out_is_in_its_place_again(
    name: str, is_link: bool, tmp_path: Path
):
    root, aside = tmp_path / "store", tmp_path / "saved.agcx"
    store = open_store(root)
    store.save_session(A, *session(A, 1, 300))
    target = root / f"{A}.agcx"
    if name == "undo by fields":
        edit(store)
        # Another program saves the edited session, with one message more.
        metadata, conversation, state = read_session(target)
        write_session(target, metadata, conversation, state)
    if is_link:
        target = behind_a_link(target)
    write_session(aside, *session(A, FOREIGN, 300))

    late = open_store(root)
    die_in_exchange(root, SAVES[name], aside, target)
    # A program that was there before: it does not look for interrupted acts until it writes.
    late.save_index(late.load_index())
    assert_clean(root)
    assert version_of(target) == (A, FOREIGN)


@pytest.mark.parametrize("name", ["edit", "append", "save over"])
def test_a_program_that_has_written_before_puts_it_back_before_it_writes_again(
    name: str, tmp_path: Path
):
    """It would be taken for the older version as soon as another one is in its place."""
    root, aside = tmp_path / "store", tmp_path / "saved.agcx"
    long_running = open_store(root)
    long_running.save_session(A, *session(A, 1, 300))
    target = root / f"{A}.agcx"
    write_session(aside, *session(A, FOREIGN, 300))

    die_in_exchange(root, SAVES["append"], aside, target)
    long_running.open_session(A)
    with suppress(PersistenceError):
        SAVES[name](long_running)
    assert_clean(root)
    assert read_session(target)[1].messages[:1] == session(A, FOREIGN, 300)[1].messages[:1]


@pytest.mark.parametrize("can_exchange", [True, False], ids=["exchange", "no exchange"])
@pytest.mark.parametrize("failures", [1, 2, 100])
@pytest.mark.parametrize(
    "name", [*ACTS, "save over", "append", "undo a restore", "edit a link", "save over a link"]
)
def test_what_could_not_be_put_back_is_put_back_later(
    name: str, failures: int, can_exchange: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The disk refuses so many calls by which something would come to the session's place."""
    root, aside = tmp_path / "store", tmp_path / "saved.agcx"
    store = open_store(root)
    store.save_session(A, *session(A, 1, 300))
    if name == "undo a restore":
        store.delete(list(store.scan()))
        store.restore(store.trash())
    write_session(aside, *session(A, FOREIGN, 300))
    target = root / f"{A}.agcx"
    if name.endswith("a link"):
        target = behind_a_link(target)
    left = failures
    if not can_exchange:
        monkeypatch.setattr(exchange, "_system_call", lambda: None)

    def look(call: str, arguments: tuple) -> None:
        nonlocal left
        names = [os.fsdecode(each) for each in arguments if isinstance(each, str | bytes)]
        is_in = call in ("rename", "link", "exchange") and names[1] == target.name
        is_out = names[:1] == [target.name] or call == "exchange"
        if call in ("rename", "exchange") and is_out and aside.exists():
            os.replace(aside, target)
        elif is_in and left and not aside.exists():
            left -= 1
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    others = {"undo a restore": lambda store: store.undo()}
    acting = {**ACTS, **SAVES, **others}[name.removesuffix(" a link")]
    with watched(monkeypatch, before=look):
        with pytest.raises(PersistenceError):
            acting(store)
        assert left < failures
        # The next change may not be able to either.
        with suppress(PersistenceError):
            store.save_index(store.load_index())
    store.save_index(store.load_index())
    assert_clean(root)
    assert version_of(target) == (A, FOREIGN)


@pytest.mark.parametrize("name", ["edit", "save over", "undo an edit"])
def test_what_was_saved_while_an_older_save_was_out_stays_alone(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Behind a link, where files cannot be exchanged: nothing that is beside it is left."""
    root, earlier, later = tmp_path / "store", tmp_path / "earlier.agcx", tmp_path / "later.agcx"
    store = open_store(root)
    store.save_session(A, *session(A, 1, 300))
    target = behind_a_link(root / f"{A}.agcx")
    if name == "undo an edit":
        edit(store)
    write_session(earlier, *session(A, 50, 300))
    write_session(later, *session(A, FOREIGN, 300))
    monkeypatch.setattr(exchange, "_system_call", lambda: None)

    def look(call: str, arguments: tuple) -> None:
        names = [os.fsdecode(each) for each in arguments if isinstance(each, str | bytes)]
        if call == "rename" and names[0] == target.name and earlier.exists():
            os.replace(earlier, target)
        elif call == "link" and names[1] == target.name and later.exists():
            os.replace(later, target)

    acting = {**SAVES, "undo an edit": lambda store: store.undo()}[name]
    with watched(monkeypatch, before=look), pytest.raises(PersistenceError):
        acting(store)
    assert not later.exists()
    assert sorted(each.name for each in root.iterdir() if "agcx-" in each.name) == []
    store.save_index(store.load_index())
    assert_clean(root)
    assert version_of(target) == (A, FOREIGN)


@pytest.mark.parametrize("can_exchange", [True, False], ids=["exchange", "no exchange"])
@pytest.mark.parametrize("name", ["save over", "append"])
def test_what_is_written_into_the_version_that_a_save_has_just_replaced_is_not_gone(
    name: str, can_exchange: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A program that writes over a file in place had opened it before: the save is an error, and not done."""
    root, aside = tmp_path / "store", tmp_path / "saved.agcx"
    store = open_store(root)
    store.save_session(A, *session(A, 1, 300))
    target = root / f"{A}.agcx"
    if can_exchange:
        # What such a link leads to is replaced by an act as well.
        target = behind_a_link(target)
    else:
        monkeypatch.setattr(exchange, "_system_call", lambda: None)
    write_session(aside, *session(A, FOREIGN, 300))
    opened = [os.open(target, os.O_WRONLY)]

    def look(call: str, arguments: tuple) -> None:
        if call == "rename" and str(arguments[0]).endswith(".pending") and opened:
            fd = opened.pop()
            os.ftruncate(fd, 0)
            os.write(fd, aside.read_bytes())
            os.close(fd)

    with watched(monkeypatch, after=look):
        if name == "append":
            SAVES[name](store)
        else:
            with pytest.raises(StaleSession):
                SAVES[name](store)
    assert not opened
    messages = read_session(target)[1].messages
    saved = read_session(aside)[1].messages
    assert messages[: len(saved)] == saved
    assert len(messages) == len(saved) + (name == "append")
    assert store.acts() == []
    assert_clean(root)
