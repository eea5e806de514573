"""The tree of branches: `B` shows it, Enter goes to a branch, Esc goes back."""

from __future__ import annotations

from contextlib import nullcontext
from uuid import UUID

from msgspec.structs import replace
from textual.app import App

from agcx_format import read_session, write_session
from agcx_tui.app.screens.conversation.branch_tree import BranchTree, ask_for_branch
from agcx_tui.app.screens.conversation.conversation import ConversationScreen
from tests.support.browsing import notices, until
from tests.support.messages import assistant, golden, user

FIRST, SECOND = UUID(int=101), UUID(int=102)
MESSAGES = [
    user("How?", message_id=UUID(int=1)),
    assistant("So.", message_id=UUID(int=2), branch_point=True),
    user("Try another\x1b[2Jway", message_id=UUID(int=3), branch_id=FIRST,
         parent_message_id=UUID(int=2)),
    assistant("Done", message_id=UUID(int=4), branch_id=FIRST, branch_point=True),
    user("Deeper", message_id=UUID(int=5), branch_id=SECOND, parent_message_id=UUID(int=4)),
]  # fmt: skip


class ScreenApp(App):
    def __init__(self, path) -> None:
        super().__init__()
        self.conversation = ConversationScreen(str(path))

    def on_mount(self) -> None:
        self.push_screen(self.conversation)


def written(path, messages):
    metadata, conversation, state = read_session(golden("full"))
    write_session(path, metadata, replace(conversation, messages=messages), state)
    return path


async def opened(pilot) -> ConversationScreen:
    screen = pilot.app.conversation
    await until(pilot, lambda: screen.opened and screen.transcript.source.complete)
    await until(pilot, lambda: len(screen.transcript.viewport.heights) > 1)
    return screen


async def test_the_tree_names_the_branches_and_enter_goes_to_one(tmp_path):
    app = ScreenApp(written(tmp_path / "branched.agcx", MESSAGES))
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await opened(pilot)
        # As long as there is no source, nothing is said about branches.
        assert await ask_for_branch(screen, None, nullcontext) is None
        await until(pilot, lambda: "Still loading" in notices(pilot))
        await pilot.press("B")
        await until(pilot, lambda: isinstance(app.screen, BranchTree) and app.screen.is_mounted)
        lines = app.screen.lines
        await until(pilot, lambda: lines.option_count == 2)
        texts = [str(lines.get_option_at_index(n).prompt) for n in range(2)]
        assert texts[0].startswith("Try another")
        assert "message 3: 2 messages, continues from message 2" in texts[0]
        assert "\n     ends: Done" in texts[0]
        assert texts[1].startswith("   Deeper")
        assert not any("\x1b" in text for text in texts)
        await pilot.press("down", "enter")
        await until(pilot, lambda: app.screen is screen and screen.transcript.current == 4)


async def test_a_conversation_without_branches_says_so(tmp_path):
    app = ScreenApp(written(tmp_path / "plain.agcx", [user("a"), assistant("b")]))
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await opened(pilot)
        await pilot.press("B")
        await until(pilot, lambda: notices(pilot) == "This conversation has no branches.")
        assert app.screen is screen
