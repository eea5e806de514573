"""Many sessions that several processes export: what comes of it is what one process would have written."""

from __future__ import annotations

import os
import random
import signal
import subprocess
from pathlib import Path

import pytest

from agcx_format import new_message, new_session, write_session
from agcx_format.model.items import InputText, Message
from agcx_tui.core.export import write_files
from agcx_tui.core.export.outgoing import Form, Progress
from agcx_tui.core.export.session_export import Exporter
from tests.support.processes import end_started
from tests.support.waiting import LIMIT, wait_until

from .conftest import GRID, QUEUE, program, run


@pytest.fixture
def sources(store) -> list[str]:
    return sorted(map(str, store.glob("*.agcx")))


def exported(sources, folder, format_="md", *, processes, **more):
    jobs = [(source, folder / f"{Path(source).stem}.{format_}") for source in sources]
    return list(
        write_files.export_each(
            jobs, format_, **{"overwrite": False, "processes": processes, **more}
        )
    )


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def outcomes(results):
    return [(done.source, done.target.name, done.size, done.error, done.unread) for done in results]


@pytest.fixture
def alone(sources, tmp_path):
    """What one process writes."""
    results = exported(sources, tmp_path / "alone", processes=1)
    assert any(done.error for done in results)
    return outcomes(results), files(tmp_path / "alone")


def test_each_file_and_each_result_is_the_same(sources, alone, tmp_path):
    progress = Progress(len(sources))
    results = exported(sources, tmp_path / "many", processes=2, progress=progress)
    assert (outcomes(results), files(tmp_path / "many")) == alone
    assert (progress.sessions, progress.messages) == (len(sources), 0)
    assert progress.written == sum(done.size for done in results)
    again = exported(sources, tmp_path / "many", processes=2, overwrite=lambda path: True)
    assert (outcomes(again), files(tmp_path / "many")) == alone


def test_a_file_of_all_is_the_same_and_parts_of_a_page_have_ids_of_their_own(sources, tmp_path):
    pages = []
    for processes in (1, 2):
        done = []
        exporter = Exporter(Form("html"), processes=processes)
        parts = write_files.together(exporter, sources, tmp_path / "all.html", done)
        pages.append((b"".join(parts), outcomes(done)))
    assert pages[0] == pages[1]


def test_links_and_pipes_and_what_is_there_are_left_to_this_process(sources, alone, tmp_path):
    out = tmp_path / "many"
    out.mkdir()
    whole = [name for _, name, _, error, _ in alone[0] if not error]
    there, link, elsewhere = (out / name for name in whole[:3])
    there.write_text("mine")
    link.symlink_to(tmp_path / "led here.md")
    os.mkfifo(elsewhere)
    read = tmp_path / "read"
    with read.open("wb") as file:
        reader = subprocess.Popen(["cat", elsewhere], stdout=file)
    results = exported(sources, out, processes=2)
    reader.wait(LIMIT)
    expected = [
        (*done[:2], 0, "it exists already", False) if done[1] == there.name else done
        for done in alone[0]
    ]
    assert outcomes(results) == expected
    assert there.read_text() == "mine"
    assert link.is_symlink()
    assert link.read_bytes() == alone[1][link.name]
    assert read.read_bytes() == alone[1][elsewhere.name]


def test_sessions_of_a_process_that_the_system_ends_are_exported_by_this_one(
    sources, alone, tmp_path, monkeypatch
):
    started = end_started(monkeypatch, 1)
    results = exported(sources, tmp_path / "many", processes=2)
    assert (outcomes(results), files(tmp_path / "many")) == alone
    assert all(each.poll() is not None for each in started)


def test_one_that_is_stopped_leaves_whole_files_alone(sources, alone, tmp_path):
    written = []
    jobs = [(source, tmp_path / "many" / f"{Path(source).stem}.md") for source in sources]
    for done in write_files.export_each(
        jobs, "md", overwrite=False, processes=2, should_stop=lambda: len(written) > 3
    ):
        written.append(done)
    names = {done.target.name for done in written if not done.error}
    assert files(tmp_path / "many") == {name: alone[1][name] for name in names}


def test_a_few_small_sessions_start_no_process(store, tmp_path, monkeypatch):
    monkeypatch.setattr(subprocess, "Popen", None)
    assert run("export", GRID, QUEUE, "-o", f"{tmp_path}/out/").exit_code == 0
    assert len(list((tmp_path / "out").iterdir())) == 2


def test_ctrl_c_leaves_no_half_written_file_of_any_process(store, tmp_path):
    draw = random.Random(1)
    for _ in range(6):
        # What cannot be compressed, so that it is worth the processes.
        texts = (draw.randbytes(50_000).hex() for _ in range(20))
        items = (Message(None, "user", [InputText(text)]) for text in texts)
        session = new_session(messages=map(new_message, items))
        write_session(store / f"{session.metadata.id}.agcx", *session)
    large = [path.stem for path in store.glob("*.agcx") if path.stat().st_size > 500_000]
    assert len(large) == 6
    out = tmp_path / "out"
    out.mkdir()

    def interrupted() -> bool:
        """Whether it was, and not at its end already."""
        words = program("export", *large, "--format", "html", "--overwrite", "-o", f"{out}/")
        process = subprocess.Popen(words, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        wait_until(lambda: process.poll() is not None or list(out.glob(".*")), "a file")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=LIMIT)
        return process.returncode != 0

    wait_until(interrupted, "an export that is interrupted")
    assert list(out.glob(".*")) == []
