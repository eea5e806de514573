"""What changes something: delete, undo, export, import.  Nothing is lost without a yes."""

from __future__ import annotations

import json
import os
import stat

import pytest

from agcx_format import from_session_json
from agcx_format.session.whole import read_session
from agcx_format.store.store import open_store
from tests.tui.cli.conftest import BROKEN, GRID, QUEUE, TORN, Terminal, run


def ids(store) -> set[str]:
    return {str(entry.id)[:8] for entry in open_store(store).scan()}


def contents(store) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in store.glob("*.agcx")}


def test_without_a_terminal_the_question_is_a_refusal(store):
    result = run("delete", GRID)
    assert result.exit_code == 1
    assert "--yes" in result.stderr
    assert GRID in ids(store)


def test_delete_and_undo_leave_every_byte_as_it_was(store):
    before = contents(store)
    assert run("delete", GRID, QUEUE, TORN, "--yes").exit_code == 0
    assert ids(store).isdisjoint({GRID, QUEUE, TORN})
    result = run("undo")
    assert result.exit_code == 0
    assert "3 sessions" in result.stderr
    assert contents(store) == before


def test_a_name_that_fits_nothing_does_not_hold_up_the_others(store):
    result = run("delete", GRID, "ffff", "--yes")
    assert result.exit_code == 1
    assert "no session 'ffff'" in result.stderr
    assert GRID not in ids(store)


def test_an_undo_names_what_came_back(store):
    run("delete", GRID, QUEUE, TORN, "--yes")
    lines = run("undo").stderr.splitlines()
    assert lines[0].startswith("Restored 3 sessions, ")
    assert "  Fix the grid layout" in lines
    assert len(lines) == 4


def test_what_stands_in_the_way_of_an_undo_is_named_whole(store):
    run("delete", GRID, QUEUE, "--yes")
    for path in (store / "trash").rglob("*.agcx"):
        (store / path.name).write_bytes(b"saved again by an agent")
    result = run("undo")
    assert result.exit_code == 1
    assert "nothing was undone: 2 sessions have changed since: " in result.stderr
    assert "“Fix the grid layout”" in result.stderr


def test_nothing_to_undo_is_one_line(store):
    result = run("undo")
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(("answer", "gone"), [("y\r", True), ("n\r", False), ("\r", False)])
def test_in_a_terminal_it_asks_and_no_is_the_default(store, answer, gone):
    terminal = Terminal("delete", GRID)
    terminal.wait_for("Delete 1 session")
    assert b"a favorite" in terminal.written
    terminal.wait_for("[y/N]: ")
    terminal.type(answer)
    if gone:
        terminal.wait_for("Also the favorite “Fix the grid layout”? [y/N]: ")
        terminal.type("y\r")
    status, _ = terminal.finish()
    assert (GRID not in ids(store)) is gone
    assert status == (0 if gone else 1)


def test_a_favorite_that_is_not_confirmed_keeps_all(store):
    before = contents(store)
    terminal = Terminal("delete", QUEUE, GRID)
    terminal.wait_for("[y/N]: ")
    terminal.type("y\r")
    terminal.wait_for("Also the favorite")
    terminal.type("\r")
    status, shown = terminal.finish()
    assert status == 1
    assert "nothing was deleted" in shown
    assert contents(store) == before


def test_ctrl_c_at_the_question_deletes_nothing_and_ends_quietly(store):
    terminal = Terminal("delete", GRID)
    terminal.wait_for("[y/N]: ")
    terminal.interrupt()
    status, shown = terminal.finish()
    assert status == 130
    assert "Traceback" not in shown
    assert "Abort" not in shown
    assert GRID in ids(store)


def test_show_in_a_terminal_goes_through_the_pager(store, tmp_path):
    pager = tmp_path / "pager"
    pager.write_text(f"#!/bin/sh\ncat > {tmp_path}/paged\n")
    pager.chmod(0o755)
    status, _ = Terminal("show", GRID, PAGER=str(pager), TERM="xterm").finish()
    assert status == 0
    assert (tmp_path / "paged").read_text().startswith("Fix the grid layout\n")


def test_markdown_goes_to_stdout(store):
    result = run("export", GRID)
    assert result.exit_code == 0
    assert "# Fix the grid layout\n" in result.stdout


