"""What happened in a session is counted as a person would count it, each with the message where it is."""

from __future__ import annotations

import json

import pytest

from agcx_format.model.items import FileContext, FunctionCall, ToolCallMetadata
from agcx_format.model.session import OperatingMode
from agcx_format.model.timestamps import Timestamp
from agcx_format.transcript import read_activity
from agcx_format.transcript.changed_files import FileChange, file_changes, lines_changed
from tests.support.everything import everything
from tests.support.messages import NOON, assistant, call, output, user

PATCH = """*** Begin Patch
*** Update File: src/a.py
@@
-old
+new
+newer
*** Add File: b.py
+one
*** Delete File: c.py
*** End Patch"""


def moment(second: int) -> str:
    return Timestamp.from_ns(NOON + second * 10**9)


def envelope(code: int, seconds: float = 0.5) -> str:
    return json.dumps({"output": "x", "metadata": {"exit_code": code, "duration_seconds": seconds}})


def edit(path: str, old: str, new: str, call_id: str = "c1", **more):
    arguments = {"file_path": path, "old_string": old, "new_string": new}
    return call(json.dumps(arguments), call_id, "Edit", **more)


def test_the_session_that_holds_everything():
    _, conversation, _ = everything()
    found = read_activity(
        conversation.messages, directory="/everything", mode_history=conversation.mode_history
    )
    assert (found.messages, found.turns, found.branches) == (17, 3, 2)
    assert (found.began, found.ended) == ("2025-03-01T10:00:00Z", "2025-03-01T10:00:16Z")
    assert (found.seconds, found.active_seconds) == (16, 16)
    assert [(t.name, t.calls, t.failed, t.number) for t in found.tools] == [
        ("shell", 2, 0 + 1, 5), ("viewer", 1, 1, 8), ("patcher", 1, 1, 10),
        ("recordone", 1, 0, 12), ("recordtwo", 1, 1, 12),
    ]  # fmt: skip
    assert [(f.number, f.gist, f.outcome.word, f.reason) for f in found.failed] == [
        (5, "rm -rf build", "exit 2", "makeoutput"),
        (8, "picture.png", "failed", "recordfailure"),
        (10, "patchtext", "rejected", "exec command rejected by user"),
        (12, "", "failed", "recordfailure"),
    ]  # fmt: skip
    assert [(f.path, f.uses, f.number) for f in found.files] == [
        ("asked.f90", 1, 2), ("thought.f90", 1, 3), ("/elsewhere/removed.f90", 1, 5),
        ("made.f90", 1, 6), ("picture.png", 1, 8), ("odd.f90", 1, 16),
    ]  # fmt: skip
    assert [(e.number, e.versions) for e in found.edited] == [
        (2, 1),
        (3, 1),
        (5, 1),
        (6, 1),
        (17, 1),
    ]
    assert [(m.mode, m.number, m.seconds) for m in found.modes] == [
        (OperatingMode.PLAN, 1, 6), (OperatingMode.BUILD, 7, 10),
    ]  # fmt: skip


def test_a_session_without_messages_took_no_time():
    found = read_activity([])
    assert (found.began, found.seconds, found.active_seconds, found.calls) == (None, 0, 0, 0)


def test_a_long_wait_for_the_person_is_a_break_and_a_long_answer_is_not():
    found = read_activity(
        [user("a"), assistant("b", second=1000), user("c", second=1100), user("d", second=9000)]
    )
    assert (found.seconds, found.active_seconds) == (9000, 1100)


def test_a_long_wait_for_consent_is_a_break_if_the_call_says_how_long_it_ran():
    found = read_activity([call("{}"), output(envelope(0, 2.0), second=5000)])
    assert (found.seconds, found.active_seconds) == (5000, 0)
    assert found.tools[0].seconds == 2.0


def test_a_clock_that_goes_back_takes_nothing_away():
    found = read_activity([user("a", second=50), user("b", second=10), user("c", second=20)])
    assert (found.seconds, found.active_seconds) == (40, 10)


def test_a_call_is_timed_until_its_output_unless_it_says_how_long_it_ran():
    found = read_activity([call("{}"), output("x", second=7)])
    assert found.tools[0].seconds == 7


def test_an_output_without_its_call_is_a_call_and_a_second_output_is_none():
    found = read_activity([output(envelope(1), "lost"), output("more", "lost")])
    assert [(t.calls, t.failed) for t in found.tools] == [(1, 1)]


def test_a_call_that_was_never_answered_failed_only_if_a_record_says_so():
    denied = ToolCallMetadata("shell", 0, False, "denied")
    found = read_activity([call("{}", "a"), call("{}", "b", tool_calls=[denied])])
    assert [(t.calls, t.failed) for t in found.tools] == [(2, 1)]
    assert [f.number for f in found.failed] == [2]


