"""Each branch says how long it is, how it ends, and which commands and files only it has."""

from __future__ import annotations

from uuid import UUID

from agcx_format import ListSource
from agcx_format.model.items import FileContext
from agcx_format.transcript import TranscriptReader
from agcx_tui.core.conversation.branch_list import list_branches
from tests.support.messages import assistant, call, output, user

FIRST, INNER = UUID(int=101), UUID(int=102)


def shell(command: str, number: int, **more):
    arguments = f'{{"command": ["bash", "-lc", "{command}"]}}'
    return call(arguments, f"c{number}", message_id=UUID(int=number), **more)


def branched():
    """A conversation that goes on, and a branch of it with another in it."""
    file = FileContext("parser.py", None, None, None)
    return [
        user("How?", message_id=UUID(int=1)),
        shell("make", 2, branch_point=True),
        assistant("It fails", message_id=UUID(int=3)),
        shell("cargo test", 4, file_context=[FileContext("main.rs", None, None, None)]),
        assistant("Now it passes", message_id=UUID(int=5)),
        user("Try\x1b[2J another way", message_id=UUID(int=6), branch_id=FIRST,
             parent_message_id=UUID(int=2)),
        shell("make", 7, branch_id=FIRST),
        shell("rm -rf build", 8, branch_id=FIRST, file_context=[file], branch_point=True),
        output("fine", "c8", message_id=UUID(int=9), branch_id=FIRST),
        assistant("Deleted", message_id=UUID(int=10), branch_id=FIRST),
        user("Deeper", message_id=UUID(int=11), branch_id=INNER, parent_message_id=UUID(int=8)),
        *(shell(f"echo {n}", n, branch_id=INNER, file_context=[file]) for n in range(12, 17)),
    ]  # fmt: skip


def listed(messages):
    found = list_branches(ListSource(messages))
    assert found is not None
    return found


def test_branches_differ_in_what_only_they_ran_and_touched():
    found = listed(branched())
    assert [(b.name, b.depth, b.newest) for b in found] == [
        ("It fails", 0, False), ("Try␛[2J another way", 0, True), ("fine", 1, False),
        ("Deeper", 1, True),
    ]  # fmt: skip
    assert [branch.facts for branch in found] == [
        "message 3: 3 messages, continues from message 2",
        "message 6: 5 messages, continues from message 2",
        "message 9: 2 messages, continues from message 8",
        "message 11: 6 messages, continues from message 8",
    ]
    # `make` ran before the branches too, and two of them name parser.py.
    assert [list(branch.differences()) for branch in found] == [
        ["ends: Now it passes", "commands only here: cargo test", "files only here: main.rs"],
        ["ends: Deleted", "commands only here: rm -rf build"],
        ["ends: Deleted"],
        ["commands only here: echo 12, echo 13, echo 14 and 2 more"],
    ]


def test_words_of_a_branch_are_cut_only_where_there_is_no_room():
    build, last = "cargo build --release --target x86_64-unknown-linux-gnu", "words " * 15 + "end"
    (found,) = listed(
        [
            assistant("So", message_id=UUID(int=1), branch_point=True),
            user(
                f"Also {last}",
                message_id=UUID(int=2),
                branch_id=FIRST,
                parent_message_id=UUID(int=1),
            ),
            shell("make", 3, branch_id=FIRST),
            shell(build, 4, branch_id=FIRST),
            assistant(last, message_id=UUID(int=5), branch_id=FIRST),
        ]
    )
    assert found.name == f"Also {last}"
    assert list(found.differences()) == [f"ends: {last}", f"commands only here: make, {build}"]
    assert list(found.differences(60)) == [
        f"ends: {last[:53]}…", f"commands only here: make, {build[:33]}…"
    ]  # fmt: skip
    assert all(len(line) == 60 for line in found.differences(60))


def test_messages_of_a_branch_that_all_name_its_branch_point_are_one_branch():
    place = {"branch_id": FIRST, "parent_message_id": UUID(int=1)}
    messages = [
        assistant("So", message_id=UUID(int=1), branch_point=True),
        user("Another way", message_id=UUID(int=2), **place),
        shell("make", 3, **place),
        assistant("Done", message_id=UUID(int=4), **place),
    ]
    assert [(branch.way.start, branch.content.messages) for branch in listed(messages)] == [(2, 3)]
    reader = TranscriptReader(0)
    notes = [reader.read(number, each).notes for number, each in enumerate(messages, 1)]
    assert notes[1:] == [(), (), ()]


def test_a_conversation_without_branches_has_none():
    assert listed([user("a"), assistant("b")]) == []
    assert list_branches(ListSource(branched()), lambda: True) is None
