"""Where an export goes: what is no regular file is written into, and nothing is replaced unasked."""

from __future__ import annotations

import errno
import os
import socket
import stat
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

import agcx_format
from agcx_format import read_session, write_session
from agcx_format.model.items import InputText, Message
from agcx_format.store.store import open_store
from agcx_format.transcript.escaping import safe_text
from agcx_tui.core.export import write_files
from agcx_tui.core.export.file_names import suggested_name
from agcx_tui.core.export.output_file import shown, write
from tests.support.privileges import without_privileges

from .conftest import BROKEN, GRID, QUEUE, program, run, run_program

MARKDOWN = "# Fix the grid layout"


def kinds_and_bytes(folder: Path) -> dict[str, tuple]:
    """Everything in a folder: its kind, and where a link leads or what a file holds."""
    found = {}
    for path in folder.iterdir():
        kind = stat.S_IFMT(path.lstat().st_mode)
        held = (
            os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else b""
        )
        found[path.name] = (kind, held)
    return found


@pytest.fixture
def out(tmp_path) -> Path:
    path = tmp_path / "out"
    path.mkdir()
    return path


def reading(fifo: Path) -> Callable[[], bytes]:
    """Reads in a thread; what it gives waits for the end and gives the bytes."""
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(fifo.read_bytes()), daemon=True)
    reader.start()

    def result() -> bytes:
        reader.join(60)
        return b"".join(read)

    return result


@pytest.mark.parametrize("options", [[], ["--overwrite"]])
@pytest.mark.parametrize("sessions", [[GRID], [GRID, QUEUE]])
def test_a_fifo_gets_the_bytes_and_stays_one(store, out, options, sessions):
    fifo = out / "fifo.md"
    os.mkfifo(fifo)
    read = reading(fifo)
    result = run("export", *sessions, "-o", fifo, *options)
    assert result.exit_code == 0
    assert read().decode() == run("export", *sessions).stdout
    assert stat.S_ISFIFO(fifo.lstat().st_mode)


def test_a_fifo_that_nobody_reads_is_given_up(store, out):
    fifo = out / "fifo"
    os.mkfifo(fifo)
    with pytest.raises(OSError, match="nothing reads from it"):
        write(fifo, [b"x"], overwrite=True, should_stop=lambda: True)
    assert stat.S_ISFIFO(fifo.lstat().st_mode)


def test_more_than_a_fifo_holds_waits_for_its_reader(out):
    fifo, whole = out / "fifo", os.urandom(1 << 20)
    os.mkfifo(fifo)
    read = reading(fifo)
    assert write(fifo, [whole, whole], overwrite=False).size == 2 << 20
    assert read() == whole + whole


@pytest.mark.parametrize("options", [[], ["--overwrite"]])
def test_a_device_is_written_into(store, out, options):
    device = out / "null"
    try:
        os.mknod(device, stat.S_IFCHR | 0o600, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("only root makes devices")
    for target in (device, link(out / "link", device)):
        result = run("export", GRID, "-o", target, *options)
        assert (result.exit_code, "overwrite" in result.stderr) == (0, False)
    assert stat.S_ISCHR(device.lstat().st_mode)


def test_on_a_terminal_that_is_named_nothing_is_obeyed(out):
    master, slave = os.openpty()
    write(Path(os.ttyname(slave)), [b"red \x1b[31", b"m \xe2\x94", b"\x82\n"], overwrite=False)
    shown = b""
    while not shown.endswith(b"\n"):
        shown += os.read(master, 1000)
    os.close(slave)
    os.close(master)
    assert shown.decode() == "red \u241b[31m │\r\n"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1 << 20])
def test_what_is_shown_does_not_depend_on_where_the_bytes_were_cut(size):
    text = "道路を直す 🚀\r\nПривет\x1b[0m\r\n" * 3
    data = text.encode()
    parts = [data[at : at + size] for at in range(0, len(data), size)]
    assert "".join(shown(parts)) == safe_text(text)
    assert "\ufffd" not in safe_text(text)