def test_tools_are_in_the_order_of_their_use():
    found = read_activity(
        [call("{}", "1", "rare"), call("{}", "2", "much"), call("{}", "3", "much")]
    )
    assert [t.name for t in found.tools] == ["much", "rare"]


def test_lines_of_a_call_that_failed_are_not_counted():
    asked = call(json.dumps({"input": PATCH}), name="apply_patch")
    good = read_activity([asked, output(envelope(0))])
    assert [(f.path, f.changes, f.added, f.removed) for f in good.files] == [
        ("src/a.py", 1, 2, 1), ("b.py", 1, 1, 0), ("c.py", 1, 0, 0),
    ]  # fmt: skip
    assert (good.added, good.removed) == (3, 1)
    bad = read_activity([asked, output(envelope(1))])
    assert (bad.files[0].path, bad.files[0].uses, bad.files[0].changes) == ("src/a.py", 1, 0)
    assert read_activity([asked]).added == 0


def test_one_file_is_one_row_however_it_is_named():
    found = read_activity(
        [
            edit("/home/me/app/src/a.py", "x", "y", "1"),
            output("ok", "1"),
            call(json.dumps({"command": ["apply_patch", PATCH.replace("src/a.py", "./a.py")],
                             "workdir": "/home/me/app/src"}), "2"),
            output("ok", "2"),
            user("look", file_context=[FileContext("src/a.py", None, None, None)]),
            edit("/elsewhere/a.py", "x", "y", "3"),
        ],
        directory="/home/me/app",
    )  # fmt: skip
    assert [(f.path, f.uses, f.added, f.removed) for f in found.files] == [
        ("src/a.py", 3, 3, 2), ("src/b.py", 1, 1, 0), ("src/c.py", 1, 0, 0), ("/elsewhere/a.py", 1, 0, 0),
    ]  # fmt: skip


@pytest.mark.parametrize("path", ["~/notes.md", "C:\\notes.md"])
def test_a_path_that_is_absolute_otherwise_stays(path):
    assert read_activity([edit(path, "a", "b")], directory="/x").files[0].path == path


@pytest.mark.parametrize(
    ("arguments", "changes"),
    [
        ({"file_path": "a", "old_string": "1\n2\n3", "new_string": "1\nx\n3"}, [("a", 1, 1)]),
        ({"path": "a", "old_str": "1", "new_str": ""}, [("a", 0, 1)]),
        ({"file_path": "a", "edits": [
            {"old_string": "1", "new_string": "2"}, {"old_string": "", "new_string": "x\ny"}]},
         [("a", 3, 1)]),
        ({"file_path": "a", "content": "1\n2\n"}, [("a", 2, 0)]),
        ({"notebook_path": "a", "new_source": "1"}, [("a", 1, 0)]),
        ({"filePath": "a", "oldString": "1", "newString": "1\n2"}, [("a", 1, 0)]),
        ({"path": "a", "edits": [{"oldText": "1", "newText": "2"}]}, [("a", 1, 1)]),
        ({"path": "a", "edit": {"old": "1", "new": "2"}}, [("a", 1, 1)]),
        ({"target_file": "a", "contents": "1\n"}, [("a", 1, 0)]),
        ({"file_path": "a", "offset": 3}, []),
        ({"file_path": "a", "edits": "none"}, []),
        ({"command": "ls"}, []),
        ([1, 2], []),
    ],
)  # fmt: skip
def test_what_a_call_changes_follows_from_the_shape_of_its_arguments(arguments, changes):
    found = file_changes(FunctionCall(None, "tool", json.dumps(arguments), "c"))
    assert found == tuple(FileChange(*each) for each in changes)


@pytest.mark.parametrize("text", ["{", '"x"', "", '{"file_path": "\\ud800"}'])
def test_arguments_of_any_form_are_read(text):
    assert file_changes(FunctionCall(None, "tool", text, "c")) == ()


def test_lines_in_common_are_not_counted():
    assert lines_changed("a\nb\nc\nd", "a\nx\nc\ny\nd") == (2, 1)
    many = [str(n) for n in range(5000)]
    assert lines_changed("\n".join(many), "\n".join([*many[:2500], "new", *many[2500:]])) == (1, 0)


def test_a_single_mode_is_not_a_history():
    assert read_activity([user("a")], mode_history=[(OperatingMode.BUILD, moment(0))]).modes == ()


def test_modes_have_the_time_and_the_messages_in_them():
    history = [
        (OperatingMode.PLAN, moment(0)),
        (OperatingMode.BUILD, moment(100)),
        (OperatingMode.REVIEW, moment(9000)),
    ]
    messages = [
        user("a"),
        assistant("b", second=90),
        user("c", second=150),
        assistant("d", second=210),
    ]
    found = read_activity(messages, mode_history=history).modes
    assert [(m.number, m.seconds, m.active_seconds, m.until) for m in found] == [
        (1, 100, 90, moment(100)), (3, 8900, 120, moment(9000)), (None, 0, 0, None),
    ]  # fmt: skip
