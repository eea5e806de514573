"""Whether a newer version of a file goes on from the one that is read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from msgspec.structs import replace

from agcx_format import InputText, Message, SessionFile, new_message, new_session, open_store
from agcx_format.importing.run import import_sessions
from agcx_tui.core.conversation.followed import FollowedSource, continues
from tests.support.rollout_lines import assistant, event, item, meta, user, write

BEGIN = [meta(), user("plan it"), *(assistant(f"step {step}") for step in range(6))]
# Copies come before the items, and the items in another order.
COPIES = [
    event("agent_reasoning", text="**Thinking**"),
    event("agent_message", message="Here is the plan."),
]
ITEMS = [
    assistant("Here is the plan."),
    item("reasoning", summary=[{"type": "summary_text", "text": "**Thinking**"}]),
]


def imported(folder: Path, lines: Sequence[dict]) -> UUID:
    (result,) = import_sessions(
        open_store(folder / "store"), [write(folder / "rollout.jsonl", *lines)]
    )
    assert result.id
    return result.id


def version(folder: Path, id: UUID) -> FollowedSource:
    """The session as it is now."""
    file = SessionFile(folder / "store" / f"{id}.agcx")
    while file.read_more():
        pass
    return FollowedSource(file)


def test_what_an_agent_is_still_writing_may_take_another_form(tmp_path):
    older = version(tmp_path, imported(tmp_path, [*BEGIN, *COPIES]))
    newer = version(tmp_path, imported(tmp_path, [*BEGIN, *COPIES, *ITEMS]))
    count = older.known()
    assert newer.known() == count == 9
    ids = [[source.get(at).metadata.message_id for at in range(count)] for source in (older, newer)]
    assert ids[0][:-2] == ids[1][:-2]
    assert ids[0][-2:] != ids[1][-2:]
    assert continues(newer, older, seen=[count - 1, count - 2])
    older.close()
    newer.close()


def test_the_end_may_become_shorter_while_it_is_written_and_nothing_else_may(tmp_path):
    id = imported(tmp_path, BEGIN)
    older, store = version(tmp_path, id), open_store(tmp_path / "store")
    metadata, said, state = store.load_session(id)
    for fewer, goes_on in ((1, True), (4, True), (5, False)):
        store.save_session(id, metadata, replace(said, messages=said.messages[:-fewer]), state)
        newer = version(tmp_path, id)
        assert newer.known() == older.known() - fewer
        assert continues(newer, older, seen=[older.known() - 1]) is goes_on
        newer.close()
    older.close()


def test_a_conversation_that_was_empty_goes_on_with_its_first_messages_and_none_becomes_empty(
    tmp_path,
):
    store, session = open_store(tmp_path / "store"), new_session()
    id = session.metadata.id
    store.save_session(id, *session)
    older = version(tmp_path, id)
    store.append(id, [new_message(Message(None, "user", [InputText("Hello")]))])
    newer = version(tmp_path, id)
    assert continues(newer, older, seen=[0])
    assert not continues(older, newer, seen=[0])
    older.close()
    newer.close()


def test_what_was_said_before_that_has_to_be_the_same(tmp_path):
    id = imported(tmp_path, BEGIN)
    older, store = version(tmp_path, id), open_store(tmp_path / "store")
    metadata, said, state = store.load_session(id)
    others = [new_message(each.item) for each in said.messages]
    store.save_session(id, metadata, replace(said, messages=[said.messages[0], *others]), state)
    newer = version(tmp_path, id)
    assert newer.known() > older.known()
    assert not continues(newer, older, seen=[older.known() - 1])
    older.close()
    newer.close()
