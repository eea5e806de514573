"""`/` in a conversation: every match is counted, reached, opened and marked where it is."""

from __future__ import annotations

import json
import threading

import pytest
from msgspec.structs import replace

from agcx_format import read_session, write_session
from agcx_format.model.items import FileContext, InputText, Message
from agcx_format.model.timestamps import Timestamp
from agcx_format.search import parse_query, shown_texts
from agcx_tui.app.widgets.roll.role_styles import role_style
from agcx_tui.app.widgets.transcript.transcript import Transcript
from agcx_tui.core.conversation import search as searching
from agcx_tui.core.conversation.search import Found, find_matches, search
from tests.support.browsing import until
from tests.support.messages import (
    NOON,
    assistant,
    call,
    golden,
    output,
    screen_text,
    thought,
    tool_call,
    user,
)
from tests.support.waiting import LIMIT
from tests.tui.app.screens.test_conversation import ScreenApp, opened

pytestmark = pytest.mark.usefixtures("undrawn")

SIZE = (100, 30)


def session(tmp_path, messages) -> str:
    metadata, conversation, state = read_session(golden("large"))
    path = tmp_path / "session.agcx"
    write_session(path, metadata, replace(conversation, messages=messages), state)
    return str(path)


def current_match(transcript: Transcript) -> str:
    """What is marked as the current match on the screen."""
    style = role_style("match_at")
    lines = [transcript.render_line(y) for y in range(transcript.size.height)]
    return "".join(
        segment.text
        for line in lines
        for segment in line
        if segment.style and segment.style.bgcolor == style.bgcolor
    )


async def searched(pilot, line) -> None:
    await until(pilot, lambda: line.matches is not None and line.found is not None)
    await until(pilot, lambda: line.found is not None and line.found.done)


async def test_matches_are_counted_not_messages(tmp_path):
    path = session(tmp_path, [user("grid, grid"), assistant("none"), user("a Grid")])
    app = ScreenApp(path)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 3)
        line = app.conversation.search
        await pilot.press("slash", *"grid", "enter")
        await searched(pilot, line)
        said = []
        for _ in range(4):
            said.append((line.said, app.transcript.current, current_match(app.transcript)))
            await pilot.press("n")
        assert said == [
            ("match 1 of 3", 0, "grid"),
            ("match 2 of 3", 0, "grid"),
            ("match 3 of 3", 2, "Grid"),
            ("match 1 of 3", 0, "grid"),
        ]
        await pilot.press("N")
        assert line.said == "match 1 of 3"
        await pilot.press("N")
        assert line.said == "match 3 of 3"


async def test_a_search_goes_on_from_where_the_reader_went(tmp_path):
    path = session(tmp_path, [user(f"grid {n}" + "\n" * 40) for n in range(20)])
    app = ScreenApp(path)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 20)
        line = app.conversation.search
        await pilot.press("slash", *"grid", "enter")
        await searched(pilot, line)
        await pilot.press("G")
        await until(pilot, lambda: app.transcript.current == 19)
        await pilot.press("N")
        assert line.said == "match 19 of 20"


async def test_a_step_that_waits_is_dropped_when_the_reader_goes_elsewhere(tmp_path, monkeypatch):
    may_end = threading.Event()

    def slowly(*given):
        for found in search(*given):
            yield Found(found.counts[:1], 1, done=False)
            may_end.wait(LIMIT)
            yield Found(found.counts[1:], found.searched, found.done)

    monkeypatch.setattr(searching, "search", slowly)
    path = session(tmp_path, [user("grid"), assistant("none"), user("a grid"), user("grid")])
    app = ScreenApp(path)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 4)
        line = app.conversation.search
        await pilot.press("slash", *"grid", "enter")
        await until(pilot, lambda: line.matches is not None and line.matches.query.text == "grid")
        await until(pilot, lambda: line.said == "match 1 of 1 · searched 1 …")
        await pilot.press("n", "n", "right_square_bracket")
        assert app.transcript.current == 1
        may_end.set()
        await searched(pilot, line)
        await until(pilot, lambda: line.said == "match 1 of 3")
        assert app.transcript.current == 1
        await pilot.press("n")
        await until(pilot, lambda: line.said == "match 2 of 3")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("role:assistant grid", "match 1 of 1"),
        ("role:assistant", "message 1 of 2"),
        ("grid -lease", "match 1 of 2"),
        ("grid nowhere", "match 1 of 3 · no “nowhere”"),
        ("nowhere", "no match"),
        ('"grid lease"', "match 1 of 1"),
        (r"/g.i[dt]\b/", "match 1 of 3"),
        ("is:error", "message 1 of 1"),
    ],
)
async def test_the_query_is_that_of_the_search_over_all_conversations(tmp_path, typed, said):
    messages = [user("grid lease"), assistant("The grid"), user("grid"), assistant("Nothing")]
    messages += [call('{"command":["false"]}'), output("no\n", tool_calls=[tool_call(False)])]
    app = ScreenApp(session(tmp_path, messages))
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 6)
        line = app.conversation.search
        await pilot.press("slash")
        line.input.value = typed
        await searched(pilot, line)
        await until(pilot, lambda: line.said == said)


