"""A newer importer finds more in the same file: what is in a store is brought up to date, once."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import msgspec
import pytest

from agcx_format import SessionStore, Store, open_store
from agcx_format.importing.claude.transcript import read_transcript
from agcx_format.importing.codex.rollout import read_rollout
from agcx_format.importing.growth import Growth, compare
from agcx_format.importing.results import ImportOutcome
from agcx_format.importing.run import import_sessions
from agcx_format.model.items import FunctionCallOutput, InputText, Message, OutputText
from agcx_format.model.session import OperatingMode, Session
from agcx_format.model.timestamps import Timestamp
from agcx_format.transcript.words import text_of
from tests.support import transcript_lines as claude
from tests.support.rollout_lines import assistant, event, item, meta, user, write

LINES = (
    meta(),
    event("user_message", message="one"),
    user("one"),
    event("agent_message", message="only in an event"),
    event("turn_aborted", reason="interrupted"),
    user("two"),
    event("thread_rolled_back", num_turns=1),
    user("three"),
)


@pytest.fixture(params=[open_store, SessionStore], ids=["layout 1", "layout 2"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    made: Store = request.param(tmp_path / "store")
    return made


def imported(store: Store, path: Path) -> tuple[ImportOutcome, Session]:
    (result,) = import_sessions(store, [path])
    assert result.id
    return result.outcome, store.load_session(result.id)


def texts(session: Session) -> list[str]:
    return [text_of(message.item) for message in session[1].messages]


def as_before(session: Session, changed: Timestamp) -> Session:
    """The session as the first version of the importer made it: items only, the file's time, no notes."""
    metadata, conversation, state = session
    kept = [
        msgspec.structs.replace(
            message,
            metadata=msgspec.structs.replace(
                message.metadata, branch_id=None, branch_point=False, parent_message_id=None
            ),
        )
        for message in conversation.messages
        if text_of(message.item) in ("one", "two", "three")
    ]
    context = msgspec.structs.replace(conversation.context, environment_variables={})
    return (
        msgspec.structs.replace(metadata, last_accessed=changed, message_count=len(kept)),
        msgspec.structs.replace(conversation, messages=kept, context=context),
        state,
    )


def test_a_session_of_the_first_importer_gets_what_it_did_not_know(store, tmp_path):
    path = write(tmp_path / "rollout.jsonl", *LINES)
    _, new = imported(store, path)
    changed = Timestamp.from_ns(path.stat().st_mtime_ns)
    metadata, conversation, state = as_before(new, changed)
    mine = msgspec.structs.replace(metadata, title="Mine", is_favorite=True)
    # It kept no records.
    shutil.rmtree(store.path / "imports")
    store.save_session(metadata.id, mine, conversation, state)
    outcome, grown = imported(store, path)
    assert outcome is ImportOutcome.UPDATED
    assert grown[1].messages == new[1].messages
    assert (grown[0].title, grown[0].is_favorite) == ("Mine", True)
    assert grown[0].last_accessed == new[0].last_accessed
    assert imported(store, path)[0] is ImportOutcome.PRESENT


def test_a_file_that_was_copied_or_restored_changes_nothing(store, tmp_path):
    path = write(tmp_path / "rollout.jsonl", *LINES)
    _, first = imported(store, path)
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 10**15))
    outcome, second = imported(store, path)
    assert (outcome, second) == (ImportOutcome.PRESENT, first)
    assert first[0].last_accessed == first[0].updated_at


def test_an_answer_that_reads_otherwise_by_now_does_not_replace_the_one_in_the_store(
    store, tmp_path
):
    path = write(tmp_path / "rollout.jsonl", meta(), user("one"), assistant("an answer"))
    _, first = imported(store, path)
    write(path, meta(), user("one"), assistant("an answer that goes on"))
    outcome, grown = imported(store, path)
    assert (outcome, texts(grown)) == (ImportOutcome.UPDATED, ["one", "an answer that goes on"])
    assert [each.metadata.message_id for each in grown[1].messages] == [
        each.metadata.message_id for each in first[1].messages
    ]
    write(path, meta(), user("one"), assistant("something else"), user("two"))
    outcome, now = imported(store, path)
    assert (outcome, now) == (ImportOutcome.SKIPPED, grown)


