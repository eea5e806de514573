"""Whoever saves a file last has it in place, whatever was exchanged meanwhile."""

from __future__ import annotations

import errno
import itertools
import os
from pathlib import Path

import pytest

from agcx_format.disk import compare_and_swap
from agcx_format.disk.compare_and_swap import has_exchange, swap
from agcx_format.disk.durable import Signature
from agcx_format.disk.exchange import Unsupported, exchange
from agcx_format.disk.tree import Tree
from agcx_format.errors import StaleSession


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