def test_a_socket_is_refused(store, out):
    with socket.socket(socket.AF_UNIX) as one:
        # The path of a socket may have a hundred bytes.
        here = os.open(out, os.O_RDONLY)
        one.bind(f"/proc/self/fd/{here}/s" if Path("/proc/self/fd").exists() else str(out / "s"))
        os.close(here)
    result = run("export", GRID, "-o", out / "s", "--overwrite")
    assert (result.exit_code, "overwrite" in result.stderr) == (1, False)
    assert "it is a socket" in result.stderr
    assert stat.S_ISSOCK((out / "s").lstat().st_mode)


def link(path: Path, target: Path | str) -> Path:
    path.symlink_to(target)
    return path


def test_a_link_is_followed_and_stays_one(store, out):
    (out / "real.md").write_text("keep")
    link(out / "a.md", "real.md")
    link(out / "b.md", "a.md")
    before = kinds_and_bytes(out)
    result = run("export", GRID, "-o", out / "b.md")
    assert (result.exit_code, "--overwrite" in result.stderr) == (1, True)
    assert kinds_and_bytes(out) == before
    assert run("export", GRID, "-o", out / "b.md", "--overwrite").exit_code == 0
    after = kinds_and_bytes(out)
    assert MARKDOWN in after.pop("real.md")[1].decode()
    del before["real.md"]
    assert after == before


def test_a_link_to_nothing_makes_the_file_that_it_names(store, out):
    for name, target in (("one.md", "there/real.md"), ("all.md", "there/both.md")):
        link(out / name, target)
    assert run("export", GRID, "-o", out / "one.md").exit_code == 0
    assert run("export", GRID, QUEUE, "-o", out / "all.md").exit_code == 0
    assert [path.is_symlink() for path in out.glob("*.md")] == [True, True]
    assert {path.name for path in (out / "there").iterdir()} == {"real.md", "both.md"}


def test_a_link_to_itself_is_told(store, out):
    link(out / "a.md", "a.md")
    result = run("export", GRID, "-o", out / "a.md", "--overwrite")
    assert (result.exit_code, "symbolic links" in result.stderr) == (1, True)


def test_a_directory_of_links_and_fifos_is_written_through(store, out, tmp_path):
    name = suggested_name("Fix the grid layout", GRID, "md")
    elsewhere = tmp_path / "elsewhere.md"
    link(out / name, elsewhere)
    assert run("export", GRID, QUEUE, "-o", f"{out}/").exit_code == 0
    assert (out / name).is_symlink()
    assert MARKDOWN in elsewhere.read_text()


@pytest.mark.parametrize(
    ("target", "sessions"), [("/dev/stdout", [GRID]), ("/dev/fd/1", [GRID, QUEUE])]
)
def test_stdout_by_its_path_is_stdout(store, tmp_path, target, sessions):
    if not os.path.lexists(target):
        pytest.skip("there is none")
    expected = run("export", *sessions).stdout
    result = run_program("export", *sessions, "-o", target)
    assert (result.returncode, result.stdout) == (0, expected)
    # Also where it is a regular file, which is added to as the shell says.
    file = tmp_path / "file"
    file.write_text("before\n")
    with file.open("a") as stdout:
        run_program("export", *sessions, "-o", target, capture_output=False, stdout=stdout)
    assert file.read_text("utf-8") == "before\n" + expected


def test_any_open_file_is_written_into(store):
    read, given = os.pipe()
    words = program("export", GRID, "-o", f"/dev/fd/{given}")
    process = subprocess.Popen(words, pass_fds=[given], stderr=subprocess.DEVNULL)
    os.close(given)
    with os.fdopen(read, "rb") as pipe:
        assert MARKDOWN in pipe.read().decode()
    assert process.wait(60) == 0