@pytest.mark.parametrize("begun", ["{}", '{"command": "l'])
def test_a_call_grows_whose_arguments_were_still_being_written(store, tmp_path, begun):
    def called(arguments: str) -> dict:
        return item("function_call", name="shell", arguments=arguments, call_id="call_1")

    lines = meta(), user("one")
    path = write(tmp_path / "rollout.jsonl", *lines, called(begun), assistant("meanwhile"))
    imported(store, path)
    write(path, *lines, called('{"command": "ls"}'), assistant("meanwhile"), assistant("two"))
    outcome, grown = imported(store, path)
    assert outcome is ImportOutcome.UPDATED
    assert grown[1].messages[1].item.arguments == '{"command": "ls"}'
    # Arguments that do not go on are those of another call.
    write(path, *lines, called('{"command": "rm"}'), assistant("meanwhile"), assistant("two"))
    assert imported(store, path) == (ImportOutcome.SKIPPED, grown)


def test_when_a_person_last_opened_it_stays(store, tmp_path):
    path = write(tmp_path / "rollout.jsonl", meta(), user("one"))
    _, (metadata, conversation, state) = imported(store, path)
    opened = Timestamp("2099-01-01T00:00:00Z")
    seen = msgspec.structs.replace(metadata, last_accessed=opened)
    store.save_session(metadata.id, seen, conversation, state)
    write(path, meta(), user("one"), assistant("two"))
    outcome, (metadata, *_) = imported(store, path)
    assert (outcome, metadata.last_accessed) == (ImportOutcome.UPDATED, opened)


def test_the_model_mode_and_directory_that_a_person_set_stay(store, tmp_path):
    lines = meta(), user("one"), assistant("two")
    path = write(tmp_path / "rollout.jsonl", *lines)
    imported(store, path)
    (entry,) = store.scan()
    fields = {"model": "mine", "current_mode": OperatingMode.REVIEW}
    store.content.move([(entry, fields)], "/src/moved")
    os.utime(path, (1, 1))
    assert imported(store, path)[0] is ImportOutcome.PRESENT
    write(path, *lines, user("three"))
    outcome, (metadata, conversation, _) = imported(store, path)
    assert (outcome, len(conversation.messages)) == (ImportOutcome.UPDATED, 3)
    assert (metadata.model, metadata.current_mode) == ("mine", OperatingMode.REVIEW)
    assert conversation.context.working_directory == "/src/moved"


def test_what_was_redacted_in_the_context_does_not_come_back(store, tmp_path):
    lines = meta(cwd="/src/acme", originator="acme_cli"), user("one"), assistant("two")
    path = write(tmp_path / "rollout.jsonl", *lines)
    imported(store, path)
    store.content.redact(store.content.review(store.scan(), secrets=False, texts={"acme": None}))
    store.empty_trash()
    write(path, *lines, user("three"))
    outcome, session = imported(store, path)
    assert outcome is ImportOutcome.UPDATED
    assert session[1].context.working_directory == "/src/[redacted text 1]"
    assert "acme" not in repr(session[1].context)


def test_what_was_redacted_with_another_text_does_not_come_back(store, tmp_path):
    lines = meta(cwd="/src/acme", originator="acme_cli"), user("one"), assistant("two")
    path = write(tmp_path / "rollout.jsonl", *lines)
    imported(store, path)
    store.content.redact(store.content.review(store.scan(), secrets=False, texts={"acme": "XXX"}))
    store.empty_trash()
    for more in ([user("three")], [user("three"), assistant("four")]):
        write(path, *lines, *more)
        outcome, session = imported(store, path)
        assert outcome is ImportOutcome.UPDATED
        assert session[1].context.working_directory == "/src/XXX"
        assert "acme" not in repr(session[1].context)


