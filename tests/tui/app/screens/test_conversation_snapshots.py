"""A conversation looks as it did when somebody looked at it and found it right.

After a change that is meant: `pytest tests/tui/app/screens/test_conversation_snapshots.py --snapshot-update`,
and look at the pictures.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from textual.widgets import Input

from agcx_tui.app.app import AgcxApp
from agcx_tui.app.screens.conversation.conversation import ConversationScreen
from tests.support.browsing import demo_copy, until
from tests.support.entries import NOW_SECONDS
from tests.support.golden_files import GOLDEN
from tests.support.messages import golden

pytestmark = pytest.mark.usefixtures("undrawn")

# Sessions of the demo, by what they are.
GRID = "70b30ef8-e6eb-504a-ab0a-b17d5d131808"
MANAGED = "4dea779b-8bcd-44d3-8225-e25732ff8659"


@dataclass(frozen=True)
class Picture:
    """`file` is a golden session's name, or one of the demo's; `keys` are pressed one by one."""

    name: str
    file: str
    keys: tuple[str, ...] = ()
    size: tuple[int, int] = (100, 40)
    theme: str = "agcx-dark"


PICTURES = (
    Picture("demo", GRID),
    Picture("demo-light", GRID, theme="agcx-light"),
    Picture("demo-80x24", GRID, size=(80, 24)),
    Picture("demo-unfolded", GRID, ("t", "T", "right_square_bracket")),
    Picture("demo-said", GRID, ("m",), size=(120, 40)),
    Picture("demo-search", GRID, ("slash", *"grid", "enter")),
    Picture("demo-number", GRID, ("colon", "1", "2")),
    Picture("demo-end", GRID, ("G",)),
    Picture("context", GRID, ("2",)),
    Picture("context-filtered", GRID, ("2", "slash", *"css")),
    Picture("details", GRID, ("4",)),
    Picture("details-80x24-light", GRID, ("4",), size=(80, 24), theme="agcx-light"),
    Picture("activity", GRID, ("5",)),
    Picture("checkpoints", "managed", ("3",)),
    Picture("checkpoint", "managed", ("3", "j", "enter")),
    Picture("every-item", "every-item", size=(100, 60)),
    Picture("every-item-open", "every-item", ("t", "T"), size=(100, 120)),
    Picture("edited", "full", ("right_square_bracket", "enter"), size=(100, 50)),
    Picture("full-context", "full", ("2",), size=(100, 50)),
    Picture("hostile", "hostile-text", ("t", "T"), size=(100, 60)),
    Picture("hostile-context", "hostile-text", ("2",), size=(100, 40)),
    Picture("hostile-details", "hostile-text", ("4",), size=(100, 40)),
    Picture("unicode", "unicode", size=(100, 50)),
    Picture("empty", "empty", size=(80, 24)),
    Picture("cut-off", "cut-off", ("G",), size=(80, 24)),
    Picture("broken", "broken", size=(80, 24)),
)


def place(picture: Picture, home: Path) -> Path:
    """A copy of the file where its path reads the same everywhere."""
    store = home / "history"
    if picture.file == GRID:
        return demo_copy(store) / f"{GRID}.agcx"
    if picture.file == "managed":
        return Path(shutil.copytree(GOLDEN / "manager-store", store)) / f"{MANAGED}.agcx"
    store.mkdir()
    path = store / f"{picture.file}.agcx"
    if picture.file in ("cut-off", "broken"):
        data = Path(golden("large")).read_bytes()
        path.write_bytes(data[: 60 if picture.file == "broken" else len(data) // 2])
    else:
        shutil.copyfile(golden(picture.file), path)
    return path


async def ready(pilot) -> None:
    """Nothing is under way, and all of it is drawn."""
    screen = pilot.app.screen
    assert isinstance(screen, ConversationScreen)
    await until(pilot, lambda: screen.opened is not None or screen.has_class("-failed"))
    await until(pilot, lambda: screen.opened is None or screen.transcript.source.complete)
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()
    for field in screen.query(Input):
        field.cursor_blink = False


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_a_conversation_is_as_it_was_accepted(picture: Picture, home, snap_compare):
    app = AgcxApp(None, file=str(place(picture, home)), follow=False, clock=lambda: NOW_SECONDS)
    app.theme = picture.theme

    async def steps(pilot) -> None:
        await ready(pilot)
        for key in picture.keys:
            await pilot.press(key)
            await ready(pilot)
        # A search begins after a pause in typing.
        await pilot.pause(0.2)
        await ready(pilot)

    assert snap_compare(app, run_before=steps, terminal_size=picture.size)
