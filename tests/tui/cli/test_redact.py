"""Secrets leave a session, its checkpoints and its edit histories, and with the trash whatever kept them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
import zstandard
from msgspec.structs import replace

from agcx_format import InputText, Message, SessionStorage, SessionStore, Store, open_store
from agcx_format.catalog.file import Catalog
from agcx_format.doctor import verify_store
from agcx_format.errors import StaleSession
from agcx_format.model.items import FunctionCall, FunctionCallOutput
from agcx_format.model.new import new_message, new_session
from agcx_tui.core.local.paths import cache_directory, catalogs, state_directory
from agcx_tui.core.local.searches import LastSearches
from tests.slow.crash.processes import killed_at
from tests.support.stores import contents
from tests.tui.cli.conftest import Terminal, run

A, B = UUID(int=0xA << 96 | 1), UUID(int=0xB << 96 | 1)
SECRET = "kR7pQ2vX9mZ4"
TEXT = 'Project "Nightingale"'
FRAME = re.compile(re.escape(zstandard.MAGIC_NUMBER.to_bytes(4, "little")))


def said(text: str) -> Message:
    return Message(None, "user", [InputText(text)])


def write(store: Store) -> None:
    """A session that gives the secret away in one message, prints it in another, and changed one."""
    edited = new_message(said("use the new one"))
    notes = replace(
        edited.metadata,
        edited=True,
        edit_history=[("2025-08-01T12:30:00Z", said(f"then log in with {SECRET}"))],
    )
    messages = [
        new_message(said(f"export DB_PASSWORD={SECRET}")),
        new_message(FunctionCall(None, "note", json.dumps({"about": TEXT}), "call-1")),
        new_message(FunctionCallOutput("call-1", f"{TEXT}\nconnected with {SECRET}")),
        replace(edited, metadata=notes),
    ]
    session = new_session(id=A, title=f"Log in as {SECRET}", messages=messages)
    store.save_session(A, *session)
    other = new_session(id=B, title="Harmless", messages=[new_message(said("nothing here"))])
    store.save_session(B, *other)
    store.rebuild_index()


@pytest.fixture(params=[SessionStorage, SessionStore], ids=["layout 1", "layout 2"])
def store(request, tmp_path: Path, monkeypatch) -> Store:
    root = tmp_path / "history"
    monkeypatch.setenv("AGCX_STORE", str(root))
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    made = request.param(root)
    write(made)
    store = open_store(root)
    # The checkpoint has the secret only where nothing says that it is one.
    metadata, conversation, state = store.load_session(A)
    store.save_session(
        A, metadata, replace(conversation, messages=conversation.messages[1:3]), state
    )
    store.checkpoints.create(store.resolve(str(A)), "before")
    listed = store.load_session(A)[0].checkpoints
    store.save_session(A, replace(metadata, checkpoints=listed), conversation, state)
    return store


def holding(folder: Path, *words: str) -> list[str]:
    """The files that have one of the words, compressed or not."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            frames = [data[match.start() :] for match in FRAME.finditer(data)]
            texts = [data, *filter(None, map(decompressed, frames))]
            if any(word.encode() in text for word in words for text in texts):
                found.append(str(path.relative_to(folder)))
    return found


def decompressed(data: bytes) -> bytes:
    try:
        return zstandard.ZstdDecompressor().decompressobj().decompress(data)
    except zstandard.ZstdError:
        return b""


def test_it_is_nowhere_once_the_act_is_emptied(store: Store, tmp_path: Path):
    # What remembers words: the search index, and the catalog of the list.
    assert "connected" in run("search", "connected").stdout
    catalog = Catalog(catalogs(cache_directory()), store.path)
    from agcx_format.catalog.columns import Columns

    columns = Columns()
    catalog.save(columns, [columns.put(entry) for entry in store.scan()])
    # Who removes a text has searched for it.
    searches = LastSearches(state_directory())
    for line in ("lease", f"{SECRET.lower()} role:user"):
        searches.add(line)
    # An earlier version, in the trash.
    store.update_metadata(A, tags=["mine"])
    assert len(holding(tmp_path, SECRET)) >= 5
    result = run("redact", A, "--secrets", "--yes", "--empty", "--force")
    assert result.exit_code == 0, result.stderr
    assert holding(tmp_path, SECRET, SECRET.lower()) == []
    assert searches.read() == ["lease"]
    metadata, conversation, _ = store.load_session(A)
    assert "[redacted password 1]" in metadata.title
    assert metadata.tags == ["mine"]
    assert len(conversation.messages) == 4
    (listed,) = metadata.checkpoints
    value = store.load_checkpoint(A, listed.id)
    output = value.conversation.messages[1].item
    assert isinstance(output, FunctionCallOutput)
    assert output.output.endswith("connected with [redacted password 1]")
    assert [report for report in verify_store(store) if not report.ok] == []
    assert run("search", SECRET, "--count").stdout.strip() in ("", "0")