def test_json_reads_back_as_the_same_session(store):
    path = open_store(store).resolve(GRID).path
    assert from_session_json(run("export", GRID, "--format", "json").stdout) == read_session(path)


def test_several_go_to_a_directory_under_readable_names_for_their_owner_alone(store, tmp_path):
    assert run("export", GRID, QUEUE, "-o", tmp_path / "new").exit_code == 2
    assert run("export", GRID, QUEUE, "-o", f"{tmp_path}/new/").exit_code == 0
    files = {path.name: path for path in (tmp_path / "new").iterdir()}
    assert set(files) == {
        f"fix-the-grid-layout-{GRID}.md",
        f"why-does-the-queue-stall-after-a-deploy-{QUEUE}.md",
    }
    assert {stat.S_IMODE(path.stat().st_mode) for path in files.values()} == {0o600}
    run("export", GRID, "-o", f"{tmp_path}/deep/new/")
    made = [tmp_path / "new", tmp_path / "deep", tmp_path / "deep" / "new"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o700}


def test_a_file_that_exists_is_never_replaced_unasked(store, tmp_path):
    target = tmp_path / "mine.md"
    target.write_text("mine")
    target.chmod(0o644)
    result = run("export", GRID, "-o", target)
    assert result.exit_code == 1
    assert "exists" in result.stderr
    assert target.read_text() == "mine"
    assert run("export", GRID, "-o", target, "--overwrite").exit_code == 0
    assert "grid" in target.read_text()
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_one_that_fails_is_told_and_the_rest_goes_on(store, tmp_path):
    result = run("export", BROKEN, GRID, "-o", f"{tmp_path}/out/")
    assert result.exit_code == 1
    assert "messages" in result.stderr
    assert "agcx repair" in result.stderr
    assert "agcx repair" in run("export", BROKEN).stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == [
        f"fix-the-grid-layout-{GRID}.md"
    ]


def test_two_sessions_of_one_name_become_two_files(store, tmp_path):
    twin = store / f"{GRID}-0000-4000-8000-000000000000.agcx"
    original = next(path for path in store.glob(f"{GRID}*"))
    os.link(original, twin)
    assert run("export", original, twin, "-o", f"{tmp_path}/out/").exit_code == 0
    # Two names of one file are two sessions of the store, whatever the file system shares.
    assert len(list((tmp_path / "out").iterdir())) == 2


def rollout(directory, name="01997e76-d124-7592-9cac-2ec05abbca08") -> None:
    lines = [
        {"type": "session_meta", "payload": {"id": name, "cwd": "/src", "cli_version": "0.42.0"}},
        {
            "type": "response_item",
            "payload": {
                "type": "message",
                "role": "user",
                "content": [{"type": "input_text", "text": "Where does the time go?\x1b[31m"}],
            },
        },
    ]
    folder = directory / "2025" / "09" / "24"
    folder.mkdir(parents=True)
    with open(folder / f"rollout-2025-09-24T19-22-20-{name}.jsonl", "w") as file:
        for line in lines:
            file.write(json.dumps({"timestamp": "2025-09-24T19:22:20.000Z"} | line) + "\n")


def test_a_second_import_adds_nothing_and_a_dry_run_writes_nothing(store, tmp_path):
    rollout(tmp_path / "sessions")
    new = tmp_path / "new"
    words = ["--store", new, "import", "codex", tmp_path / "sessions"]
    first = run(*words, "--dry-run")
    assert first.exit_code == 0
    assert "Where does the time go?" in first.stdout
    assert not new.exists()
    assert run(*words).exit_code == 0
    assert ids(new) == {"01997e76"}
    before = contents(new)
    again = run(*words, "--json")
    assert json.loads(again.stdout.splitlines()[0])["outcome"] == "already there"
    assert contents(new) == before


def test_rollouts_are_looked_for_where_codex_keeps_them(store, tmp_path, monkeypatch):
    monkeypatch.setenv("CODEX_HOME", str(tmp_path / "codex"))
    result = run("import", "codex")
    assert result.exit_code == 1
    assert str(tmp_path / "codex" / "archived_sessions") in result.stderr
    rollout(tmp_path / "codex" / "sessions")
    assert run("import", "codex").exit_code == 0
    assert "01997e76" in ids(store)


