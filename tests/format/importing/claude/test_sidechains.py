"""Subagents whose lines stand among those of their parent are branches that begin at their calls."""

from __future__ import annotations

from uuid import UUID

import pytest

from agcx_format.importing.claude.sidechains import Sidechains
from agcx_format.importing.draft import ImportDraft
from agcx_format.importing.draft_entry import DraftEntry
from agcx_format.model.items import FunctionCall, InputText, Message
from agcx_format.model.timestamps import Timestamp
from agcx_format.transcript.branches import BranchFinder, ChosenWays
from agcx_format.transcript.words import text_of
from tests.support.transcript_lines import assistant, result, text, use, user

MAIN = [
    user("Ask both", uuid="m1"),
    assistant(
        use("Task", "one", prompt="Find the parser"), use("Task", "two", prompt="Count the tests"),
        uuid="m2", parentUuid="m1",
    ),
]  # fmt: skip
END = [
    user([result("It is parse.py", "one")], uuid="m3", parentUuid="m2"),
    user([result("Nine", "two")], uuid="m4", parentUuid="m3"),
    assistant(text("Found both"), uuid="m5", parentUuid="m4"),
]


def side(line: dict, uuid: str, parent: str | None = None) -> dict:
    return {**line, "uuid": uuid, "parentUuid": parent, "isSidechain": True}


FIRST = [
    side(user("Find the parser"), "a1"),
    side(assistant(text("Looking")), "a2", "a1"),
    side(assistant(text("It is parse.py")), "a3", "a2"),
]
SECOND = [side(user("Count the tests"), "b1"), side(assistant(text("Nine")), "b2", "b1")]


def branches(imported) -> dict[str, list[str]]:
    """The texts of each branch, by the id of the call that it begins at; of the rest without a name."""
    messages = {m.metadata.message_id: m for m in imported.conversation.messages}
    starts: dict = {}
    found: dict[str, list[str]] = {}
    for message in imported.conversation.messages:
        branch, parent = message.metadata.branch_id, message.metadata.parent_message_id
        if branch is not None and branch not in starts:
            begun = messages[parent].item if parent in messages else None
            starts[branch] = begun.call_id if isinstance(begun, FunctionCall) else text_of(begun)
        found.setdefault(starts.get(branch, ""), []).append(text_of(message.item))
    return found


def test_each_subagent_is_a_branch_at_the_call_that_started_it(read):
    together = [FIRST[0], SECOND[0], FIRST[1], SECOND[1], FIRST[2]]
    imported = read(*MAIN, *together, *END)
    found = branches(imported)
    assert found["one"] == ["Find the parser", "Looking", "It is parse.py"]
    assert found["two"] == ["Count the tests", "Nine"]
    assert found[""][0] == "Ask both"
    assert found[""][-1] == "Found both"
    assert imported.metadata.turn_count == 1


@pytest.mark.parametrize("sides", [FIRST, [*FIRST, *SECOND], [FIRST[0], *SECOND, *FIRST[1:]]])
def test_the_conversation_reads_through_without_its_subagents(read, sides):
    imported = read(*MAIN, *sides, *END)
    finder = BranchFinder()
    for number, message in enumerate(imported.conversation.messages, 1):
        finder.add(number, message)
    shown = ChosenWays(finder.branches())
    lived = [
        text_of(message.item)
        for number, message in enumerate(imported.conversation.messages, 1)
        if shown.hidden(number) is None
    ]
    whole = [text_of(message.item) for message in read(*MAIN, *END).conversation.messages]
    assert lived == whole


def test_a_subagent_without_a_call_and_one_of_unknown_lines_are_branches_too(read):
    broken = {**SECOND[1], "parentUuid": "gone"}
    found = branches(read(MAIN[0], *FIRST, broken, assistant(text("Main"), uuid="m9")))
    assert found["Ask both"] == ["Find the parser", "Looking", "It is parse.py", "Nine"]
    assert found[""] == ["Ask both", "Main"]


def test_a_transcript_of_a_subagent_alone_has_no_branch(read):
    imported = read(*FIRST)
    assert set(branches(imported)) == {""}
    assert imported.parent is not None


class Counted(list[DraftEntry]):
    """Counts how often a message is asked for."""

    looks = 0

    def __getitem__(self, at):
        self.looks += 1
        return super().__getitem__(at)


def looks_at(count: int) -> int:
    """How often messages are asked for to put so many subagents into branches."""
    entries = Counted()
    draft = ImportDraft(UUID(int=1), Timestamp.from_ns(0), entries=entries)
    found = Sidechains()
    for number in range(count):
        draft.add(Message(None, "user", [InputText("Count")]), number)
        found.add(str(number), "", range(number, number + 1), is_task=True)
    entries.looks = 0
    found.mark(draft)
    return entries.looks


def test_many_subagents_take_no_longer_each_than_a_few():
    assert looks_at(2_000) < 2.5 * looks_at(1_000)