def test_below_a_file_there_is_no_way_and_nothing_is_advised(store, out):
    (out / "File").write_text("mine")
    for sessions in ([GRID], [GRID, QUEUE]):
        result = run("export", *sessions, "-o", out / "File" / "sub" / "out.md")
        assert result.exit_code == 1
        assert f"not a directory: {out / 'File'}" in result.stderr
        assert "overwrite" not in result.stderr
    assert kinds_and_bytes(out) == {"File": (stat.S_IFREG, b"mine")}


def test_without_a_format_the_name_of_the_file_says_it(store, out):
    for name, begins in (("a.HTML", b"<!DOCTYPE html>"), ("a.json", b"{"), ("ab", b"---\n")):
        assert run("export", GRID, "-o", out / name).exit_code == 0
        assert (out / name).read_bytes().startswith(begins)
    assert run("export", GRID, QUEUE, "-o", out / "two.html").exit_code == 0
    assert run("export", GRID, QUEUE, "-o", out / "two.txt", "--format", "md").exit_code == 2
    (out / "folder.html").mkdir()
    assert run("export", GRID, "-o", out / "folder.html").exit_code == 0
    assert [path.suffix for path in (out / "folder.html").iterdir()] == [".md"]


@pytest.mark.parametrize("links", [True, False])
def test_a_file_that_appears_meanwhile_is_not_replaced(out, monkeypatch, links):
    target = out / "a.md"
    if not links:
        monkeypatch.setattr(os, "link", refuse_links)

    def parts():
        yield b"ours"
        target.write_text("theirs")

    with pytest.raises(FileExistsError):
        write(target, parts(), overwrite=False)
    assert kinds_and_bytes(out) == {"a.md": (stat.S_IFREG, b"theirs")}


def refuse_links(*_: object) -> None:
    raise PermissionError(errno.EPERM, "not permitted")


@pytest.mark.parametrize("there", ["/dev/null", "fifo", "file", "nowhere"])
def test_a_repair_into_what_is_no_directory_says_so(store, out, there):
    os.mkfifo(out / "fifo")
    (out / "file").write_text("mine")
    link(out / "nowhere", out / "not there")
    before = kinds_and_bytes(out)
    broken = open_store(store).resolve(BROKEN).path
    result = run("repair", broken, "-o", out / there)
    assert (result.exit_code, "not a directory" in result.stderr) == (1, True)
    assert kinds_and_bytes(out) == before


def test_a_repair_needs_no_links_and_replaces_nothing(store, out, monkeypatch):
    monkeypatch.setattr(os, "link", refuse_links)
    broken = open_store(store).resolve(BROKEN).path
    assert run("repair", broken, "-o", out / "new").exit_code == 0
    (repaired,) = (out / "new").iterdir()
    repaired.write_text("mine")
    result = run("repair", broken, "-o", out / "new")
    assert (result.exit_code, repaired.read_text()) == (1, "mine")
    result = run("repair", store, "-o", out / "new")
    assert (result.exit_code, "a directory; name the files in it" in result.stderr) == (1, True)


@pytest.mark.parametrize("links", [True, False])
def test_what_may_be_replaced_and_is_something_else_by_then_stays(out, monkeypatch, links):
    target = out / "a.md"
    target.write_text("old")
    if not links:
        monkeypatch.setattr(os, "link", refuse_links)

    def parts():
        yield b"ours"
        target.unlink()
        os.mkfifo(target)

    with pytest.raises(FileExistsError):
        write(target, parts(), overwrite=True)
    assert kinds_and_bytes(out) == {"a.md": (stat.S_IFIFO, b"")}


def test_two_sessions_of_one_name_are_two_files_also_when_files_are_replaced(store, out):
    same = store / "70b30ef8-0000-4000-8000-000000000000.agcx"
    first = open_store(store).resolve(GRID)
    same.write_bytes(Path(first.path).read_bytes())
    for _ in range(2):
        result = run("export", first.path, same, "-o", f"{out}/", "--overwrite")
        assert result.exit_code == 0
        assert len(list(out.iterdir())) == 2


