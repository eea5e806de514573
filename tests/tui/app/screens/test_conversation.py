"""A conversation on a screen of its own: title, search, leaving, export, and files that are broken."""

from __future__ import annotations

import threading
import weakref
from pathlib import Path

import pytest
from msgspec.structs import replace
from textual.app import App

from agcx_format.search import parse_query
from agcx_format.session.lazy import SessionFile
from agcx_format.session.source import PENDING, ListSource
from agcx_tui.app.screens.conversation.conversation import ConversationScreen
from agcx_tui.app.widgets.lines.edge_line import EdgeLine
from agcx_tui.app.widgets.lines.key_line import KeyLine
from agcx_tui.app.widgets.lines.tab_line import TabLine
from agcx_tui.app.widgets.roll.roll import Roll
from agcx_tui.app.widgets.transcript.matches import Matches
from agcx_tui.app.widgets.transcript.showing import Shown
from agcx_tui.app.widgets.transcript.transcript import Transcript
from agcx_tui.core.conversation.search import search
from agcx_tui.core.conversation.subject import open_session
from agcx_tui.core.words.actions import by_id
from tests.support.browsing import until
from tests.support.messages import assistant, call, golden, output, screen_text, user
from tests.support.waiting import LIMIT

pytestmark = pytest.mark.usefixtures("undrawn")

SIZE = (100, 30)


class ScreenApp(App):
    """The screen alone, with an export that notes what it was asked for."""

    def __init__(self, path: str, **options) -> None:
        super().__init__()
        self.exported: list[str] = []
        self.conversation = ConversationScreen(path, export=self.exported.append, **options)

    def on_mount(self) -> None:
        self.push_screen(self.conversation)

    @property
    def transcript(self) -> Transcript:
        return self.conversation.query_one(Transcript)


async def opened(pilot, messages: int) -> None:
    await until(pilot, lambda: pilot.app.transcript.source.known() == messages)
    await until(pilot, lambda: len(pilot.app.transcript.viewport.heights) == messages + 1)


async def test_the_title_says_what_the_conversation_is():
    app = ScreenApp(golden("large"))
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 3000)
        title = app.conversation.query_one("#title", EdgeLine).plain
        assert title.startswith("A long conversation")
        assert "llama3.3:70b · review · 3,000 messages · 500 turns" in title


async def test_a_narrow_terminal_leaves_out_facts_of_the_title():
    app = ScreenApp(golden("large"))
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 3000)
        title = app.conversation.query_one("#title", EdgeLine)
        assert "500 turns" in title.plain
        await pilot.resize_terminal(60, 20)
        await until(pilot, lambda: "500 turns" not in title.plain)
        await pilot.resize_terminal(*SIZE)
        await until(pilot, lambda: "500 turns" in title.plain)


async def test_a_key_pressed_before_the_file_is_open_is_obeyed_when_it_is():
    gate = threading.Event()

    def slowly():
        gate.wait(LIMIT)
        return open_session(golden("large"))

    app = ScreenApp(golden("large"), opener=slowly)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.focused is app.transcript)
        await pilot.press("end")
        gate.set()
        await opened(pilot, 3000)
        await until(pilot, lambda: app.transcript.current == 2999)
        assert app.transcript.viewport.window[-1].block == 2999


class LateError(FileNotFoundError):
    """An error that says when it has been dealt with: it is gone then."""

    @classmethod
    def watched(cls, gone: threading.Event) -> LateError:
        error = cls(2, "it was not there for a moment", "/x")
        weakref.finalize(error, gone.set)
        return error


async def test_a_reload_that_fails_late_does_not_cover_what_a_later_one_opened():
    gate, dealt_with = threading.Event(), threading.Event()
    calls = []

    def opener():
        calls.append(len(calls) + 1)
        if calls[-1] != 2:
            return open_session(golden("every-item"))
        gate.wait(LIMIT)
        raise LateError.watched(dealt_with)

    app = ScreenApp(golden("every-item"), opener=opener)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 15)
        first = app.conversation.opened
        await pilot.press("f5")
        await until(pilot, lambda: len(calls) == 2)
        await pilot.press("f5")
        await until(pilot, lambda: app.conversation.opened is not first)
        await opened(pilot, 15)
        shown = screen_text(app.transcript)
        gate.set()
        await until(pilot, dealt_with.is_set)
        await pilot.pause()
        assert app.transcript.region.height > SIZE[1] // 2
        assert screen_text(app.transcript) == shown
        assert any("System" in row for row in shown)


