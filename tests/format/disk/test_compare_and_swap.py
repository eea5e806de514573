"""Whoever saves a file last has it in place, whatever was exchanged meanwhile."""

from __future__ import annotations

import errno
import itertools
import os
import shutil
from pathlib import Path

import pytest

from agcx_format.disk import compare_and_swap
from agcx_format.disk.compare_and_swap import (
    ANYTHING,
    has_exchange,
    replace_if,
    restore_exchanged,
    swap,
    take,
)
from agcx_format.disk.durable import Signature
from agcx_format.disk.exchange import Unsupported, exchange
from agcx_format.disk.exchange_name import ExchangeName
from agcx_format.disk.tree import Tree
from agcx_format.errors import PersistenceError, StaleSession


def save(folder: Path, content: bytes) -> None:
    """As another program does it."""
    aside = folder / f"aside{len(content)}"
    aside.write_bytes(content)
    os.rename(aside, folder / "session")


@pytest.mark.parametrize("saves", [1, 2, 3])
def test_however_often_another_program_saves_the_last_save_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, saves: int
):
    """Before each exchange that this program makes, as long as there are saves."""
    (tmp_path / "session").write_bytes(b"read")
    (tmp_path / "new").write_bytes(b"ours!")
    left = itertools.islice((b"x" * size for size in itertools.count(10)), saves)
    # One for each save, and one that gives the last of them back: more would go on for ever.
    exchanges = iter(range(saves + 1))

    def saved_meanwhile(one: int, name: str, other: int, other_name: str) -> None:
        assert next(exchanges, None) is not None, "files are exchanged without end"
        if (content := next(left, None)) is not None:
            save(tmp_path, content)
        exchange(one, name, other, other_name)

    monkeypatch.setattr(compare_and_swap, "exchange", saved_meanwhile)
    expected = Signature.at(tmp_path / "session")
    assert expected is not None
    with Tree(tmp_path) as tree, pytest.raises(StaleSession):
        swap(tree.place("new"), tree.place("session"), expected, lambda: tree.place("aside"))
    assert (tmp_path / "session").read_bytes() == b"x" * (9 + saves)
    # The other one is ours, or a save that is older.
    older = [b"ours!", *(b"x" * (10 + number) for number in range(saves - 1))]
    assert (tmp_path / "new").read_bytes() in older
    assert sorted(os.listdir(tmp_path)) == ["new", "session"]


@pytest.mark.parametrize(
    ("error", "has"),
    [
        (None, True),
        (Unsupported(), False),
        # What is unknown is not reported as a lack, which would be about every session of the store.
        (OSError(errno.EIO, os.strerror(errno.EIO)), True),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), True),
    ],
    ids=["exchanged", "unsupported", "broken", "full"],
)
def test_only_a_file_system_that_refuses_has_no_exchange(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception | None, has: bool
):
    def refused(*_: object) -> None:
        raise error or AssertionError

    if error is not None:
        monkeypatch.setattr(compare_and_swap, "exchange", refused)
    with Tree(tmp_path) as tree:
        assert has_exchange(tree) is has
    assert os.listdir(tmp_path) == []


class Stop(BaseException):
    """The program ends here."""


def replace_and_stop(
    folder: Path, monkeypatch: pytest.MonkeyPatch, saves: int, error: BaseException
) -> None:
    """Replace the session, with a save by another program before each exchange, of which the last fails."""
    (folder / "session").write_bytes(b"read")
    left = iter(range(saves))

    def saved_meanwhile(one: int, name: str, other: int, other_name: str) -> None:
        if (number := next(left, None)) is None:
            raise error
        save(folder, b"x" * (10 + number))
        exchange(one, name, other, other_name)

    expected = Signature.at(folder / "session")
    with monkeypatch.context() as patch, Tree(folder) as tree, pytest.raises(type(error)):
        patch.setattr(compare_and_swap, "exchange", saved_meanwhile)
        replace_if(tree.place("session"), [b"ours!"], expected)


