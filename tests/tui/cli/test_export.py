"""`agcx export`: every format, one file or many, what goes along, and what stays hidden."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
from pathlib import Path

import pytest
from msgspec.structs import replace

from agcx_format import read_session, write_session
from agcx_format.disk.durable import Signature
from agcx_format.exporting.choice import ExportChoice
from agcx_format.importing import agent_named, import_sessions
from agcx_format.importing.codex.rollout import read_rollout
from agcx_format.model.items import FunctionCall, InputText, Message
from agcx_format.store.store import open_store
from agcx_tui.cli.transfer.export import FORMATS
from agcx_tui.core.export import write_files
from agcx_tui.core.export.write_files import Exported, Exporter, Form
from tests.support.rollout_lines import SESSION, meta, user
from tests.support.rollout_lines import write as write_rollout
from tests.support.waiting import LIMIT, wait_until

from .conftest import BROKEN, GRID, QUEUE, TORN, Terminal, program, run

TOKEN = "gh" + "p_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"


def path_of(name: str) -> str:
    return open_store(Path(os.environ["AGCX_STORE"])).resolve(name).path


def change(name: str, title: str, words: str) -> None:
    """Put other words into a session of the store."""
    path = path_of(name)
    metadata, conversation, state = read_session(path)
    first = replace(conversation.messages[0], item=Message(None, "user", [InputText(words)]))
    conversation = replace(conversation, messages=[first, *conversation.messages[1:]])
    write_session(path, replace(metadata, title=title), conversation, state)


def test_the_command_knows_the_formats_that_there_are():
    assert tuple(write_files.FORMATS) == FORMATS


@pytest.mark.parametrize(
    ("format_", "begins"),
    [
        ("md", "---\ntitle: "),
        ("html", "<!DOCTYPE html>"),
        ("json", '{"metadata":'),
        ("jsonl", '{"session_id"'),
        ("txt", "Fix the grid layout\n"),
        ("codex", '{"timestamp"'),
    ],
)
def test_every_format_goes_to_stdout(store, format_, begins):
    result = run("export", GRID, "--format", format_)
    assert result.exit_code == 0
    assert result.stdout.startswith(begins)


def test_an_ending_that_is_no_format_is_refused_unless_the_format_is_said(store, tmp_path):
    target = tmp_path / "grid.pdf"
    result = run("export", GRID, "-o", target)
    assert (result.exit_code, target.exists()) == (2, False)
    assert "ends in no format of export (md, html, " in result.stderr
    assert run("export", GRID, "-o", target, "--format", "md").exit_code == 0
    # Other endings of the same, and none.
    for name, begins in (
        ("g.htm", "<!DOCTYPE"),
        ("g.TEXT", "Fix"),
        ("g", "---"),
        ("g.markdown", "---"),
    ):
        assert run("export", GRID, "-o", tmp_path / name).exit_code == 0
        assert (tmp_path / name).read_text().startswith(begins)


def test_a_rollout_is_called_as_codex_looks_for_it_and_has_all_messages(store, tmp_path):
    assert run("export", GRID, "--format", "codex", "-o", f"{tmp_path}/out/").exit_code == 0
    (written,) = (tmp_path / "out").iterdir()
    metadata, conversation, _ = read_session(path_of(GRID))
    assert re.fullmatch(rf"rollout-\d{{4}}-\d\d-\d\dT[\d-]+-{metadata.id}\.jsonl", written.name)
    back = read_rollout(written).conversation.messages
    assert [m.item for m in back] == [m.item for m in conversation.messages]


@pytest.mark.parametrize(
    ("format_", "count"),
    [
        ("md", lambda text: text.count("\n```yaml\ntitle: ")),
        ("html", lambda text: text.count("<section>")),
        ("json", lambda text: len(json.loads(text))),
        ("jsonl", lambda text: len({json.loads(line)["session_id"] for line in text.splitlines()})),
        ("txt", lambda text: text.count("--- 1. ")),
    ],
)
def test_several_go_into_one_file(store, tmp_path, format_, count):
    target = tmp_path / f"all.{format_}"
    assert run("export", GRID, QUEUE, "--format", format_, "-o", target).exit_code == 0
    assert count(target.read_text("utf-8")) == 2
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert run("export", GRID, QUEUE, "--format", format_).stdout == target.read_text("utf-8")


def test_one_that_fails_is_left_out_of_the_file_of_all_and_told(store, tmp_path):
    target = tmp_path / "all.md"
    result = run("export", BROKEN, GRID, "-o", target)
    assert result.exit_code == 1
    assert "messages" in result.stderr
    assert target.read_text().count("\n# ") == 1


def test_a_file_of_all_replaces_nothing_unasked(store, tmp_path):
    target = tmp_path / "all.md"
    target.write_text("mine")
    result = run("export", GRID, QUEUE, "-o", target)
    assert (result.exit_code, target.read_text()) == (1, "mine")
    assert "--overwrite" in result.stderr
    assert run("export", GRID, QUEUE, "-o", target, "--overwrite").exit_code == 0
    assert target.read_text() != "mine"


def test_codex_takes_one_conversation_a_file(store, tmp_path):
    result = run("export", GRID, QUEUE, "--format", "codex", "-o", tmp_path / "x.jsonl")
    assert result.exit_code == 2


def test_what_goes_along_is_chosen(store):
    whole = run("export", GRID).stdout
    assert "Tool call" in whole
    part = run("export", GRID, "--no-tool-calls", "--no-reasoning", "--no-images", "--no-metadata")
    assert "Tool call" not in part.stdout
    assert not part.stdout.startswith("---")
    assert "# Fix the grid layout" in part.stdout


@pytest.mark.parametrize("format_", FORMATS)
def test_a_secret_is_in_no_format_and_its_kind_is_told(store, format_):
    change(GRID, "Fix it", f"use {TOKEN} and {TOKEN}")
    result = run("export", GRID, "--format", format_, "--redact")
    assert result.exit_code == 0
    assert TOKEN not in result.stdout
    assert "redacted github-token 1" in result.stdout
    assert "hidden: 2 github-token" in result.stderr


def test_a_secret_is_not_in_the_name_of_the_file_either(store, tmp_path):
    change(GRID, f"use {TOKEN}", f"use {TOKEN}")
    assert run("export", GRID, "-o", f"{tmp_path}/out/", "--redact").exit_code == 0
    (written,) = (tmp_path / "out").iterdir()
    assert written.name == f"use-redacted-github-token-1-{GRID}.md"


def test_the_same_secret_is_called_the_same_in_all_files(store, tmp_path):
    other = TOKEN[:-1] + "Z"
    change(GRID, "a", f"{other} {TOKEN}")
    change(QUEUE, "b", TOKEN)
    assert run("export", GRID, QUEUE, "-o", f"{tmp_path}/out/", "--redact").exit_code == 0
    assert "github-token 2" in (tmp_path / "out" / f"b-{QUEUE}.md").read_text()


def test_who_it_was_is_hidden_on_choice(store):
    change(GRID, "a", "in /home/ann/src by ann@mail.example.org")
    assert "/home/ann/src by ann@" in run("export", GRID, "--redact").stdout
    hidden = run("export", GRID, "--redact", "--personal").stdout
    assert "/home/ann/" not in hidden
    assert "ann@mail" not in hidden
    assert run("export", GRID, "--personal").exit_code == 2


def test_on_a_terminal_nothing_is_obeyed(store):
    change(GRID, "a", "red \x1b[31m and \x1b]0;title\x07")
    status, shown = Terminal("export", GRID, "--format", "txt", TERM="xterm").finish()
    assert status == 0
    assert "red \u241b[31m and \u241b]0;title\u2407" in shown
    assert "\x1b]" not in shown


def test_ctrl_c_leaves_nothing_half_written(store, tmp_path):
    path = path_of(GRID)
    metadata, conversation, state = read_session(path)
    many = replace(conversation, messages=conversation.messages * 400)
    write_session(path, metadata, many, state)
    out = tmp_path / "out"
    out.mkdir()
    words = program("export", GRID, "--format", "html", "-o", f"{out}/")

    def interrupted() -> bool:
        """Whether it was, and not at its end already, as on a machine that is slow to tell."""
        process = subprocess.Popen(words, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        wait_until(lambda: process.poll() is not None or list(out.iterdir()), "a file")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=LIMIT)
        if process.returncode == 0:
            next(out.iterdir()).unlink()
        return process.returncode != 0

    wait_until(interrupted, "an export that is interrupted")
    assert list(out.iterdir()) == []


def test_an_export_that_is_stopped_ends_between_two_messages(store, tmp_path):
    asked = iter([False] * 5 + [True] * 1000)
    jobs = [(path_of(GRID), tmp_path / "a.md"), (path_of(QUEUE), tmp_path / "b.md")]
    stop = lambda: next(asked)  # noqa: E731
    assert list(write_files.export_each(jobs, "md", overwrite=False, should_stop=stop)) == []
    assert [path.name for path in tmp_path.iterdir()] == ["history"]


def test_where_no_link_can_be_made_a_file_is_written_all_the_same(store, tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "not permitted")

    monkeypatch.setattr(os, "link", refuse)
    target = tmp_path / "a.md"
    (done,) = write_files.export_each([(path_of(GRID), target)], Form(), overwrite=False)
    assert done == Exported(path_of(GRID), target, target.stat().st_size)
    (done,) = write_files.export_each([(path_of(QUEUE), target)], Form(), overwrite=False)
    assert done.error == "it exists already"


def test_a_file_of_nothing_at_all_is_not_written(store, tmp_path):
    target = tmp_path / "all.md"
    target.write_text("mine")
    assert run("export", BROKEN, TORN, "-o", target, "--overwrite").exit_code == 1
    assert target.read_text() == "mine"


def test_what_was_looked_at_and_left_is_not_hidden(store, tmp_path):
    change(GRID, "a", f"{TOKEN} {TOKEN}")
    path, target, form = path_of(GRID), tmp_path / "a.md", Form(redact=True)
    found = write_files.secrets_in([path], form)[path]
    reviewed = {path: found.hiding(found.finds[:1])}
    (done,) = write_files.export_each([(path, target)], form, overwrite=False, reviewed=reviewed)
    assert done.redacted == {"github-token": 1}
    assert f"[redacted github-token 1] {TOKEN}" in target.read_text()


def test_a_session_that_changed_after_the_review_is_looked_through_again(store, tmp_path):
    kept, new = "gh" + "o_" + TOKEN[4:], "gl" + "pat-" + TOKEN[4:24]
    change(GRID, "a", f"{TOKEN} {kept}")
    path, form = path_of(GRID), Form(redact=True)
    found = write_files.secrets_in([path], form)[path]
    reviewed = {path: found.hiding([find for find in found.finds if find.secret != kept])}
    change(GRID, "a", f"now {kept} {new} {TOKEN}")
    for format_ in ("md", "json"):
        target = tmp_path / f"a.{format_}"
        form = Form(format_, redact=True)
        (done,) = write_files.export_each(
            [(path, target)], form, overwrite=False, reviewed=reviewed
        )
        text = target.read_text()
        assert kept in text
        assert not [secret for secret in (TOKEN, new) if secret in text]
        assert done.redacted == {"github-token": 1, "gitlab-token": 1}


def test_a_session_that_could_not_be_read_for_the_review_is_looked_through(store, tmp_path):
    change(GRID, "a", TOKEN)
    path, target, form = path_of(GRID), tmp_path / "a.md", Form(redact=True)
    away = tmp_path / "away"
    os.rename(path, away)
    found = write_files.secrets_in([path], form)
    assert not any(found.values())
    os.rename(away, path)
    (done,) = write_files.export_each([(path, target)], form, overwrite=False, reviewed=found)
    assert (done.redacted, TOKEN in target.read_text()) == ({"github-token": 1}, False)


@pytest.mark.parametrize(
    ("format_", "choice", "count"),
    [
        ("json", ExportChoice(), 7),
        ("md", ExportChoice(), 3),
        ("md", ExportChoice(tool_calls=False), 2),
        ("codex", ExportChoice(), 4),
        ("claude", ExportChoice(), 4),
        ("jsonl", ExportChoice(), 2),
        ("txt", ExportChoice(tool_calls=False), 1),
    ],
)
def test_what_is_counted_is_what_is_written(store, tmp_path, format_, choice, count):
    path = path_of(GRID)
    metadata, conversation, state = read_session(path)
    call = FunctionCall(None, "shell", json.dumps({"command": f"echo {TOKEN}"}), "c")
    items = Message(None, "user", [InputText(f"use {TOKEN}")]), call
    messages = [replace(m, item=i) for m, i in zip(conversation.messages, items, strict=False)]
    context = replace(
        conversation.context, working_directory=f"/src/{TOKEN}",
        environment_variables={"A": TOKEN, "AGCX_BRANCH": f"try-{TOKEN}"}, open_files=[TOKEN],
    )  # fmt: skip
    conversation = replace(conversation, messages=messages, context=context)
    write_session(
        path, replace(metadata, message_count=2), conversation, replace(state, search_query=TOKEN)
    )
    form, target = Form(format_, choice, redact=True), tmp_path / f"a.{format_}"
    found = write_files.secrets_in([path], form)
    (done,) = write_files.export_each([(path, target)], form, overwrite=False, reviewed=found)
    assert len(found[path]) == done.redacted["github-token"] == count
    assert TOKEN not in target.read_text()


def test_where_nothing_was_exported_nothing_is_said_of_secrets(store, tmp_path):
    result = run("export", BROKEN, "--redact", "-o", tmp_path / "a.md")
    assert (result.exit_code, "hidden" in result.stderr + result.stdout) == (1, False)


def test_a_file_that_changes_while_it_is_looked_through_is_not_the_one_that_was_reviewed(store):
    path = open_store(store).resolve(GRID).path
    assert Exporter(Form("json")).looked(path).signature == Signature.at(path)

    def save() -> bool:
        # An agent does, between two messages.
        os.utime(path, (1, 1))
        return False

    looked = Exporter(Form("json"), save).looked(path)
    assert looked.signature != Signature.at(path)


def test_subagents_go_along_when_asked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("AGCX_STORE", str(tmp_path / "store"))
    other = SESSION.replace("a", "b")
    source = {"subagent": {"thread_spawn": {"parent_thread_id": SESSION}}}
    write_rollout(tmp_path / "a.jsonl", meta(), user("parent"))
    write_rollout(tmp_path / "b.jsonl", meta(id=other, source=source), user("child"))
    list(import_sessions(open_store(tmp_path / "store"), [tmp_path], agent=agent_named("codex")))
    for options, count in (([], 1), (["--subagents"], 2)):
        target = tmp_path / f"out-{count}"
        assert run("export", SESSION, *options, "-o", f"{target}/").exit_code == 0
        assert len(list(target.iterdir())) == count
