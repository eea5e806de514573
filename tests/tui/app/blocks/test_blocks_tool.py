"""Tool calls read as a person would have typed them, and say what came of them."""

from __future__ import annotations

import json

import pytest
from rich.style import Style

from agcx_format.model.items import ExecAction, LocalShellCall, LocalShellStatus
from agcx_tui.app.blocks.lines import fold
from agcx_tui.app.blocks.look import Around, Fold, Look
from agcx_tui.app.blocks.message import draw_message
from agcx_tui.app.blocks.palette import Palette
from agcx_tui.app.blocks.tool import asked, typed
from agcx_tui.core.words.durations import seconds_text
from tests.support.messages import assistant, call, output, snapshot


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
        (
            '{"command":"cd /home/a/code/site && make && make test"}',
            "cd …/site && make && make test",
        ),
        ('{"command":"cd \\"/home/a b/c d\\"\\nls\\npwd"}', "cd …/c d; ls  (+1 line)"),
        ('{"command":"cd /home/a/code/site && cd /srv"}', "cd …/site && cd /srv"),
        ('{"command":"cd /home/a/code/site"}', "cd /home/a/code/site"),
        ('{"command":"cd /tmp; ls"}', "cd /tmp; ls"),
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


def test_a_search_of_the_web_that_only_says_that_it_is_done_says_it_once():
    search = call('{"query":"grid"}', name="web_search")
    for how in (Fold.FOLDED, Fold.OPEN):
        assert drawn(output("completed"), how, partner=search, adjacent=True) == []
    shell = call('{"command":["echo","completed"]}')
    assert drawn(output("completed"), Fold.OPEN, partner=shell, adjacent=True)


def test_long_output_is_cut_in_the_middle_and_opens():
    text = "\n".join(str(number) for number in range(1260))
    cut = drawn(output(text), Fold.OPEN, partner=call("{}"), adjacent=True)
    assert cut[14] == "    … 1,240 more lines, enter opens"
    assert (cut[0], cut[13], cut[15], cut[-1]) == ("    0", "    13", "    1254", "    1259")
    full = drawn(output(text), Fold.FULL, partner=call("{}"), adjacent=True)
    assert [line.strip() for line in full] == text.split("\n")


@pytest.mark.parametrize(
    "said", ["completed", 'Links: [{"title":"Grids","url":"https://grids.example"}]']
)
def test_of_a_call_that_is_shown_as_it_was_written_the_whole_output_is_shown(said):
    search = call('{"query":"grid"}', name="web_search")
    part, full, written = (
        drawn(output(said), how, partner=search, adjacent=True)
        for how in (Fold.OPEN, Fold.FULL, Fold.WRITTEN)
    )
    assert written == full != part
    assert [line.strip() for line in full] == [said]


def test_arguments_are_laid_out_when_opened():
    arguments = json.dumps({"path": "a", "edits": [{"old": "x", "new": "1\n2"}], "count": 3})
    assert [line.strip() for line in drawn(call(arguments, name="edit"), Fold.OPEN)[1:]] == [
        "path: a", "edits:", "-", "old: x", "new:", "1", "2", "count: 3",
    ]  # fmt: skip


def test_an_open_output_is_quieter_than_what_is_said():
    """Also without colors, by an attribute."""
    for palette in (Palette(), Palette(output=Style(color="grey50"))):
        styles = []
        for message in (output("a word"), assistant("a word")):
            partner = {"partner": call("{}"), "adjacent": True} if not styles else {}
            around, look = Around(0, **partner), Look(80, palette, compact=True)
            block = draw_message(message, around, look, Fold.OPEN)
            strips = (strip for part in range(len(block.parts)) for strip in block.lines(part))
            styles.append(
                {each.style or Style() for strip in strips for each in strip if "word" in each.text}
            )
        (quiet,), (said,) = styles
        assert (quiet.color, quiet.dim) == (palette.output.color, palette.output.dim)
        # As the theme has its text.
        assert (said.color, said.dim) == (None, None)


def test_colours_of_an_output_are_taken_out_and_other_escapes_shown():
    shown = drawn(
        output("\x1b[31mred\x1b[0m\x1b[2J\rover"), Fold.OPEN, partner=call("{}"), adjacent=True
    )
    assert shown == ["    red␛[2J", "    over"]


ASKED = {
    "question": "Which one?",
    "choices": ["The first", "The second"],
}


def test_a_question_and_its_answer_are_shown_while_the_call_is_folded():
    question = call(json.dumps(ASKED), name="ask_user")
    answer = output("User selected: The second")
    first, *rest = drawn(question, partner=answer, adjacent=True)
    assert first.startswith("▸ ask_user ")
    assert rest == ["    Which one?", "    → The second"]
    assert drawn(question, Fold.OPEN, partner=answer, adjacent=True)[1:] == [
        "    Which one?", "      ○ The first", "      ● The second", "    → The second",
    ]  # fmt: skip
    assert drawn(answer, Fold.OPEN, partner=question, adjacent=True) == []


def bare(lines):
    return [line.rstrip() for line in lines]


def test_a_plan_is_shown_as_markdown_and_a_checklist_with_its_ticks():
    plan = call('{"plan":"## Title\\n\\n**Do** it"}', name="ExitPlanMode")
    assert bare(drawn(plan)[1:]) == ["    Title", "", "    Do it"]
    steps = call('{"plan":[{"step":"a b","status":"completed"},{"step":"c"}]}', name="update_plan")
    assert drawn(steps)[1:] == []
    assert drawn(steps, Fold.OPEN)[1:] == ["    ✓ a b", "    ○ c"]


def test_what_a_subagent_is_told_and_answers_is_markdown():
    task = call('{"description":"Look","prompt":"Say **why**"}', name="Task")
    assert bare(drawn(task, Fold.OPEN)[1:]) == ["    Say why"]
    assert bare(drawn(output("**So**"), Fold.OPEN, partner=task, adjacent=True)) == ["    So"]


@pytest.mark.parametrize(
    ("row", "lines"),
    [
        (
            "    let it = all that is said here",
            ["    let it = all", "    that is said", "    here"],
        ),
        ("- a list of a few words in it", ["- a list of a", "  few words in", "  it"]),
        ("1234567890123456789", ["1234567890123456", "789"]),
        ("x https://a.b/cd efgh ij", ["x https://a.b/cd", "efgh ij"]),
        ("                    deeper than that", ["                ", "deeper than that"]),
        ("日本語 日本語日本語 です", ["日本語 日本語日", "本語 です"]),
    ],
)
def test_a_long_line_goes_on_at_a_word_below_its_own_indentation(row, lines):
    assert [strip.text.rstrip(" ") or " " * 16 for strip in fold(row, 16, Style())] == lines


PATH = "/home/robin/code/site/packages/interface/components/navigation/UserMenu.tsx"


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"file_path": PATH}, "Read"),
        ({"file_path": PATH, "old_string": "x", "new_string": "y"}, "Edit"),
        ({"input": f"*** Begin Patch\n*** Update File: {PATH}\n+y\n*** End Patch"}, "apply_patch"),
    ],
)
@pytest.mark.parametrize("width", [44, 60, 80])
def test_a_path_without_room_keeps_the_name_of_its_file(given, name, width):
    (head, *_) = drawn(call(json.dumps(given), name=name), width=width)
    assert "UserMenu.tsx" in head
    assert PATH not in head
    (wide, *_) = drawn(call(json.dumps(given), name=name), width=140)
    assert PATH in wide
