"""`agcx copy` and `agcx import PATH`: a session goes to a colleague, and comes back."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from agcx_format import OperatingMode, open_store
from agcx_format.store import Archive
from tests.support.bad_sectors import BadSectors, needs_proc
from tests.tui.cli.conftest import GRID, run


def with_checkpoint(store: Path) -> str:
    """The id of a session of the demo that has one, other than GRID."""
    opened = open_store(store)
    ids = sorted(entry.id for entry in opened.scan() if entry.metadata)
    others = [each for each in ids if not str(each).startswith(GRID)]
    return str(next(each for each in others if opened.list_checkpoints(each)))


def test_a_session_goes_to_another_store_with_its_checkpoints(store, tmp_path):
    name = with_checkpoint(store)
    result = run("copy", name, "--to", tmp_path / "colleague")
    assert result.exit_code == 0, result.output
    copied = open_store(tmp_path / "colleague")
    (entry,) = copied.scan()
    assert str(entry.id) == name
    assert copied.list_checkpoints(entry.id) == open_store(store).list_checkpoints(entry.id)
    assert "1 copied" in result.stderr
    again = run("copy", name, "--to", tmp_path / "colleague")
    assert (again.exit_code, "1 already there" in again.stderr) == (0, True)
    assert run("undo", "--store", tmp_path / "colleague").exit_code == 0
    assert len(copied) == 0


def test_a_dry_run_makes_no_store(store, tmp_path):
    assert "1 copied" in run("copy", GRID, "--to", tmp_path / "colleague", "--dry-run").stderr
    assert not (tmp_path / "colleague").exists()


def test_our_own_export_a_file_and_a_store_come_back_in(store, tmp_path):
    path = Path(open_store(store).resolve(GRID).path)
    alone = tmp_path / "mail" / path.name
    alone.parent.mkdir()
    alone.write_bytes(path.read_bytes())
    run("export", GRID, "--format", "json", "-o", tmp_path / "grid.json")
    run("copy", GRID, "--to", tmp_path / "colleague")
    for source in (tmp_path / "grid.json", alone, tmp_path / "colleague"):
        target = tmp_path / f"to-{source.name}"
        target.mkdir()
        result = run("import", source, "--store", target)
        assert result.exit_code == 0, result.output
        (entry,) = open_store(target).scan()
        assert str(entry.id).startswith(GRID)


def test_another_version_of_a_session_is_left_as_it_is(store, tmp_path):
    run("copy", GRID, "--to", tmp_path / "colleague")
    opened = open_store(tmp_path / "colleague")
    (entry,) = opened.scan()
    with opened.editing(entry.id) as editor:
        editor.add(next(iter(opened.load_session(entry.id)[1].messages)))
    result = run("import", tmp_path / "colleague")
    assert "another version of it is in the store" in result.stdout
    assert "1 skipped" in result.stderr


def test_what_is_no_session_is_said_and_the_others_come_in(store, tmp_path):
    (tmp_path / "notes.json").write_text("[]")
    path = Path(open_store(store).resolve(GRID).path)
    target = tmp_path / "target"
    target.mkdir()
    result = run("import", tmp_path / "notes.json", path, "--store", target)
    assert result.exit_code == 1
    assert "not a session as JSON" in result.stderr
    assert len(open_store(target)) == 1
    (tmp_path / "notes.txt").write_text("Milk, bread")
    assert "neither an .agcx file nor" in run("import", tmp_path / "notes.txt").stderr


def test_a_copy_in_the_other_layout_says_what_it_cannot_hold(store, tmp_path):
    two, one = tmp_path / "two", tmp_path / "one"
    assert run("copy", GRID, "--to", two, "--layout", "2").exit_code == 0
    opened = open_store(two)
    (entry,) = opened.scan()
    assert entry.layout == 2
    with opened.editing(entry.id) as editor:
        editor.switch_mode(OperatingMode.REVIEW)
        editor.switch_mode(OperatingMode.PLAN)
    said = run("import", two, "--store", one, "--layout", "1", "--dry-run").stdout
    assert "no place for when the mode changed" in said
    assert run("import", two, "--store", one, "--layout", "1").exit_code == 0
    (entry,) = open_store(one).scan()
    assert entry.layout == 1
    assert run("verify", "--store", one).exit_code == 0
    assert run("verify", "--store", two).exit_code == 0


@needs_proc
def test_one_session_that_cannot_be_read_does_not_keep_the_others_from_coming(store, tmp_path):
    entries = {str(entry.id): entry for entry in open_store(store).scan() if entry.metadata}
    bad = next(entry for name, entry in entries.items() if name.startswith(GRID))
    odd = with_checkpoint(store)
    checkpoint = next((store / "checkpoints").glob(f"{odd}_*"))
    checkpoint.unlink()
    os.mkfifo(checkpoint)
    with BadSectors(store, bad={bad.path: bad.size - 1}):
        result = run("import", store, "--store", tmp_path / "other")
    assert result.exit_code == 1
    copied = {str(entry.id) for entry in open_store(tmp_path / "other").scan()}
    assert copied == entries.keys() - {str(bad.id)}
    assert "skipped  Fix the grid layout" in result.stdout
    assert f"{checkpoint.name} cannot be read" in result.stdout


def test_one_damaged_object_does_not_keep_the_others_from_coming_back(store, tmp_path):
    file, size = tmp_path / "backup.tar", 0
    run("backup", file)
    with Archive(file) as archive:
        backup = archive.read(next(iter(archive.backups)))
        session = next(each for each in backup.sessions if str(each.id).startswith(GRID))
        at, size = archive.member(session.file.sha256).start, len(backup.sessions)
    data = bytearray(file.read_bytes())
    data[at + 50] ^= 1
    file.write_bytes(data)
    assert run("backup", "verify", file).exit_code == 1
    result = run("backup", "restore", file, "--to", tmp_path / "other")
    assert (result.exit_code, "its checksum differs" in result.stdout) == (1, True)
    assert len(open_store(tmp_path / "other")) == size - 1


def test_the_undo_that_a_restore_names_can_be_pasted_into_a_shell(store, tmp_path):
    run("backup", tmp_path / "backup.tar")
    restored = run("backup", "restore", tmp_path / "backup.tar", "--to", tmp_path / "my store")
    _, *words = shlex.split(restored.stderr.partition("Undo with: ")[2])
    assert run(*words).exit_code == 0
    assert not len(open_store(tmp_path / "my store"))


def test_a_backup_of_no_store_fails_and_leaves_no_archive(store, tmp_path, monkeypatch):
    monkeypatch.delenv("AGCX_STORE")
    file = tmp_path / "nightly.tar"
    result = run("backup", file)
    assert (result.exit_code, "nothing to back up" in result.stderr) == (1, True)
    assert not file.exists()


def test_a_backup_is_listed_restored_and_replaces_nothing_unasked(store, tmp_path):
    file = tmp_path / "backup.tar"
    assert "backed up" in run("backup", file).stderr
    assert "0 B of them new" in run("backup", file).stderr
    assert "2 backups" in run("backup", "list", file).stderr
    assert "Fix the grid layout" in run("backup", "list", file, "--sessions").stdout
    run("edit", GRID, "--title", "Changed", "--force")
    skipped = run("backup", "restore", file, GRID)
    assert (skipped.exit_code, "--replace" in skipped.stdout) == (1, True)
    assert run("backup", "restore", file, GRID, "--replace", "--dry-run").exit_code == 0
    assert open_store(store).resolve(GRID).title == "Changed"
    assert "Undo with" in run("backup", "restore", file, GRID, "--replace").stderr
    assert open_store(store).resolve(GRID).title == "Fix the grid layout"
    assert run("undo").exit_code == 0
    assert open_store(store).resolve(GRID).title == "Changed"
    assert run("backup", "restore", file, "nothing").exit_code == 1
    assert run("backup", "list", file, "--backup", "1999").exit_code == 2
