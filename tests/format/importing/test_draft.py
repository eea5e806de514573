"""A conversation while it is imported: ids, calls and their outputs, branches, and what is reported."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from agcx_format.importing.draft import ImportDraft
from agcx_format.importing.imported import Imported
from agcx_format.importing.json_lines import Line
from agcx_format.importing.taken_back import take_back, take_back_to
from agcx_format.model.items import (
    ExecAction,
    FunctionCall,
    FunctionCallOutput,
    InputText,
    LocalShellCall,
    LocalShellStatus,
    Message,
    OutputText,
)
from agcx_format.model.timestamps import Timestamp


def new_draft() -> ImportDraft:
    return ImportDraft(UUID(int=7), Timestamp("2025-08-26T04:12:50.123Z"))


def question(text: str) -> Message:
    return Message(None, "user", [InputText(text)])


def answer(text: str) -> Message:
    return Message(None, "assistant", [OutputText(text)])


def finished(draft: ImportDraft) -> Imported:
    return draft.finish(
        source=Path("a.jsonl"), agent="codex", title="t", model="m", tags=[], directory="/src"
    )


@pytest.mark.parametrize("key", ["", "a key"])
def test_ids_that_are_made_are_different_and_the_same_at_every_import(key: str):
    def ids() -> list[str]:
        draft, made = new_draft(), list[str]()
        for number in (1, 1, 1, 2, 3, 3):
            draft.key = f"{key}{number}" if key else ""
            made.append(draft.made_id("call", number))
            draft.add(question(f"{len(made)}"), number)
        messages = finished(draft).conversation.messages
        return made + [str(each.metadata.message_id) for each in messages]

    assert ids() == ids()
    assert len(set(ids())) == 12


def test_a_message_has_the_id_of_its_line_whatever_came_before_it():
    """A file that grows, or is read by a newer version, gives the same messages again."""
    one, other = new_draft(), new_draft()
    one.add(question("left out by the other"), 1)
    for draft in (one, other):
        draft.add(question("said"), 2)
    ids = [finished(each).conversation.messages[-1].metadata.message_id for each in (one, other)]
    assert ids[0] == ids[1]


@pytest.mark.parametrize(
    "call",
    [
        FunctionCall(None, "shell", "{}", "c"),
        LocalShellCall(
            None, "c", LocalShellStatus.COMPLETED, ExecAction(["ls"], None, None, None, None)
        ),
    ],
)
def test_an_output_knows_its_call_and_not_a_later_one(call):
    draft = new_draft()
    early = draft.add(FunctionCallOutput("c", "too early"), 1)
    entry = draft.add(call, 2)
    assert draft.call_of(early) is None
    assert draft.call_of(draft.add(FunctionCallOutput("c", "done"), 3)) is entry


def branches(draft: ImportDraft) -> dict[str, tuple[UUID | None, UUID | None]]:
    """The branch and the parent of each message, by its text."""
    return {
        each.item.content[0].text: (each.metadata.branch_id, each.metadata.parent_message_id)
        for each in finished(draft).conversation.messages
    }


def test_a_turn_that_was_taken_back_stays_in_its_branch_when_more_is_taken_back():
    draft = new_draft()
    first = draft.add(question("one"), 1)
    for number, text in enumerate(("two", "three"), 2):
        draft.add(question(text), number)
    take_back(draft, 1)
    better = draft.add(question("three, better"), 4)
    inner = branches(draft)["three"]
    assert take_back_to(draft, 1) == 2
    draft.add(question("two, better"), 5)
    found = branches(draft)
    assert found["three"] == inner
    outer = {found[text][0] for text in ("two", "three, better")}
    assert len(outer) == 1
    assert not outer & {None, inner[0]}
    assert found["two, better"] == (None, draft.id_of(first))
    assert next(draft.lived()).item == question("two, better")
    assert better.branch in outer


def test_nothing_is_taken_back_of_nothing():
    draft = new_draft()
    take_back(draft, 1)
    draft.add(question("one"), 1)
    take_back(draft, 0)
    assert branches(draft) == {"one": (None, None)}


def test_a_copy_is_no_message_to_go_on_from():
    draft = new_draft()
    for number, text in enumerate(("one", "a copy", "two"), 1):
        draft.add(question(text), number).is_dropped = text == "a copy"
    assert [each.item for each in draft.lived()] == [question("two"), question("one")]
    take_back(draft, 1)
    draft.add(answer("two, better"), 4)
    assert branches(draft)["two, better"][1] == draft.id_of(draft.entries[0])


def test_what_is_wrong_with_lines_is_counted_and_listed_up_to_a_thousand():
    draft = new_draft()
    broken = [Line(number, error="not JSON") for number in range(1, 1002)]
    cut = Line(1002, ("cut",), "ends within", is_unfinished=True)
    lines = [*broken, Line(1003, replaced=2), Line(1004, has_depths=True), cut, cut]
    read = list[tuple[str, int]]()
    draft.take(lines, lambda value, number: read.append((value, number)))
    report = finished(draft).report
    assert read == [("cut", 1002)] * 2
    assert (report.bad_count, len(report.bad_lines)) == (1001, 1000)
    assert report.bad_lines[-1] == (1000, "not JSON")
    assert (report.replaced, report.left_out) == (2, {"value that is nested too deeply": 1})
    assert (report.is_unfinished, report.notes) == (True, ("its last line is being written",))
