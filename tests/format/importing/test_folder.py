"""What may lie in a folder that is imported: FIFOs, devices, files without end.  None of it is waited for."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest
import zstandard

from agcx_format.importing import json_lines
from agcx_format.importing.claude import transcript
from agcx_format.importing.codex import rollout
from agcx_format.importing.json_lines import read_lines
from agcx_format.importing.results import ImportOutcome
from agcx_format.importing.run import import_sessions
from agcx_format.store.store import Store
from tests.support.rollout_lines import meta, user, write

MIB = 1024 * 1024


def fifo(path: Path) -> None:
    os.mkfifo(path)


def link_to_zeros(path: Path) -> None:
    path.symlink_to("/dev/zero")


def link_to_a_terminal(path: Path) -> None:
    path.symlink_to("/dev/ptmx")


def device(path: Path) -> None:
    try:
        os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("only root makes devices")


def listening(path: Path) -> None:
    here = os.getcwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(path.name)
    finally:
        os.chdir(here)


def link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


@pytest.mark.parametrize(
    "make", [fifo, link_to_zeros, link_to_a_terminal, device, listening, link_to_itself]
)
@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.zst", ".json"])
@pytest.mark.parametrize("named", [True, False])
def test_what_is_no_regular_file_is_told_and_the_rest_is_imported(tmp_path, make, suffix, named):
    folder = tmp_path / "in"
    folder.mkdir()
    odd = folder / f"a{suffix}"
    make(odd)
    write(folder / "b.jsonl", meta(), user("one"))
    store = Store(tmp_path / "store")
    paths = sorted(folder.iterdir()) if named else [folder]
    results = {result.path: result for result in import_sessions(store, paths)}
    assert results[folder / "b.jsonl"].outcome is ImportOutcome.IMPORTED
    assert (results[odd].outcome, results[odd].reason != "") == (ImportOutcome.FAILED, True)
    for module, read in ((transcript, transcript.read_transcript), (rollout, rollout.read_rollout)):
        with pytest.raises(module.ConversionError):
            read(odd)


def test_a_hole_is_given_up_and_what_came_before_it_is_imported(tmp_path, monkeypatch):
    monkeypatch.setattr(json_lines, "LONGEST_LINE", MIB)
    path = write(tmp_path / "a.jsonl", meta(), user("one"))
    with path.open("r+b") as file:
        file.truncate(1 << 42)
    imported = rollout.read_rollout(path)
    assert len(imported.conversation.messages) == 1
    assert "nothing is read after it" in imported.report.bad_lines[0][1]


def test_what_is_written_while_it_is_read_is_left_for_the_next_time(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"n":0}\n' * (MIB // 8))
    read = 0
    for line in read_lines(path):
        read += 1
        if line.number % 1000 == 0:
            with path.open("a") as file:
                file.write('{"n":1}\n' * 2000)
    assert read == MIB // 8


@pytest.mark.parametrize("line", [b"\n", b"{}\n"])
def test_what_is_endless_once_it_is_decompressed_is_given_up(tmp_path, monkeypatch, line):
    monkeypatch.setattr(json_lines, "LARGEST", MIB)
    path = tmp_path / "a.jsonl.zst"
    path.write_bytes(zstandard.ZstdCompressor().compress(line * (8 * MIB // len(line))))
    *_, last = read_lines(path)
    assert "the rest is not read" in last.error
    assert last.number <= MIB // len(line) + 2
