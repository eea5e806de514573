"""What is a hole of a file, where the number of its blocks says it and where it does not."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from agcx_format import limits
from agcx_format.disk.open_file import OpenFile
from agcx_format.errors import PersistenceError

SIZE = 256 * 1024


@pytest.fixture(params=["blocks", "no blocks"])
def counted(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small files are checked, on a file system that counts blocks, or counts none yet."""
    monkeypatch.setattr(limits, "SPARSE", SIZE - 1)
    if request.param == "blocks":
        return
    fstat = os.fstat

    def without_blocks(fd: int) -> SimpleNamespace:
        status = fstat(fd)
        names = (name for name in dir(status) if name.startswith("st_"))
        values = {name: getattr(status, name) for name in names}
        return SimpleNamespace(**values | {"st_blocks": 0})

    monkeypatch.setattr(os, "fstat", without_blocks)


def written(path: Path, *data: tuple[int, int]) -> Path:
    """A file with so many bytes of data from these places on."""
    with path.open("wb") as file:
        for start, size in data:
            file.seek(start)
            file.write(b"x" * size)
        file.truncate(SIZE)
    return path


@pytest.mark.usefixtures("counted")
def test_a_file_is_sparse_only_if_most_of_it_are_holes(tmp_path: Path):
    for data in [(0, SIZE)], [(0, SIZE * 3 // 4)], [(SIZE // 4, SIZE * 3 // 4)]:
        with OpenFile(written(tmp_path / "file", *data)) as file:
            file.check_not_sparse()
    for data in [], [(0, 4096)], [(SIZE - 4096, 4096)], [(0, 4096), (SIZE // 2, 4096)]:
        with (
            OpenFile(written(tmp_path / "file", *data)) as file,
            pytest.raises(PersistenceError, match="a sparse file"),
        ):
            file.check_not_sparse()
