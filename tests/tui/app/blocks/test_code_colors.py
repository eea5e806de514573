"""Code gets its colors from a process that is ended when it takes too long, and nothing waits for it.

pytest tests/tui/app/blocks/test_code_colors.py --lexers -s     every lexer that there is, and what each takes
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

import pytest
from textual.pilot import Pilot

from agcx_format.session.source import ListSource
from agcx_tui.app.blocks.code import code_strips
from agcx_tui.app.blocks.code_spans import CODE_SPANS, CodeSpans
from agcx_tui.app.blocks.palette import Palette
from agcx_tui.app.widgets.roll import code_reader
from agcx_tui.core.local.lexing import Lexing
from tests.support.browsing import until
from tests.support.messages import TranscriptApp, assistant, call, screen_text

# What lexers have been slow on: runs of one thing, opened and never closed.
HOSTILE = {
    "blank lines": "\n" * 11_000 + "x",
    "spaces": "x" + " " * 11_000 + "x",
    "blank lines with spaces": "  \n" * 4_000 + "x",
    "open brackets": "(" * 11_000,
    "open braces": "{" * 11_000,
    "open angles": "<" * 11_000,
    "quotes": '"' * 11_001,
    "apostrophes": "'" * 11_001,
    "backslashes": "\\" * 11_000,
    "letters": "a" * 11_000 + "!",
    "words": "a " * 5_500 + "!",
    "digits": "1" * 11_000 + "!",
    "dashes": "-" * 11_000,
    "hashes": "#" * 11_000,
    "slashes": "/" * 11_000,
    "stars": "/*" * 5_500,
    "colons": "a:" * 5_500,
    "equals": "a=" * 5_500,
    "dots": "a." * 5_500,
    "commas": "a," * 5_500,
    "ampersands": "&a" * 5_500,
    "dollars": "${" * 5_500,
    "templates": "{{%" * 3_600,
    "tags": "<a " * 3_600,
    "comments": "<!--" * 2_700,
}


@pytest.fixture
def lexing() -> Iterator[Lexing]:
    made = Lexing()
    yield made
    made.close()


def covered(code: str, spans) -> bool:
    length = sum(length for length, _ in spans)
    return not spans or length >= len(code.rstrip("\n"))


def test_code_is_split_into_its_parts(lexing):
    code = "def f():  # why\n    return 'x' + 1\n"
    at, parts = 0, {}
    for length, role in lexing.spans("python", code):
        parts[code[at : at + length].strip()] = role
        at += length
    assert parts["def"] == parts["return"] == "keyword"
    assert parts["f"] == "name"
    assert parts["# why"] == "muted"
    assert parts["'x'"] == "string"
    assert parts["1"] == "number"


def test_what_pygments_does_not_know_is_plain(lexing):
    assert lexing.spans("no such language", "x = 1") == ()
    assert lexing.spans("", "x = 1") == ()
    assert lexing.spans("python", "x = 1")


def test_code_that_takes_too_long_is_plain_and_the_next_is_not(lexing):
    assert lexing.spans("c", HOSTILE["blank lines"]) == ()
    assert "keyword" in {r: n for n, r in lexing.spans("c", "int main() { return 0; }")}


@pytest.mark.parametrize("language", ["c", "c++", "arduino", "python", "bash", "rust", "html"])
def test_the_worst_code_is_answered(lexing, language):
    for name in ("blank lines", "spaces", "open brackets"):
        assert covered(HOSTILE[name], lexing.spans(language, HOSTILE[name]))


def test_a_language_that_ends_the_process_again_and_again_is_left_alone(tmp_path):
    starts = tmp_path / "starts"
    dies = f"import sys; open({str(starts)!r}, 'a').write('x'); sys.stdin.readline()"
    lexing = Lexing((sys.executable, "-c", dies))
    for _ in range(10):
        assert lexing.spans("c", "int x;") == ()
    assert starts.read_text() == "xxx"
    lexing.spans("python", "x = 1")
    assert starts.read_text() == "xxxx"


def test_without_a_process_code_is_plain(tmp_path):
    lexing = Lexing((str(tmp_path / "missing"),))
    assert lexing.spans("python", "x = 1") == ()


def test_an_answer_that_is_none_is_plain():
    lexing = Lexing((sys.executable, "-c", "print('nonsense')"))
    assert lexing.spans("python", "x = 1") == ()


def test_who_is_stopped_does_not_wait():
    lexing = Lexing((sys.executable, "-c", "import time; time.sleep(600)"))
    assert lexing.spans("python", "x = 1", lambda: True) is None


def test_the_process_obeys_no_key_and_ends_with_the_program(lexing):
    import os

    lexing.spans("python", "x = 1")
    process = lexing.process
    assert os.getpgid(process.pid) == process.pid
    process.stdin.close()
    assert process.wait(timeout=60) == 0


def test_what_is_missed_is_taken_latest_first_and_not_without_end():
    spans = CodeSpans()
    for number in range(100):
        assert spans.get("c", str(number)) == ()
    spans.get("c", "90")
    assert spans.take() == ("c", "90")
    assert spans.take() == ("c", "99")
    taken = 2
    while spans.take() is not None:
        taken += 1
    assert taken == 32
    spans.put(("c", "1"), ((1, "number"),))
    missed = spans.missed
    assert spans.get("c", "1") == ((1, "number"),)
    assert spans.missed == missed


@pytest.mark.parametrize("width", [8, 30, 80])
def test_colors_move_nothing(lexing, width):
    code = (
        "\n\ndef f(a):\n\treturn '''日本語 "
        + "x" * 100
        + "\n\n'''\n"
        + "y = 2 " * 20
        + "\n\n\n# end\n\n"
    )
    code = code.expandtabs(4)
    plain = [strip.text for strip in code_strips(code, "a-test", width, Palette())]
    CODE_SPANS.put(("a-test", code.strip("\n")), lexing.spans("python", code.strip("\n")))
    colored = code_strips(code, "a-test", width, Palette())
    assert [strip.text for strip in colored] == plain
    assert len(colored) > 3


def styles(transcript) -> dict[str, object]:
    """The color of each piece that is drawn."""
    return {
        segment.text.strip(): segment.style and segment.style.color
        for y in range(transcript.size.height)
        for segment in transcript.render_line(y)
    }


async def test_code_is_drawn_at_once_and_colored_when_it_is_known():
    messages = [
        assistant("Look:\n\n```python\nreturn 41\n```"),
        call('{"command": "for f in *; do echo $f; done # all"}'),
    ]
    app = TranscriptApp(ListSource(messages))
    async with app.run_test(size=(60, 20)) as pilot:
        app.transcript.action_fold("tool")
        before = screen_text(app.transcript)
        assert any("return 41" in row for row in before)

        def colored() -> bool:
            drawn = styles(app.transcript)
            return "return" in drawn and drawn["return"] != drawn["Look:"]

        await until(pilot, colored)
        await until(pilot, lambda: "do" in " ".join(styles(app.transcript)))
        assert screen_text(app.transcript) == before


@pytest.fixture
def no_answer(monkeypatch) -> Iterator[None]:
    """Nobody answers what a part of code is."""
    silent = Lexing((sys.executable, "-c", "import time; time.sleep(600)"))
    monkeypatch.setattr(code_reader, "_LEXING", silent)
    yield
    silent.close()


async def read_through(pilot: Pilot, transcript) -> None:
    await until(pilot, lambda: transcript.source.complete)
    for _ in range(12):
        await pilot.press("ctrl+d")
    await pilot.press("G")
    await until(pilot, lambda: any("the end" in row for row in screen_text(transcript)))


@pytest.mark.usefixtures("no_answer")
async def test_nothing_waits_for_an_answer_that_never_comes():
    blocks = [assistant(f"```c\nint x{number};\n```") for number in range(40)]
    app = TranscriptApp(ListSource([*blocks, assistant("the end")]))
    async with app.run_test(size=(60, 20)) as pilot:
        await read_through(pilot, app.transcript)


async def test_hostile_code_of_every_kind_is_read_through():
    blocks = [
        assistant(f"```{language}\n{code}\n```")
        for language in ("c", "python")
        for code in HOSTILE.values()
    ]
    app = TranscriptApp(ListSource([*blocks, assistant("the end")]))
    async with app.run_test(size=(60, 20)) as pilot:
        await read_through(pilot, app.transcript)


def test_every_lexer_is_answered_for(request, lexing, capsys):
    """What each takes is printed; none is asked to be quick, for those that are not are ended."""
    if not request.config.getoption("--lexers"):
        pytest.skip("--lexers measures all of them")
    from pygments.lexers import get_all_lexers

    for _, aliases, _, _ in get_all_lexers(plugins=False):
        if not aliases:
            continue
        language, slow = aliases[0], []
        for name, code in HOSTILE.items():
            began = time.perf_counter()
            spans = lexing.spans(language, code)
            took = time.perf_counter() - began
            assert covered(code, spans)
            if took > 0.1:
                slow.append(f"{name} {took:.2f}{'' if spans else ' (plain)'}")
        if slow:
            with capsys.disabled():
                print(f"{language}: {', '.join(slow)}")