@pytest.mark.parametrize("then", ["at once", "deleted", "without an exchange"])
@pytest.mark.parametrize("saves", [1, 2, 3])
def test_what_came_out_of_an_interrupted_exchange_is_put_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, saves: int, then: str
):
    replace_and_stop(tmp_path, monkeypatch, saves, Stop())
    if then == "deleted":
        (tmp_path / "session").unlink()
    if then == "without an exchange":
        monkeypatch.setattr("agcx_format.disk.exchange._system_call", lambda: None)
    with Tree(tmp_path) as tree:
        restore_exchanged(tree, "")
    assert os.listdir(tmp_path) == ["session"]
    assert (tmp_path / "session").read_bytes() == b"x" * (9 + saves)


@pytest.mark.parametrize("saves", [0, 1])
def test_what_was_saved_later_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, saves: int):
    replace_and_stop(tmp_path, monkeypatch, saves, Stop())
    save(tmp_path, b"later still")
    with Tree(tmp_path) as tree:
        restore_exchanged(tree, "")
    assert os.listdir(tmp_path) == ["session"]
    assert (tmp_path / "session").read_bytes() == b"later still"


@pytest.mark.parametrize("came_out", [b"read", b"saved by another"])
def test_in_a_store_that_was_copied_without_times_the_latest_version_stays(
    tmp_path: Path, came_out: bytes
):
    """The program ended right after the exchange; all files have the time of the copy."""
    paths = [tmp_path / "session", tmp_path / "new"]
    for path, content in zip(paths, (b"read", b"ours!"), strict=True):
        path.write_bytes(content)
        os.utime(path, (1e9, 1e9))
    expected, new = map(Signature.at, paths)
    assert expected is not None
    assert new is not None
    left = tmp_path / str(ExchangeName.of("session", new, expected))
    os.rename(tmp_path / "new", tmp_path / "session")
    left.write_bytes(came_out)
    os.utime(tmp_path / "session", (2e9, 2e9))
    for moment in (1.9e9, 2.1e9):
        os.utime(left, (moment, moment))
        copy = tmp_path / f"{moment}"
        copy.mkdir()
        for path in (left, tmp_path / "session"):
            shutil.copy2(path, copy)
        with Tree(copy) as tree:
            restore_exchanged(tree, "")
        assert os.listdir(copy) == ["session"]
        latest = b"ours!" if came_out == b"read" else came_out
        assert (copy / "session").read_bytes() == latest


def test_what_no_exchange_has_left_stays(tmp_path: Path):
    """A name like one of ours, with a folder at either place."""
    signature = Signature(1, 2, 3)
    (tmp_path / "folder" / "inner").mkdir(parents=True)
    (tmp_path / str(ExchangeName.of("folder", signature, signature))).write_bytes(b"later")
    (tmp_path / str(ExchangeName.of("file", signature, signature))).mkdir()
    before = sorted(os.listdir(tmp_path))
    with Tree(tmp_path) as tree:
        restore_exchanged(tree, "")
    assert sorted(os.listdir(tmp_path)) == before


@pytest.mark.parametrize("name", ["a.agcx", "a.1.2.agcx", "ü\n\udc80"])
def test_the_name_of_an_exchange_says_what_is_exchanged(name: str):
    one, other = Signature(1, 0, -5), Signature(2, 1 << 40, (1 << 62) + 1)
    made = ExchangeName.of(name, one, other)
    assert ExchangeName.parse(str(made)) == made
    assert made.is_new(one)
    assert made.is_ours(other)
    assert not made.is_new(other)
    assert not made.is_ours(Signature(2, 0, 1))


