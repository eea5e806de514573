"""Ways through a conversation and out of it: branches, turns, the activity, an editor, the agent."""

from __future__ import annotations

import pytest

from agcx_format import read_session, write_session
from agcx_format.model.items import InputText, Message
from agcx_format.session.source import PENDING, ListSource
from agcx_tui.app.dialogs.help import help_sections
from agcx_tui.app.widgets.lines.key_line import KeyLine
from agcx_tui.core.conversation.find_message import find_message
from agcx_tui.core.conversation.subject import Conversation
from tests.support.browsing import line, notices, until
from tests.support.everything import everything
from tests.support.growing_source import GrowingSource
from tests.support.messages import assistant, golden, output, screen_text, snapshot, user
from tests.tui.app.screens.test_conversation_tabs import SIZE, ScreenApp, facts, opened

pytestmark = pytest.mark.usefixtures("undrawn")


# --- ways out


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        (["codex", "main"], "cd / && codex resume"),
        (["ui"], "AGCodex has no command that resumes a session."),
    ],
)
async def test_ctrl_r_copies_the_command_of_the_agent_that_it_is_from(tags, said):
    from msgspec.structs import replace

    metadata, conversation, _ = read_session(golden("full"))
    context = replace(conversation.context, working_directory="/")
    subject = Conversation(
        "/x", replace(metadata, tags=tags), ListSource(conversation.messages), 0, lambda: context
    )
    app = ScreenApp("/x", opener=lambda: subject)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 3)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: said in notices(pilot))
        if tags[0] == "codex":
            assert app.clipboard == f"{said} {metadata.id}"
        # What cannot run is said as well, and nothing is left for it.
        await pilot.press("R")
        await until(pilot, lambda: "is not installed" in notices(pilot) or tags == ["ui"])


async def test_o_lists_the_turns_and_goes_to_one():
    from textual.widgets import OptionList

    app = ScreenApp(golden("every-item"))
    async with app.run_test(size=SIZE) as pilot:
        screen = await opened(pilot, 15)
        await until(pilot, lambda: screen.transcript.source.complete)
        await pilot.press("o")
        await until(pilot, lambda: app.screen is not screen)
        lines = app.screen.query_one(OptionList)
        last = int(lines.get_option_at_index(lines.option_count - 1).id)
        await pilot.press("G", "enter")
        await until(pilot, lambda: app.screen is screen)
        await until(pilot, lambda: screen.transcript.current == last)


async def test_the_outline_of_a_file_that_is_still_being_read_grows_below_the_cursor():
    from textual.widgets import OptionList

    source = GrowingSource([user(f"question {number}") for number in range(15)])
    source.gate.release()
    metadata, conversation, _ = read_session(golden("full"))
    subject = Conversation("/x", metadata, source, 0, lambda: conversation.context)
    app = ScreenApp("/x", opener=lambda: subject)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.screen is app.first)
        screen = app.first
        await until(pilot, lambda: screen.transcript.source.known() == 5)
        await pilot.press("o")
        await until(pilot, lambda: app.screen is not screen)
        outline, lines = app.screen, app.screen.query_one(OptionList)
        title = lambda: line(outline, "#title")  # noqa: E731
        assert lines.option_count == 5
        assert title().endswith("5 turns · 0 calls · reading …")
        keys = [(key.label, key.description) for key in outline.query_one(KeyLine).shown()]
        assert ("enter", "open") in keys
        rows = [
            row for each in help_sections(outline.active_bindings.values()) for row in each.rows
        ]
        assert ("enter  o", "go to the turn") in rows
        await pilot.press("down", "down")
        source.gate.release(4)
        await until(pilot, lambda: title().endswith("15 turns · 0 calls"))
        assert lines.option_count == 15
        # The letter that asked opens, as Enter does.
        await pilot.press("o")
        await until(pilot, lambda: app.screen is screen)
        await until(pilot, lambda: screen.transcript.current == 2)


async def test_upper_e_says_when_no_editor_is_set_or_nothing_is_there(monkeypatch):
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.delenv("EDITOR", raising=False)
    app = ScreenApp(golden("every-item"))
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 15)
        await pilot.press("E")
        assert "$EDITOR" in notices(pilot)
        monkeypatch.setenv("EDITOR", "true")
        await pilot.press("E")
        await until(pilot, lambda: "It does not exist anymore: /home/dev" in notices(pilot))


# --- going