def test_the_only_copy_makes_room_for_the_item_that_follows_later(store, tmp_path):
    path = write(
        tmp_path / "rollout.jsonl", meta(), user("one"), event("agent_message", message="two")
    )
    assert texts(imported(store, path)[1]) == ["one", "two"]
    write(
        path,
        meta(),
        user("one"),
        event("agent_message", message="two"),
        assistant("two"),
        user("three"),
    )
    outcome, session = imported(store, path)
    assert (outcome, texts(session)) == (ImportOutcome.UPDATED, ["one", "two", "three"])


def test_a_notice_makes_room_for_the_item_that_says_the_same(store, tmp_path):
    lines = meta(), user("one"), event("turn_aborted", reason="interrupted")
    path = write(tmp_path / "rollout.jsonl", *lines)
    assert texts(imported(store, path)[1]) == ["one", "Interrupted"]
    marker = "<turn_aborted>\nstopped\n</turn_aborted>"
    write(path, *lines, user(marker), user("two"))
    outcome, session = imported(store, path)
    assert (outcome, texts(session)) == (ImportOutcome.UPDATED, ["one", marker, "two"])


def test_a_message_that_a_person_took_out_does_not_come_back(store, tmp_path):
    path = write(tmp_path / "rollout.jsonl", meta(), user("one"), assistant("two"), user("three"))
    metadata, conversation, state = imported(store, path)[1]
    del conversation.messages[1]
    store.save_session(metadata.id, metadata, conversation, state)
    write(path, meta(), user("one"), assistant("two"), user("three"), assistant("four"))
    outcome, session = imported(store, path)
    assert (outcome, texts(session)) == (ImportOutcome.SKIPPED, ["one", "three"])


def test_a_preview_of_a_result_becomes_the_result(store, tmp_path):
    path = tmp_path / f"{claude.SESSION}.jsonl"
    said = "<persisted-output>\nFull output saved to: /x/toolu_1.txt\n</persisted-output>"
    write(path, claude.assistant(claude.use()), claude.user([claude.result(said)]))
    assert [r.outcome for r in import_sessions(store, [path])] == [ImportOutcome.IMPORTED]
    folder = tmp_path / claude.SESSION / "tool-results"
    folder.mkdir(parents=True)
    (folder / "toolu_1.txt").write_text("whole")
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))
    (result,) = import_sessions(store, [path])
    assert result.outcome is ImportOutcome.UPDATED
    assert store.load_session(result.id)[1].messages[1].item == FunctionCallOutput(
        "toolu_1", "whole"
    )


@pytest.mark.parametrize("agent", ["codex", "claude"])
def test_what_an_older_importer_kept_as_it_was_said_is_not_taken_for_edited(agent, tmp_path):
    """A plan is a call by now, an interruption a notice."""
    if agent == "codex":
        said = "Look:\n<proposed_plan>\n1. do\n</proposed_plan>"
        path = write(tmp_path / "a.jsonl", meta(), user("one"), assistant(said), user("two"))
        old = Message(None, "assistant", [OutputText(said)])
    else:
        said = "[Request interrupted by user]"
        lines = claude.user("one"), claude.user(said), claude.user("two")
        path = write(tmp_path / "a.jsonl", *lines)
        old = Message(None, "user", [InputText(said)])
    new = read_rollout(path) if agent == "codex" else read_transcript(path)
    first, changed, *_, last = new.conversation.messages
    context = msgspec.structs.replace(new.conversation.context, environment_variables={})
    messages = [first, msgspec.structs.replace(changed, item=old), last]
    stored = msgspec.structs.replace(new.conversation, messages=messages, context=context)
    assert compare((new.metadata, stored, new.state), new) is Growth.SOME
    messages[1] = msgspec.structs.replace(changed, item=Message(None, "assistant", []))
    assert compare((new.metadata, stored, new.state), new) is not Growth.SOME