async def test_what_is_to_be_shown_may_be_asked_for_before_the_file_is_open():
    gate = threading.Event()

    def slowly():
        gate.wait(LIMIT)
        return open_session(golden("every-item"))

    app = ScreenApp(golden("every-item"), opener=slowly)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.focused is app.transcript)
        await pilot.press("m")
        gate.set()
        await opened(pilot, 15)
        await until(pilot, lambda: app.transcript.showing.shown is Shown.SAID)


async def test_what_is_shown_is_said_and_the_key_offered_in_a_narrow_terminal_too():
    app = ScreenApp(golden("every-item"))
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, 15)
        keys = [(key.label, key.description) for key in app.screen.query_one(KeyLine).shown()]
        assert ("m", "filter") in keys
        place = app.screen.query_one(TabLine)
        await pilot.press("m")
        await until(pilot, lambda: "said · 2/15" in place.plain)
        # Nothing failed.
        await pilot.press("m")
        await until(pilot, lambda: "message 2 of 15" in place.plain)


async def test_a_search_finds_words_in_folded_output_and_n_goes_on_to_the_next():
    app = ScreenApp(golden("every-item"))
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 15)
        await pilot.press("slash", *"grid")
        matches = lambda: app.conversation.search.matches  # noqa: E731
        line = app.conversation.search
        await until(pilot, lambda: line.said.startswith("match 1 of ") and "…" not in line.said)
        assert app.transcript.current == 2
        await pilot.press("enter")
        assert app.focused is app.transcript
        seen = []
        for number in range(1, matches().total + 1):
            assert line.said == f"match {number} of {matches().total}"
            seen.append(matches().at.message)
            await pilot.press("n")
        print(seen)
        assert sorted(set(seen)) == [2, 7, 8, 12]
        await pilot.press("N")
        assert matches().at.message == 12
        drawn = [seg for y in range(SIZE[1] - 4) for seg in app.transcript.render_line(y)]
        marked = [seg.text.lower() for seg in drawn if seg.style and seg.style.underline]
        assert "grid" in marked


async def test_escape_ends_the_search_first_and_leaves_second():
    app = ScreenApp(golden("every-item"))
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 15)
        await pilot.press("slash", *"zzz")
        line = app.conversation.search
        await until(pilot, lambda: line.said == "no match")
        await pilot.press("enter", "escape")
        assert not line.has_class("-shown")
        assert app.screen is app.conversation
        await pilot.press("escape")
        assert app.screen is not app.conversation


@pytest.mark.parametrize("key", ["q", "escape"])
async def test_leaving_closes_the_file(key):
    app = ScreenApp(golden("every-item"))
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 15)
        file = app.conversation.opened.source
        await pilot.press(key)
        assert app.screen is not app.conversation
        await until(pilot, lambda: file.closed)


async def test_e_asks_the_app_to_export_and_upper_y_copies_the_id():
    path = golden("every-item")
    app = ScreenApp(path)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 15)
        await pilot.press("e", "Y")
        assert app.exported == [path]
        assert app.clipboard == "d72c1692-509d-4c5e-a5a7-fe4e63a4f49d"


async def test_a_file_that_cannot_be_opened_says_what_is_wrong_and_where(tmp_path):
    path = tmp_path / "broken\x1b[31m.agcx"
    path.write_bytes(Path(golden("every-item")).read_bytes()[:60])
    app = ScreenApp(str(path))
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.conversation.has_class("-failed"))
        page = str(app.conversation.query_one("#failure").render())
        assert "This conversation cannot be read" in page
        assert "broken␛[31m.agcx" in page
        assert "metadata" in page
        assert "byte" in page
        await pilot.press("e", "slash", "escape")
        assert app.exported == []
        assert app.screen is not app.conversation


