"""Tool calls read as a person would have typed them, and say what came of them."""

from __future__ import annotations

import json

import pytest

from agcx_format.model.items import ExecAction, LocalShellCall, LocalShellStatus
from agcx_tui.app.blocks.look import Around, Fold, Look
from agcx_tui.app.blocks.message import draw_message
from agcx_tui.app.blocks.palette import Palette
from agcx_tui.app.blocks.tool import asked, typed
from agcx_tui.core.words.durations import seconds_text
from tests.support.messages import call, output, snapshot


def drawn(message, how=Fold.FOLDED, width=80, **around) -> list[str]:
    block = draw_message(message, Around(0, **around), Look(width, Palette(), compact=True), how)
    return [strip.text for part in range(len(block.parts)) for strip in block.lines(part)]


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        (["bash", "-lc", "cargo test | tail"], "cargo test | tail"),
        (["/bin/zsh", "-c", "ls"], "ls"),
        (["git", "commit", "-m", "two words"], "git commit -m 'two words'"),
        (["bash", "script.sh"], "bash script.sh"),
    ],
)
def test_a_command_reads_as_it_would_be_typed(command, shown):
    assert typed(command) == shown


@pytest.mark.parametrize(
    ("arguments", "summary"),
    [
        ('{"command":["bash","-lc","rg -n grid"]}', "rg -n grid"),
        ('{"cmd":"ls -la","workdir":"/tmp"}', "ls -la"),
        ('{"command":"one\\ntwo\\nthree"}', "one  (+2 lines)"),
        ('{"file_path":"src/a.py","limit":10}', "src/a.py"),
        ('{"limit":10,"deep":{"a":1}}', "limit=10  deep=…"),
        ("not json {", "not json {"),
        ('{"input":"{\\"command\\":[\\"ls\\"]}"}', "ls"),
        ("[1, 2]", "[1, 2]"),
        ('{"plan":[{"step":"a","status":"completed"},{"step":"b","status":"x"}]}', "1 of 2 done"),
        ('{"file_path":"a.py","old_string":"x\\ny","new_string":"x\\nz"}', "a.py  +1 −1"),
        ('{"filePath":"a.py","oldString":"x","newString":"y"}', "a.py  +1 −1"),
        (
            '{"input":"*** Begin Patch\\n*** Add File: n.py\\n+a\\n+b\\n*** End Patch"}',
            "n.py  +2 −0",
        ),
    ],
)
def test_one_line_says_what_a_call_is_about(arguments, summary):
    assert asked(call(arguments).item, Palette()).summary == summary


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, ""), (0.01, ""), (0.1, "0.1 s"), (12.4, "12 s"), (185, "3 min 5 s"), (7800, "2 h 10 min")],
)  # fmt: skip
def test_durations_are_short(seconds, text):
    assert seconds_text(seconds) == text


def test_a_folded_call_is_one_line_with_its_result_at_the_right():
    message = call('{"command":["bash","-lc","rg -n grid"]}')
    answer = output('{"output":"x","metadata":{"exit_code":2,"duration_seconds":0.4}}')
    (line,) = drawn(message, partner=answer, adjacent=True)
    assert line.startswith("▸ shell  rg -n grid ")
    assert line.endswith("0.4 s    exit 2")
    assert len(line) == 80


def test_a_call_without_an_output_says_so():
    assert drawn(call('{"cmd":"ls"}'))[0].endswith("no output")
    action = ExecAction(["ls"], None, None, None, None)
    running = snapshot(LocalShellCall(None, None, LocalShellStatus.IN_PROGRESS, action))
    assert drawn(running)[0].endswith("in progress")


def test_the_output_of_a_folded_call_has_no_lines():
    assert drawn(output("a\nb"), partner=call("{}"), adjacent=True) == []
    assert drawn(output("a\nb"), Fold.OPEN, partner=call("{}"), adjacent=True) == [
        "    a", "    b",
    ]  # fmt: skip


def test_long_output_is_cut_in_the_middle_and_opens():
    text = "\n".join(str(number) for number in range(1260))
    cut = drawn(output(text), Fold.OPEN, partner=call("{}"), adjacent=True)
    assert cut[14] == "    … 1,240 more lines, enter opens"
    assert (cut[0], cut[13], cut[15], cut[-1]) == ("    0", "    13", "    1254", "    1259")
    full = drawn(output(text), Fold.FULL, partner=call("{}"), adjacent=True)
    assert [line.strip() for line in full] == text.split("\n")


def test_arguments_are_laid_out_when_opened():
    arguments = json.dumps({"path": "a", "edits": [{"old": "x", "new": "1\n2"}], "count": 3})
    assert [line.strip() for line in drawn(call(arguments, name="edit"), Fold.OPEN)[1:]] == [
        "path: a", "edits:", "-", "old: x", "new:", "1", "2", "count: 3",
    ]  # fmt: skip


def test_colours_of_an_output_are_taken_out_and_other_escapes_shown():
    shown = drawn(
        output("\x1b[31mred\x1b[0m\x1b[2J\rover"), Fold.OPEN, partner=call("{}"), adjacent=True
    )
    assert shown == ["    red␛[2J", "    over"]