async def test_what_is_wrong_with_a_query_is_said_in_place():
    app = ScreenApp(golden("every-item"))
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 15)
        line = app.conversation.search
        await pilot.press("slash")
        line.input.value = "/(grid/ is:nonsense"
        await until(pilot, lambda: "is:nonsense: one of error" in line.said)
        assert "missing" in line.said
        assert app.screen is app.conversation


async def test_a_conversation_opens_at_a_match_that_is_far_away_with_all_of_them_marked(tmp_path):
    filler = [assistant(f"{n} " + "word " * 2000) for n in range(1200)]
    filler[1100] = assistant("The needle is here, the needle is there")
    filler[3] = user("a needle")
    path = session(tmp_path, filler)
    query = parse_query("project:grid needle", {"project"})
    (_, match) = find_matches(filler[1100], query)
    beyond: list[int] = []
    at = (1100, match.start, match.end)
    app = ScreenApp(path, search=query, at=at, beyond=beyond.append)
    async with app.run_test(size=SIZE) as pilot:
        line = app.conversation.search
        await until(pilot, lambda: line.said == "match 3 of 3")
        assert app.transcript.current == 1100
        assert app.focused is app.transcript
        assert line.input.value == "needle"
        assert "The needle is here" in "\n".join(screen_text(app.transcript))
        assert current_match(app.transcript) == "needle"
        await pilot.press("n")
        assert beyond == [1]
        assert line.said == "match 3 of 3"
        await pilot.press("N")
        await until(pilot, lambda: line.said == "match 2 of 3")
        await pilot.press("escape")
        assert app.screen is not app.conversation


async def test_a_conversation_opens_at_a_match_in_an_output_that_is_folded(tmp_path):
    messages = [assistant(f"{n} " + "word " * 300) for n in range(177)]
    messages[111:113] = [call('{"command":["ls"]}'), output("one\nthe needle\n")]
    path = session(tmp_path, messages)
    query = parse_query("needle")
    (match,) = find_matches(messages[112], query)
    app = ScreenApp(path, search=query, at=(112, match.start, match.end))
    async with app.run_test(size=SIZE) as pilot:
        await searched(pilot, app.conversation.search)
        await until(pilot, lambda: not app.transcript.busy)
        assert current_match(app.transcript) == "needle"
        assert app.transcript.current == 112


async def test_a_folded_output_is_reached_by_its_number_at_its_call(tmp_path):
    messages = [user("list"), call('{"command":["ls"]}'), output("one\n"), assistant("Done")]
    app = ScreenApp(session(tmp_path, messages))
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 4)
        app.transcript.go(2)
        assert app.transcript.current == 1