def test_what_is_told_of_an_import_is_made_safe(store, tmp_path):
    rollout(tmp_path / "sessions")
    result = run("import", "codex", tmp_path / "sessions")
    assert "\x1b" not in result.stdout + result.stderr


def test_the_model_the_mode_and_the_directory_are_changed_in_one_change(store, tmp_path):
    opened = open_store(store)
    before = opened.load_session(opened.resolve(QUEUE).id)
    words = ["--model", "other", "--mode", "review", "--directory", "here", "--force"]
    result = run("edit", QUEUE, *words)
    assert (result.exit_code, "Changed" in result.stderr) == (0, True)
    metadata, conversation, _ = open_store(store).load_session(before[0].id)
    assert (metadata.model, metadata.current_mode.value) == ("other", "Review")
    assert conversation.context.working_directory == str(tmp_path / "here")
    assert conversation.messages == before[1].messages
    assert run("undo").exit_code == 0
    assert open_store(store).load_session(before[0].id) == before


def test_two_sessions_are_joined_and_parted_again(store):
    opened = open_store(store)
    one, two = (opened.load_session(opened.resolve(name).id) for name in (GRID, QUEUE))
    # The first file is of layout 1, which has no place for the modes of both.
    assert run("edit", QUEUE, "--mode", "review", "--force").exit_code == 0
    two = open_store(store).load_session(two[0].id)
    result = run("join", GRID, QUEUE, "--force")
    assert (result.exit_code, "when the mode changed" in result.stderr) == (1, True)
    assert "--yes" in result.stderr
    assert open_store(store).load_session(one[0].id) == one
    result = run("join", GRID, QUEUE, "--force", "--yes")
    assert (result.exit_code, "when the mode changed" in result.stderr) == (0, True)
    count = len(one[1].messages) + len(two[1].messages)
    assert open_store(store).resolve(GRID).metadata.message_count == count
    assert QUEUE in run("trash", "list").stdout
    assert run("undo").exit_code == 0
    assert open_store(store).load_session(two[0].id) == two
    assert run("join", GRID, GRID).exit_code == 2
    assert run("join", GRID, "ffffffff").exit_code == 1


def test_the_modes_of_an_edit_are_those_of_the_format():
    from agcx_format import OperatingMode
    from agcx_tui.cli.changing.change import MODES

    assert [mode.value.casefold() for mode in OperatingMode] == list(MODES)


def test_every_verb_for_checkpoints_takes_one_whose_session_is_gone(store):
    opened = open_store(store)
    entry = next(each for each in opened.scan() if each.metadata and opened.checkpoints.of(each))
    found = opened.checkpoints.of(entry)[0]
    os.unlink(entry.path)
    name = f"{str(entry.id)[:8]}@{found.metadata.name}"
    assert name in run("checkpoint", "list").stdout
    shown = run("checkpoint", "show", name)
    assert (shown.exit_code, "[1]" in shown.stdout, shown.stderr) == (0, True, "")
    other = next(each for each in opened.scan() if each.metadata)
    session = run("checkpoint", "show", str(other.id))
    assert "is a session, not a checkpoint" in session.stderr
    assert "not a checkpoint" not in run("show", str(other.id)).stderr
    assert run("checkpoint", "export", name, "--format", "txt").exit_code == 0
    result = run("checkpoint", "restore", name)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.strip() in run("list", "--json").stdout
    assert run("undo").exit_code == 0
    for words in (("rename", name, "other"), ("restore", name, "--in-place", "--yes")):
        refused = run("checkpoint", *words)
        assert (refused.exit_code, "no session" in refused.stderr) == (1, True)
    assert run("checkpoint", "delete", name, "--yes").exit_code == 0
    assert name not in run("checkpoint", "list").stdout


def test_each_of_two_checkpoints_of_one_name_is_listed_by_what_finds_it(store):
    for _ in range(2):
        assert run("checkpoint", "create", GRID, "twice", "--force").exit_code == 0
    lines = [
        each for each in run("checkpoint", "list", GRID).stdout.splitlines() if "twice" in each
    ]
    named = [word for line in lines for word in line.split() if "@" in word]
    assert len(set(named)) == 2
    for name in named:
        assert run("checkpoint", "delete", name, "--yes").exit_code == 0