@pytest.mark.parametrize("is_exchanged", [True, False])
def test_what_a_save_replaced_does_not_come_back(tmp_path: Path, is_exchanged: bool):
    """The program ended before it removed the version that is no longer needed."""
    for name, content in (("session", b"read"), ("new", b"ours!")):
        (tmp_path / name).write_bytes(content)
    expected, new = (Signature.at(tmp_path / name) for name in ("session", "new"))
    assert expected is not None
    assert new is not None
    left = str(ExchangeName.of("session", new, expected))
    if is_exchanged:
        os.rename(tmp_path / "session", tmp_path / left)
        os.rename(tmp_path / "new", tmp_path / "session")
    else:
        os.rename(tmp_path / "new", tmp_path / left)
    with Tree(tmp_path) as tree:
        restore_exchanged(tree, "")
    assert os.listdir(tmp_path) == ["session"]
    assert (tmp_path / "session").read_bytes() == (b"ours!" if is_exchanged else b"read")


def test_what_an_exchange_left_in_a_folder_is_put_back_whatever_else_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = tmp_path / "sessions"
    folder.mkdir()
    replace_and_stop(folder, monkeypatch, 1, Stop())
    others = {
        str(ExchangeName.of(f"other{n}", Signature(1, n, 3), Signature(1, 2, 3))) for n in range(9)
    }
    for name in others:
        (folder / name).mkdir()
    with Tree(tmp_path) as tree:
        restore_exchanged(tree, "sessions")
    assert set(os.listdir(folder)) == {"session", *others}
    assert (folder / "session").read_bytes() == b"x" * 10


def test_a_save_that_cannot_be_looked_at_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "session").write_bytes(b"read")
    expected, lstat, failures = Signature.at(tmp_path / "session"), os.lstat, iter([True])

    def failing(path: str, **folder: int) -> os.stat_result:
        # Once the other file has come out.
        is_out = (tmp_path / "session").read_bytes() == b"ours!"
        if is_out and next(failures, False):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return lstat(path, **folder)

    with monkeypatch.context() as patch, Tree(tmp_path) as tree:
        patch.setattr(os, "lstat", failing)
        with pytest.raises(PersistenceError):
            replace_if(tree.place("session"), [b"ours!"], expected)
    assert next(failures, None) is None
    assert (tmp_path / "session").read_bytes() == b"read"


@pytest.mark.parametrize("has_links", [True, False])
def test_a_new_file_never_takes_the_place_of_another(
    tmp_path: Path, has_links: bool, monkeypatch: pytest.MonkeyPatch
):
    """Nor where there is neither a link nor a rename that refuses."""
    (tmp_path / "session").write_bytes(b"somebody's")

    def refused(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    if not has_links:
        monkeypatch.setattr(os, "link", refused)
        monkeypatch.setattr("agcx_format.disk.exchange._system_call", lambda: None)
    with Tree(tmp_path) as tree, pytest.raises(StaleSession):
        replace_if(tree.place("session"), [b"ours!"], None)
    assert os.listdir(tmp_path) == ["session"]
    assert (tmp_path / "session").read_bytes() == b"somebody's"


@pytest.mark.parametrize("expected", [None, ANYTHING])
def test_a_file_is_not_written_before_its_name_is_on_the_disk(
    tmp_path: Path, expected: object, monkeypatch: pytest.MonkeyPatch
):
    fsync = os.fsync

    def failing(fd: int) -> None:
        if os.path.samestat(os.fstat(fd), os.stat(tmp_path)):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        fsync(fd)

    monkeypatch.setattr(os, "fsync", failing)
    with Tree(tmp_path) as tree, pytest.raises(PersistenceError):
        replace_if(tree.place("session"), [b"ours!"], expected)


def test_what_is_gone_is_neither_replaced_nor_taken(tmp_path: Path):
    gone = Signature(1, 2, 3)
    with Tree(tmp_path) as tree:
        with pytest.raises(StaleSession):
            replace_if(tree.place("session"), [b"ours!"], gone)
        with pytest.raises(StaleSession):
            take(tree.place("session"), tree.place("away"), gone)
    assert os.listdir(tmp_path) == []
