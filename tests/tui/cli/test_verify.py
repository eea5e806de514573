"""`agcx verify` and `agcx repair` as a person and a script see them."""

from __future__ import annotations

import json
import os
from pathlib import Path

from agcx_format.store.store import open_store
from tests.support.golden_files import GOLDEN
from tests.support.stores import contents
from tests.tui.cli.conftest import BROKEN, GRID, TORN, Terminal, run


def path_of(store: Path, name: str) -> str:
    return next(str(path) for path in store.glob(f"{name}*.agcx"))


def test_a_whole_session_is_one_line_of_totals(store):
    result = run("verify", GRID)
    assert result.exit_code == 0
    assert result.stdout.startswith("1 file checked, ")
    assert "nothing is wrong" in result.stdout
    assert run("verify", GRID, "-v").stdout.count("\n") == 2


def test_where_no_file_has_the_name_nothing_is_called_right(store):
    result = run("verify", "nowhere")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "no session 'nowhere'" in result.stderr


def test_the_store_is_checked_whole_and_what_is_broken_is_shown_by_section(store):
    before = contents(store, trash=True)
    result = run("verify")
    assert result.exit_code == 1
    assert sum(line.startswith("error") for line in result.stdout.splitlines()) == 2
    assert BROKEN in result.stdout
    assert TORN in result.stdout
    assert "messages" in result.stdout
    assert result.stdout.splitlines()[-1].startswith(f"{len(before)} files checked")
    assert "2 with errors" in result.stdout.splitlines()[-1]
    assert contents(store, trash=True) == before


def test_json_is_one_document_a_file_with_a_schema_version(store):
    result = run("verify", "--json")
    assert result.exit_code == 1
    reports = [json.loads(line) for line in result.stdout.splitlines()]
    sessions = [report for report in reports if report["kind"] == "session"]
    assert len(sessions) == len(list(open_store(store).scan()))
    assert {report["schema"] for report in reports} == {1}
    broken = [report for report in reports if report["severity"] == "error"]
    assert not any(report["ok"] for report in broken)
    assert {report["id"][:8] for report in broken} == {BROKEN, TORN}
    for report in broken:
        finding = report["findings"][0]
        assert finding["severity"] == "error"
        assert {"section", "reason", "offset", "code", "message"} <= set(finding)


def test_paths_and_directories_need_no_store(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert "6 files checked" in run("verify", GOLDEN / "manager-store").stdout
    assert run("verify", next((GOLDEN / "legacy").glob("*.agcx"))).exit_code == 0


def test_a_session_that_agcodex_cannot_load_is_said_so_and_repaired(tmp_path, monkeypatch):
    """AGCodex leaves a field out of some reasoning, and then refuses what it wrote."""
    monkeypatch.setenv("HOME", str(tmp_path))
    path = next((GOLDEN / "manager-store").glob("4dea779b*.agcx"))
    result = run("verify", path)
    assert result.exit_code == 1
    assert "nothing is wrong" not in result.stdout
    assert "message 16" in result.stdout
    assert "AGCodex" in result.stdout
    assert "agcx repair" in result.stdout
    done = run("repair", path, "-o", tmp_path / "out")
    assert done.exit_code == 0
    assert "the reasoning of 1 message" in done.stderr
    assert "lost" not in done.stderr
    again = run("verify", tmp_path / "out" / path.name)
    assert again.exit_code == 0
    assert "nothing is wrong" in again.stdout


def test_a_name_that_fits_nothing_does_not_hold_up_the_others(store):
    result = run("verify", "ffff", GRID)
    assert result.exit_code == 1
    assert "ffff" in result.stderr
    assert "1 file checked" in result.stdout


def test_names_and_reasons_are_made_safe(store, tmp_path):
    path = tmp_path / "\x1b[31mred\n.agcx"
    path.write_bytes(b"AGCX\x01\x00\x00")
    for words in (["verify", path], ["repair", path, "-o", tmp_path / "out"]):
        result = run(*words)
        assert result.exit_code == 1
        assert "\x1b" not in result.stdout + result.stderr
        assert "\nred" not in result.stdout


def test_progress_is_for_a_terminal_and_leaves_nothing_behind(store):
    assert "checked 1 of" not in run("verify").stderr
    status, shown = Terminal("verify").finish()
    assert status == 1
    assert "checked 1 of" in shown
    assert "Traceback" not in shown
    last = shown.rstrip().splitlines()[-1].split("\x1b[K")[-1]
    assert last.startswith(f"{len(contents(store))} files checked")


def test_repair_writes_a_new_file_and_says_what_is_lost(store, tmp_path):
    source, out = path_of(store, BROKEN), tmp_path / "out"
    before = Path(source).read_bytes()
    result = run("repair", BROKEN, "-o", out)
    assert result.exit_code == 0
    assert "saved" in result.stdout
    assert "lost: " in result.stderr
    assert Path(source).read_bytes() == before
    target = out / os.path.basename(source)
    assert run("verify", target).exit_code == 0
    assert run("show", target).exit_code == 0
    again = run("repair", source, "-o", out)
    assert again.exit_code == 1
    assert "exists" in again.stderr


def test_repair_of_a_whole_session_writes_nothing(store, tmp_path):
    result = run("repair", GRID, "-o", tmp_path / "out")
    assert result.exit_code == 0
    assert "nothing is wrong" in result.stderr
    assert not (tmp_path / "out").exists()


def test_repair_needs_a_directory(store):
    assert run("repair", GRID).exit_code == 2