def test_it_is_in_the_trash_until_then_and_that_is_said(store: Store, tmp_path: Path):
    before = contents(store.path)
    result = run("redact", A, "--secrets", "--yes", "--force")
    assert result.exit_code == 0
    assert "The trash still has it" in result.stderr
    left = holding(store.path, SECRET)
    assert left
    assert all(path.startswith("trash/") for path in left)
    assert "Redacted" in run("undo", "--list").stdout
    assert run("undo").exit_code == 0
    assert contents(store.path) == before


def test_a_text_is_replaced_in_every_form_it_has(store: Store):
    result = run("redact", A, "--text", TEXT, "--with", 'the "N" project', "--yes", "--force")
    assert result.exit_code == 0
    call, output = (store.load_session(A)[1].messages[n].item for n in (1, 2))
    assert isinstance(call, FunctionCall)
    assert json.loads(call.arguments) == {"about": 'the "N" project'}
    assert isinstance(output, FunctionCallOutput)
    assert output.output == f'the "N" project\nconnected with {SECRET}'
    # Nothing else was asked for.
    assert SECRET in store.load_session(A)[0].title


def test_a_dry_run_lists_all_and_changes_nothing(store: Store):
    before = contents(store.path, trash=True)
    result = run("redact", A, B, "--secrets", "--dry-run", "--json")
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert {each["part"] for each in found} == {"metadata", "message"}
    assert {each["checkpoint"] for each in found} == {None, "before"}
    assert any("edit_history" in each["field"] for each in found)
    assert {each["placeholder"] for each in found} == {"[redacted password 1]"}
    assert all(SECRET in each["excerpt"] for each in found)
    words = run("redact", A, "--secrets", "--dry-run")
    assert f"{len(found)} places in 1 session and 1 checkpoint" in words.stderr
    assert contents(store.path, trash=True) == before


def test_what_is_to_be_kept_stays_and_without_an_answer_nothing_changes(store: Store):
    before = contents(store.path, trash=True)
    assert "Nothing" in run("redact", A, "--secrets", "--keep", SECRET, "--yes").stderr
    assert run("redact", A, "--secrets", "--force").exit_code == 1
    assert run("redact", B, "--secrets", "--yes").exit_code == 0
    assert contents(store.path, trash=True) == before


@pytest.mark.parametrize(
    "words",
    [[], ["--with", "x"], ["--personal"], ["--secrets", "--empty"],
     ["--text", "a", "--text", "b", "--text", "c", "--with", "d", "--with", "e"]],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(store: Store, words: list[str]):
    assert run("redact", A, *words).exit_code == 2


def test_a_damaged_checkpoint_could_hold_it_so_nothing_is_done(store: Store):
    (path,) = (store.path / "checkpoints").iterdir()
    path.write_bytes(path.read_bytes()[:-9])
    before = contents(store.path, trash=True)
    result = run("redact", A, "--secrets", "--yes", "--force")
    assert result.exit_code == 1
    assert "nothing of this session was changed" in result.stderr
    assert contents(store.path, trash=True) == before


def test_what_was_saved_after_the_review_is_not_replaced_unseen(store: Store):
    reviewed = store.content.review([store.resolve(str(A))])
    store.save_session(A, *store.load_session(A))
    with pytest.raises(StaleSession):
        store.content.redact(reviewed)


def test_the_question_and_the_word_are_asked(store: Store, tmp_path: Path):
    with Terminal("redact", str(A), "--secrets", "--force", AGCX_STORE=str(store.path)) as terminal:
        terminal.wait_for("Replace")
        terminal.type("y\n")
        terminal.wait_for("Type delete")
        terminal.type("delete\n")
        terminal.wait_for("Destroyed")
    assert holding(store.path, SECRET) == []


def test_killed_at_any_step_all_of_it_is_as_it_was_or_none(
    store: Store, tmp_path: Path, strides: Callable[[int], int]
):
    step, seen = 0, set()
    while True:
        root = tmp_path / f"run{step}"
        made = type(store)(root, layout=store.layout)
        write(made)
        made.checkpoints.create(made.resolve(str(A)), "before")
        before = contents(root)

        def redact(made: Store = made) -> None:
            made.content.redact(made.content.review([made.resolve(str(A))]))

        killed = killed_at(step, redact)
        again = open_store(root)
        now = contents(root)
        if now != before:
            left = [path for path in holding(root, SECRET) if not path.startswith("trash/")]
            assert left == [], step
            again.undo()
            assert contents(root) == before
        seen.add(now != before)
        if not killed:
            break
        step += strides(8)
    assert seen == {False, True}