async def test_a_file_that_is_cut_off_shows_its_messages_and_then_the_reason(tmp_path):
    path = tmp_path / "cut.agcx"
    data = Path(golden("large")).read_bytes()
    path.write_bytes(data[: len(data) // 2])
    app = ScreenApp(str(path))
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.conversation.opened is not None)
        await until(pilot, lambda: app.transcript.source.complete)
        known = app.transcript.source.known()
        await until(pilot, lambda: len(app.transcript.viewport.heights) == known + 1)
        await pilot.press("G")
        shown = "\n".join(screen_text(app.transcript))
        assert known > 10
        assert "The rest of the conversation cannot be read" in shown
        assert "messages" in shown


async def test_every_key_of_the_screen_has_an_id_and_a_description():
    app = ScreenApp(golden("empty"))
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        own = [*ConversationScreen.BINDINGS, *Transcript.BINDINGS, *Roll.BINDINGS]
        assert len({binding.id for binding in own}) == len(own)
        assert all(binding.id and binding.description for binding in own)
        # The footer has a key once, whoever obeys it, and few before those for which there may be no room.
        # A key of the messages goes before the same key of the screen.
        ranks = {b.key.split(",")[0]: by_id(b.id).rank for b in own if b.show}
        assert 5 <= list(ranks.values()).count(0) <= 7


def test_a_search_looks_at_everything_that_is_said_or_done():
    source = ListSource(
        [
            user("Needle"),
            assistant("hay"),
            call('{"cmd":"needle"}'),
            output("x" * 600_000 + "NEEDLE"),
        ]
    )
    steps = list(search(source, parse_query("needle")))
    assert [count for step in steps for count in step.counts] == [(0, 1), (2, 1), (3, 1)]
    assert steps[-1].done
    assert steps[-1].searched == 4


def test_a_search_that_is_stopped_ends():
    assert list(search(ListSource([user("a")] * 10), parse_query("a"), lambda: True)) == []


async def test_a_phrase_that_the_lines_broke_is_found_on_the_line_where_it_begins():
    from tests.support.messages import TranscriptApp

    text = "\n\n".join(["filler words " * 40] * 6) + "\n\n" + "a b c d " * 11 + "long needle phrase"
    app = TranscriptApp(ListSource([assistant(text), output("x" * 100 + "folded" + "y" * 50)]))
    async with app.run_test(size=(60, 12)) as pilot:
        viewport = app.transcript.viewport
        matches = matches_of(app.transcript, '"needle phrase"')
        for width in range(60, 70):
            await pilot.resize_terminal(width, 12)
            await pilot.pause()
            matches.wrap(1)
            marked = [marks_of(viewport, matches, place) for place in viewport.window]
            assert " ".join("".join(marked).split()) in ("needle phrase", "needlephrase"), width
        folded = matches_of(app.transcript, "folded")
        folded.wrap(1)
        marked = [marks_of(viewport, folded, place) for place in viewport.window]
        assert "".join(marked) == "folded"


def matches_of(transcript, words: str) -> Matches:
    """The matches of a query, all of them found."""
    query = parse_query(words)
    matches = Matches(transcript, query, lambda index, message: None)
    for step in search(transcript.source, query):
        matches.add(step.counts)
    return matches


def marks_of(viewport, matches: Matches, place) -> str:
    line = viewport.strip(place).text
    return "".join(line[m.start : m.end] for m in matches.lines.marks(viewport, place))


async def test_a_search_in_a_file_whose_text_is_not_at_hand_reads_it_once_more(tmp_path):
    from agcx_format import read_session, write_session

    metadata, conversation, state = read_session(golden("large"))
    filler = [assistant(f"{n} " + "word " * 2000) for n in range(1200)]
    filler[1100] = assistant("the needle")
    path = tmp_path / "framed.agcx"
    write_session(path, metadata, replace(conversation, messages=filler), state)
    with SessionFile(path) as file:
        assert file.complete
        assert file.get(1100) is PENDING
        steps = list(search(file, parse_query("needle")))
        assert [count for step in steps for count in step.counts] == [(1100, 1)]
        assert file.get(1100) is PENDING
    app = ScreenApp(str(path))
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 1200)
        await pilot.press("slash", *"needle", "enter")
        shown = lambda: "\n".join(screen_text(app.transcript))  # noqa: E731
        await until(pilot, lambda: "the needle" in shown())
        assert app.conversation.search.matches.at.message == 1100
        await pilot.press("g", "right_curly_bracket")
        await until(pilot, lambda: not app.transcript.busy)
        await pilot.press("G")
        await until(pilot, lambda: app.transcript.current == 1199 and "word word" in shown())
