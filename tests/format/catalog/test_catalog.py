"""The catalog gives back what was put in, from its first page on, or it is none."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agcx_format import SessionFile, new_message, new_session, write_session
from agcx_format.catalog.columns import GONE, WORDS_KNOWN, Columns
from agcx_format.catalog.file import FIRST_PAGE, Catalog
from agcx_format.catalog.openings import read_opening
from agcx_format.catalog.projects import Opening, project_directory, project_name
from agcx_format.catalog.refresh import Gone, differences, look_at
from agcx_format.codec.zstd import seekable
from agcx_format.disk import locks
from agcx_format.model.items import InputText, Message
from agcx_format.session.source import PENDING
from agcx_format.store.store import Store
from tests.support.entries import broken, damaged, session
from tests.support.golden_files import GOLDEN
from tests.support.stores import copy_of


def columns_of(*entries) -> Columns:
    columns = Columns()
    for entry in entries:
        columns.put(entry)
    return columns


def facts(columns: Columns, row: int) -> dict:
    """All that is known of a row."""
    pools = ("folders", "models", "tags", "directories", "projects", "branches")
    numbers = {name: a[row] for name, a in columns.arrays.items() if name not in pools}
    error = columns.errors.get(row)
    return numbers | {
        "path": columns.path(row),
        "id": columns.id(row),
        "title": columns.titles[row],
        "model": columns.model(row),
        "tags": columns.tags(row),
        "opening": columns.opening(row),
        "haystack": columns.haystacks[row],
        "error": error and (type(error), str(error)),
    }


def every(columns: Columns) -> list[dict]:
    return [facts(columns, row) for row in range(len(columns))]


def many(count: int) -> Columns:
    columns = columns_of(
        *(session(n, f"Number {n}", tags=("a", "b")[: n % 3]) for n in range(count))
    )
    for row in range(0, count, 2):
        opening = Opening(f"words {row}", f"/dir/{row % 5}", f"/project/{row % 3}", "main")
        columns.set_opening(row, opening)
    return columns


@pytest.mark.parametrize("count", [0, 1, FIRST_PAGE, FIRST_PAGE + 1, 5000])
def test_what_was_saved_is_loaded(tmp_path, count):
    columns = many(count)
    catalog = Catalog(tmp_path / "cache", "/store")
    assert catalog.save(columns, list(range(count)))
    loaded = catalog.load()
    assert every(loaded) == every(columns)
    assert [loaded.row_of(columns.path(row)) for row in range(count)] == list(range(count))


def test_unreadable_files_and_strange_names_are_kept_with_their_reason(tmp_path):
    columns = columns_of(session(1), broken(2), damaged(session(3)))
    strange = os.fsdecode(b"/store/h\xe9llo.agcx")
    from msgspec.structs import replace

    columns.put(replace(session(4), path=strange, id=None))
    catalog = Catalog(tmp_path / "cache", "/store")
    catalog.save(columns, [3, 2, 1, 0])
    loaded = catalog.load()
    assert every(loaded) == every(columns)[::-1]
    assert loaded.row_of(strange) == 0


def test_the_first_page_is_read_alone_and_tells_the_totals_of_all(tmp_path):
    columns = many(600)
    catalog = Catalog(tmp_path / "cache", "/store")
    catalog.save(columns, list(range(600)))
    data = bytearray(catalog.path.read_bytes())
    data[-100:] = bytes(100)
    catalog.path.write_bytes(data)
    reading = catalog.open()
    assert reading.page.count == FIRST_PAGE
    assert (reading.head.sessions, reading.head.size) == (600, 600_000)
    with pytest.raises(ValueError, match="damaged"):
        list(reading.blocks())
    assert catalog.load() is None


@pytest.mark.parametrize("layout", [1, 2])
def test_a_store_is_the_same_however_its_path_is_spelled(tmp_path, monkeypatch, layout):
    store = tmp_path / "real" / "store"
    shutil.copytree(GOLDEN / f"v{layout}", store)
    (tmp_path / "link").symlink_to(store)
    monkeypatch.chdir(tmp_path)
    spellings = [str(store), "real/store", "real/../real/store", "link", "./real/store/"]
    for saved in spellings:
        columns = Columns()
        for entry in Store(saved).scan():
            columns.put(entry)
        Catalog("cache", saved).save(columns, list(range(len(columns))))
        for again in spellings:
            loaded = Catalog("cache", again).load()
            assert len(loaded) == len(columns)
            assert not list(filter(None, differences(Store(again).path, loaded)))


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> bytes:
    catalog = Catalog(tmp_path_factory.mktemp("cache"), "/store")
    catalog.save(many(300), list(range(300)))
    return catalog.path.read_bytes()


@given(st.data())
def test_a_damaged_catalog_is_none(saved, tmp_path_factory, data):
    at = data.draw(st.integers(0, len(saved) - 1))
    cut = data.draw(st.booleans())
    changed = saved[:at] if cut else saved[:at] + bytes([saved[at] ^ 0x41]) + saved[at + 1 :]
    catalog = Catalog(tmp_path_factory.mktemp("damaged"), "/store")
    catalog.path.write_bytes(changed)
    assert catalog.load() is None


def test_the_catalog_of_another_store_is_none(tmp_path):
    first, other = Catalog(tmp_path / "c", "/store"), Catalog(tmp_path / "c", "/other")
    first.save(many(3), [0, 1, 2])
    os.rename(first.path, other.path)
    assert other.load() is None


def test_it_is_readable_by_its_owner_alone(tmp_path):
    catalog = Catalog(tmp_path / "deep" / "cache", "/store")
    catalog.save(many(3), [0, 1, 2])
    assert stat.S_IMODE(catalog.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(catalog.directory.stat().st_mode) == 0o700


def test_who_finds_it_being_written_does_not_wait(tmp_path):
    catalog = Catalog(tmp_path / "cache", "/store")
    assert catalog.save(many(1), [0])
    pid = os.fork()
    if pid == 0:
        try:
            with locks.locked(catalog.directory):
                (tmp_path / "locked").touch()
                while not (tmp_path / "done").exists():
                    pass
        finally:
            os._exit(0)
    while not (tmp_path / "locked").exists():
        pass
    assert catalog.save(many(2), [0, 1]) is False
    (tmp_path / "done").touch()
    os.waitpid(pid, 0)
    assert len(catalog.load()) == 1


def test_forgotten_files_leave_no_word_behind(tmp_path):
    columns = columns_of(session(1, "Secret plan"), session(2, "Other"))
    columns.set_opening(0, Opening("the hidden words", "/secret"))
    columns.set_opening(1, Opening("plain words", "/home"))
    catalog = Catalog(tmp_path / "cache", "/store")
    catalog.save(columns, [0, 1])
    catalog.forget([session(1).path])
    assert [row["title"] for row in every(catalog.load())] == ["Other"]
    left = catalog.path.read_bytes().lower()
    assert b"secret" not in left
    assert b"hidden" not in left


def test_a_file_that_changed_keeps_its_words_until_they_are_read_again():
    columns = columns_of(session(1, "Before", tags=("x",)))
    columns.set_opening(0, Opening("How it began", "/home"))
    row = columns.put(session(1, "After"))
    assert row == 0
    assert columns.haystacks[0].splitlines()[0] == "after"
    assert columns.haystacks[0].splitlines()[-1] == "how it began"
    assert not columns.arrays["flags"][0] & WORDS_KNOWN


@given(st.lists(st.tuples(st.integers(0, 5), st.text(max_size=8)), max_size=40))
def test_texts_that_are_replaced_and_packed_are_the_last_ones_put(steps):
    columns = columns_of(*(session(n) for n in range(6)))
    expected = [columns.titles[row] for row in range(6)]
    for row, text in steps:
        clean = text.encode("utf-8", "replace").decode()
        columns.titles[row] = expected[row] = clean
        columns.titles.pack()
    assert [columns.titles[row] for row in range(6)] == expected


# --- against the directory


def scanned(store: Path) -> Columns:
    return columns_of(*Store(store).scan())


def test_a_store_as_it_was_has_no_differences(tmp_path):
    store = copy_of("v1", tmp_path / "store")
    assert {*differences(store, scanned(store))} == {None}


def test_what_is_new_changed_and_gone_is_found_and_nothing_else(tmp_path):
    store = copy_of("v1", tmp_path / "store")
    columns = scanned(store)
    gone, changed, copied, *_ = sorted(store.glob("*.agcx"))
    copied.with_name("new.agcx").write_bytes(copied.read_bytes())
    gone.unlink()
    os.utime(changed, ns=(1, 1))
    found = [each for each in differences(store, columns) if each is not None]
    assert {each for each in found if isinstance(each, Gone)} == {str(gone)}
    entries = {each.path for each in found if not isinstance(each, Gone)}
    assert entries == {str(changed), str(store / "new.agcx")}
    assert look_at(store, columns, str(copied)) is None
    assert look_at(store, columns, str(changed)).path == str(changed)
    assert look_at(store, columns, str(gone)) == Gone(str(gone))


def test_a_file_that_comes_back_is_new(tmp_path):
    store = copy_of("v1", tmp_path / "store")
    columns = scanned(store)
    columns.set_gone(0)
    assert columns.arrays["flags"][0] & GONE
    found = [each for each in differences(store, columns) if each is not None]
    assert [each.path for each in found] == [columns.path(0)]


def test_two_layouts_may_hold_the_same_id(tmp_path):
    columns = columns_of(session(1, "first"))
    from msgspec.structs import replace

    inside = session(1, "second")
    columns.put(replace(inside, path=inside.path.replace("/store/", "/store/sessions/"), layout=2))
    assert [columns.titles[row] for row in range(len(columns))] == ["first", "second"]


def test_first_words_are_the_person_s_own_in_one_line():
    from agcx_tui.demo import demo_store

    with demo_store() as path:
        told = [read_opening(entry.path) for entry in Store(path).scan()]
    assert any(each.words.startswith("Look at this picture") for each in told)
    assert all("\n" not in each.words and len(each.words) <= 200 for each in told)
    assert any(each.directory.startswith("/") for each in told)


def test_first_words_of_a_large_session_are_known_like_those_of_a_small_one(tmp_path, monkeypatch):
    monkeypatch.setattr(seekable, "THRESHOLD", 2000)
    monkeypatch.setattr(seekable, "FRAME", 600)
    texts = [("system", "a notice " * 100), ("user", "one"), *(("assistant", "more " * 100),) * 9]
    said = [new_message(Message(None, role, [InputText(text)])) for role, text in texts]
    path = tmp_path / "large.agcx"
    write_session(path, *new_session(messages=said))
    with SessionFile(path) as file:
        # Its messages are in frames.
        assert file.get(0) is PENDING
    assert read_opening(str(path)).words == "one"


@pytest.mark.parametrize("layout", ["v1", "v2"])
def test_a_session_that_was_cut_off_keeps_what_the_list_knew_of_it(layout, tmp_path):
    store = copy_of(layout, tmp_path / "store")
    columns = scanned(store)
    rows = range(len(columns))
    for row in rows:
        columns.set_opening(row, read_opening(columns.path(row)))
    before = [columns.opening(row) for row in rows]
    assert any(each.directory for each in before)
    for row in rows:
        os.truncate(columns.path(row), os.path.getsize(columns.path(row)) // 2)
    for changed in filter(None, differences(store, columns)):
        columns.put(changed)
    found = [read_opening(columns.path(row)) for row in rows]
    assert any(each.is_damaged for each in found)
    for row, opening in enumerate(found):
        columns.set_opening(row, opening)
    assert [columns.opening(row) for row in rows] == before


def test_a_project_is_the_last_part_of_the_directory():
    assert project_name("/home/ana/src/site/") == "site"
    assert (project_name("/"), project_name(""), project_name("C:\\work")) == ("/", "", "C:\\work")


def git(*arguments: str | Path) -> None:
    subprocess.run(("git", *arguments), check=True, capture_output=True)


@pytest.mark.skipif(not shutil.which("git"), reason="there is no git")
def test_all_worktrees_of_a_repository_are_one_project(tmp_path):
    repository, other = tmp_path / "site", tmp_path / "elsewhere" / "grid-fix"
    git("init", repository)
    person = ("-c", "user.name=a", "-c", "user.email=a@b")
    git("-C", repository, *person, "commit", "--allow-empty", "-m", "x")
    git("-C", repository, "worktree", "add", other)
    bare = tmp_path / "queue.git"
    git("clone", "--bare", repository, bare)
    git("-C", bare, "worktree", "add", tmp_path / "queue-fix")
    assert project_directory(str(repository)) == str(repository)
    assert project_directory(str(repository / "src")) == str(repository / "src")
    assert project_directory(str(other)) == str(repository)
    # Also below it, and in directories that are not there.
    assert project_directory(f"{other}/src/gone/") == f"{repository}/src/gone"
    assert project_name(project_directory(str(tmp_path / "queue-fix"))) == "queue"


def test_a_worktree_that_is_gone_belongs_to_the_repository_that_an_agent_made_it_in():
    gone = "/nowhere/src/site"
    assert project_directory(f"{gone}/.claude/worktrees/brave-otter") == gone
    assert project_directory(f"{gone}/.worktrees/fix/docs") == f"{gone}/docs"
    assert project_directory(gone) == gone


def test_what_lies_beside_a_directory_cannot_hold_up_its_project(tmp_path):
    os.mkfifo(tmp_path / ".git")
    assert project_directory(str(tmp_path)) == str(tmp_path)
    for number, content in enumerate(("gitdir: ../x/.git/modules/sub", "no", "", "\0" * 9000)):
        (tmp_path / f"{number}").mkdir()
        (tmp_path / f"{number}" / ".git").write_text(content)
        assert project_directory(str(tmp_path / f"{number}")) == str(tmp_path / f"{number}")
    assert project_directory("") == ""
    assert project_directory("not/absolute") == "not/absolute"
    assert project_directory("/with\0nul") == "/with\0nul"