async def test_b_goes_to_the_message_that_one_branches_from():
    from uuid import UUID

    messages = [
        snapshot(Message(None, "user", [InputText(f"m{n}")]), message_id=UUID(int=n + 1))
        for n in range(400)
    ]
    messages[390] = snapshot(
        Message(None, "user", [InputText("branch")]),
        message_id=UUID(int=391),
        parent_message_id=UUID(int=5),
    )
    from tests.support.messages import TranscriptApp

    app = TranscriptApp(ListSource(messages))
    async with app.run_test(size=SIZE) as pilot:
        app.transcript.go(390)
        shown = lambda: "\n".join(screen_text(app.transcript))  # noqa: E731
        await until(pilot, lambda: "continues from an earlier message (b)" in shown())
        await pilot.press("b")
        await until(pilot, lambda: app.transcript.current == 4)
        await pilot.press("b")
        assert "does not branch" in notices(pilot)


async def test_braces_find_a_turn_far_away_without_being_asked_twice():
    from tests.support.messages import TranscriptApp

    messages = [user("first"), *(output(f"{n}", f"c{n}") for n in range(3000)), user("second")]
    app = TranscriptApp(ListSource(messages))
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("right_curly_bracket")
        await until(pilot, lambda: app.transcript.current == 3001)
        await pilot.press("left_curly_bracket")
        await until(pilot, lambda: app.transcript.current == 0)
        await pilot.press("end", "right_curly_bracket")
        await until(pilot, lambda: not app.transcript.busy)
        assert app.transcript.current == 3001


def test_a_message_is_found_where_its_text_was_dropped_and_where_it_is_not_known_yet():
    class Late(ListSource):
        complete = False
        count = 2

        def known(self) -> int:
            return self.count

        def get(self, index: int):
            return super().get(index) if index in self.here else PENDING

        def fetch(self, index: int, should_stop) -> bool:
            self.here.add(index)
            return True

        def read_more(self) -> bool:
            self.count = min(5, self.count + 1)
            self.complete = self.count == 5
            return not self.complete

    source = Late([assistant(f"{n}") for n in range(4)] + [user("here")])
    source.here = set()
    assert find_message(source, 0, 1, lambda message: message.item.role == "user") == 4
    assert find_message(source, 3, -1, lambda message: message.item.role == "user") is None
    assert find_message(source, 0, 1, lambda message: True, lambda: True) is None


@pytest.fixture
def everything_file(tmp_path) -> str:
    path = tmp_path / "everything.agcx"
    metadata, conversation, state = everything()
    variables = {"GITHUB_TOKEN": "ghp_" + "a1B2c3D4e5" * 3 + "f6G7h8", "LANG": "C.UTF-8"}
    (tmp_path / "there.py").touch()
    context = conversation.context.replace(
        working_directory=str(tmp_path),
        environment_variables=variables,
        open_files=["there.py", "gone.py"],
    )
    write_session(path, metadata, conversation.replace(context=context), state, layout=2)
    return str(path)


async def test_each_row_of_the_activity_leads_to_its_message(everything_file):
    app = ScreenApp(everything_file)
    async with app.run_test(size=SIZE) as pilot:
        screen = await opened(pilot, 17)
        await pilot.press("5")
        await until(pilot, lambda: "Failed calls" in facts(pilot))
        assert "exit 2 · shell · rm -rf build" in facts(pilot)
        await pilot.press("slash", *"patchtext", "enter", "enter")
        await until(pilot, lambda: screen.panes.shown == "messages")
        assert screen.transcript.current == 9


async def test_the_details_tell_the_modes_and_their_time(everything_file):
    app = ScreenApp(everything_file)
    async with app.run_test(size=(120, 60)) as pilot:
        await opened(pilot, 17)
        await pilot.press("4")
        await until(pilot, lambda: "Modes" in facts(pilot))
        assert "Plan" in facts(pilot).split("Modes")[1]


async def test_secrets_of_the_environment_are_hidden_until_enter_is_pressed(everything_file):
    app = ScreenApp(everything_file)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 17)
        await pilot.press("2")
        await until(pilot, lambda: "GITHUB_TOKEN" in facts(pilot))
        assert "ghp_" not in facts(pilot)
        assert "C.UTF-8" in facts(pilot)
        # Not even a copy or a filter says what is in it.
        await pilot.press("slash", *"GITHUB", "enter", "y")
        await until(pilot, lambda: "may be a secret" in notices(pilot))
        assert "ghp_" not in pilot.app.clipboard
        await pilot.press("escape")
        await pilot.press("slash", *"ghp_a", "escape", "slash", *"GITHUB", "enter", "enter")
        await until(pilot, lambda: "ghp_a1B2" in facts(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: "ghp_" not in facts(pilot))


async def test_an_open_file_that_is_gone_is_said_to_be(everything_file):
    app = ScreenApp(everything_file)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 17)
        await pilot.press("2")
        await until(pilot, lambda: "gone.py" in facts(pilot))
        rows = facts(pilot).split("\n")
        at = next(n for n, row in enumerate(rows) if "gone.py" in row)
        assert "does not exist" in rows[at] + rows[at + 1]
        assert facts(pilot).count("does not exist") == 1
