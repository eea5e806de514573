"""A new file gets its name without replacing another; directories made for it are its owner's alone."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from agcx_format.disk import exchange
from agcx_format.disk.new_file import make_directory, put_new


def refuse(*_: object, **named: object) -> None:
    raise OSError(errno.EPERM, "no links here")


@pytest.fixture(params=["links", "renames", "neither"])
def system(request, monkeypatch) -> None:
    """A file system with links, with renames that replace nothing, or with neither."""
    if request.param != "links":
        monkeypatch.setattr(os, "link", refuse)
    if request.param == "neither":
        monkeypatch.setattr(exchange, "_system_call", lambda: None)


@pytest.mark.usefixtures("system")
def test_a_free_name_is_given_and_a_taken_one_is_left(tmp_path: Path):
    new, free, taken = (tmp_path / name for name in ("new", "free", "taken"))
    new.write_text("new")
    taken.write_text("old")
    with pytest.raises(FileExistsError):
        put_new(new, taken)
    assert (new.read_text(), taken.read_text()) == ("new", "old")
    put_new(new, free)
    assert free.read_text() == "new"


def test_directories_that_were_missing_are_for_their_owner_alone(tmp_path: Path):
    make_directory(tmp_path / "a" / "b")
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in ("a", "a/b")] == [0o700, 0o700]
    (tmp_path / "a").chmod(0o755)
    # What was there stays as it is.
    make_directory(tmp_path / "a")
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("name", ["file", "gone"])
def test_what_is_no_directory_is_named(tmp_path: Path, name: str):
    (tmp_path / "file").write_text("")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    with pytest.raises(NotADirectoryError, match=f"not a directory: .*/{name}") as raised:
        make_directory(tmp_path / name / "below")
    assert raised.value.filename == str(tmp_path / name)