async def test_folds_that_hold_a_match_open(tmp_path):
    numbers = "\n".join(f"row {n} {'needle' if n == 50 else ''}" for n in range(100))
    earlier = Message(None, "user", [InputText("an earlier needle")])
    messages = [
        call('{"command":["seq","100"]}'),
        output(numbers),
        thought("Thinking\n\nof a needle"),
        user("now", edit_history=[(Timestamp.from_ns(NOON), earlier)]),
        assistant("see", file_context=[FileContext("a/b.py", None, "x = needle()", "python")]),
        call('{"command":["false"]}', "c2"),
        output("bad", "c2", tool_calls=[tool_call(False, error="no such needle")]),
    ]
    app = ScreenApp(session(tmp_path, messages))
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 7)
        line = app.conversation.search
        await pilot.press("slash", *"needle", "enter")
        await searched(pilot, line)
        for number, row in enumerate(
            ["row 50 needle", "of a needle", "earlier needle", "x = needle()", "no such needle"], 1
        ):
            await until(pilot, lambda number=number: line.said == f"match {number} of 5")
            assert row in "\n".join(screen_text(app.transcript))
            assert current_match(app.transcript) == "needle", row
            await pilot.press("n")


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("update_plan", {"plan": [{"step": "Write", "status": "in_progress"}]}, "in_progress"),
        ("web_search", {"query": "how to align"}, "query"),
        ("Task", {"prompt": "Look", "description": "Look", "model": "needle"}, "needle"),
        ("Edit", {"file_path": "a.py", "old_string": "x", "new_string": "y"}, "old_string"),
        ("Read", {"file_path": "a.py"}, "file_path: a.py"),
        ("apply_patch", {"input": "*** Begin Patch\n*** Delete File: a\n"}, "Begin Patch"),
        ("shell", {"input": '{"command": ["ls"]}'}, "command"),
    ],
)
async def test_what_is_found_in_a_call_is_shown_also_where_it_is_drawn_in_other_words(
    tmp_path, name, arguments, words
):
    messages = [user("do it"), call(json.dumps(arguments), name=name), output("done")]
    app = ScreenApp(session(tmp_path, messages))
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 3)
        line = app.conversation.search
        await pilot.press("slash")
        line.input.value = f'"{words}"'
        await pilot.press("enter")
        await searched(pilot, line)
        assert current_match(app.transcript) == words


async def test_a_match_is_found_although_markdown_hides_others(tmp_path):
    text = "[needle](https://needle.example/needle) and `needle` here\n\n" * 3 + "the last needle"
    app = ScreenApp(session(tmp_path, [assistant(text)]))
    async with app.run_test(size=(60, 40)) as pilot:
        await opened(pilot, 1)
        line = app.conversation.search
        await pilot.press("slash", *"needle", "enter")
        await searched(pilot, line)
        assert line.said == "match 1 of 13"
        await pilot.press("N")
        assert line.said == "match 13 of 13"
        rows = screen_text(app.transcript)
        row = next(n for n, text in enumerate(rows) if "the last" in text)
        assert app.transcript.viewport.window[row] == line.matches.shown.place


@pytest.mark.parametrize("draw", [user, assistant, output])
async def test_a_match_across_two_pieces_of_a_long_message_is_marked_in_both(tmp_path, draw):
    for size in (12 * 1024, 16 * 1024):
        # No line breaks: it is cut within a line, wherever that is.
        text = "x" * (size - 3) + "needle" + "y" * 30_000
        app = ScreenApp(session(tmp_path, [draw(text)]))
        async with app.run_test(size=SIZE) as pilot:
            await opened(pilot, 1)
            line = app.conversation.search
            await pilot.press("slash", *"needle", "enter")
            await searched(pilot, line)
            assert line.said == "match 1 of 1"
            assert current_match(app.transcript) == "needle", size


async def test_a_match_in_a_huge_message_draws_only_the_part_that_holds_it(tmp_path):
    text = "word " * 400_000 + "the needle" + " word" * 100_000
    app = ScreenApp(session(tmp_path, [assistant(text)]))
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 1)
        line = app.conversation.search
        drawn = []
        block = app.transcript.viewport.block(0)
        for number, part in enumerate(block.parts):
            part.draw = lambda n=number, draw=part.draw: drawn.append(n) or draw()
        await pilot.press("slash", *"needle", "enter")
        await until(pilot, lambda: line.said == "match 1 of 1")
        await until(pilot, lambda: "the needle" in "\n".join(screen_text(app.transcript)))
        assert len(set(drawn)) < 6


def test_counts_are_those_of_the_texts():
    from agcx_format.session.source import ListSource

    # Long enough for two pieces, with matches above all where the first one ends.
    rows = [f"näher {n} Needle\n" if n % 3 else "needle" * 7 for n in range(300)]
    long = "hay\n" * 130_000 + "".join(rows) + "hay\n" * 20_000 + "needle"
    messages = [user("needle needle"), output(long), assistant(long.replace("\n", " "))]
    for words in ("needle", "Needle", "ä", "/need.e/", "needle n", "needle Needle", '"r 7 n"'):
        query = parse_query(words)
        steps = list(search(ListSource(messages), query))
        counts = [count for step in steps for count in step.counts]
        expected = []
        for index, message in enumerate(messages):
            found = find_matches(message, query)
            naive = {
                (number, *span)
                for number, text in enumerate(shown_texts(message))
                for matcher in query.matchers
                for span in matcher.spans_in(text)
            }
            assert len(found) == len(naive), words
            assert set(map(tuple, found)) == naive, words
            expected += [(index, len(naive))] if naive else []
        assert counts == expected, words