def test_a_directory_that_may_only_be_written_takes_files(store):
    source = open_store(store).resolve(GRID).path
    data = Path(source).read_bytes()
    with without_privileges() as folder:
        own, box = folder / Path(source).name, folder / "box"
        own.write_bytes(data)
        box.mkdir(0o300)
        jobs = [(str(own), box / "a.md")]
        assert [done.error for done in write_files.export_each(jobs, "md", overwrite=False)] == [""]
        form = write_files.Form()
        done = write_files.export_together([str(own)], box / "b.md", form, overwrite=False)
        assert [each.error for each in done] == [""]
        box.chmod(0o700)
        assert {path.name for path in box.iterdir()} == {"a.md", "b.md"}


@pytest.mark.parametrize("together", [False, True])
def test_the_name_of_a_new_file_is_made_durable_and_after_it_is_there(
    store, out, monkeypatch, together
):
    synced = []

    def fsync(fd: int) -> None:
        status = os.fstat(fd)
        synced.append((status.st_ino, sorted(os.listdir(out))))
        real(fd)

    real = os.fsync
    monkeypatch.setattr(os, "fsync", fsync)
    sources, form = (
        [open_store(store).resolve(name).path for name in (GRID, QUEUE)],
        write_files.Form(),
    )
    if together:
        write_files.export_together(sources, out / "all.md", form, overwrite=False)
    else:
        jobs = [(source, out / f"{number}.md") for number, source in enumerate(sources)]
        list(write_files.export_each(jobs, form, overwrite=False))
    names = sorted(path.name for path in out.iterdir())
    # The directory comes last, when it has all the names and no temporary one.
    assert synced[-1] == (out.stat().st_ino, names)


@pytest.mark.parametrize("letter", ["a", "é", "界", "𝔸", "\U00020000"])
@pytest.mark.parametrize("format_", write_files.FORMATS)
def test_a_suggested_name_fits_every_file_system(out, letter, format_):
    name = suggested_name(letter * 300, "70b30ef8-0000", format_)
    slug = name.removesuffix(f"-70b30ef8.{write_files.suffix(format_)}")
    assert slug
    assert (len(slug) <= 60, len(os.fsencode(slug)) <= 180) == (True, True)
    (out / name).write_text("x")


@pytest.mark.parametrize("format_", ["json", "md"])
def test_a_session_that_changes_while_it_is_looked_through_counts_as_not_reviewed(
    store, out, monkeypatch, format_
):
    token = "gh" + "p_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    path = open_store(store).resolve(GRID).path
    metadata, conversation, state = read_session(path)
    said = replace(
        conversation.messages[0], item=Message(None, "user", [InputText(f"use {token}")])
    )
    secret = replace(conversation, messages=[said, *conversation.messages[1:]])
    saved: list[str] = []

    def save() -> None:
        """Another program saves the session."""
        if not saved:
            saved.append(path)
            write_session(path, metadata, secret, state)

    def reading(name: str) -> tuple:
        read = read_session(name)
        save()
        return read

    class Saving(write_files.Progress):
        def __setattr__(self, name: str, value: object) -> None:
            super().__setattr__(name, value)
            if (name, value) == ("messages", 1):
                save()

    # JSON is read as a whole, all else a message at a time.
    monkeypatch.setattr(agcx_format, "read_session", reading)
    form = write_files.Form(format_, redact=True)
    reviewed = write_files.secrets_in([path], form, progress=Saving())
    assert saved
    (done,) = write_files.export_each([(path, out / "a")], form, overwrite=False, reviewed=reviewed)
    assert done.error == ""
    assert token not in (out / "a").read_text()
    assert done.redacted == {"github-token": 1}
