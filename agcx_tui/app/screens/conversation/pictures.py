"""Shows a picture of a conversation: in the terminal, if that can, or in the system's viewer."""

from __future__ import annotations

import asyncio
import os
from functools import lru_cache
from typing import TYPE_CHECKING

from textual.app import SuspendNotSupported

from agcx_format.disk import os_reason
from agcx_format.transcript import safe_line
from agcx_tui.core.conversation.image_facts import image_facts
from agcx_tui.core.local import picture_file
from agcx_tui.core.local.picture_file import UnusablePicture
from agcx_tui.core.local.terminal_pictures import draws_placeholders, graphics
from agcx_tui.core.words.extras import how_to_install

if TYPE_CHECKING:
    from textual.app import App
    from textual.screen import Screen

__all__ = ["open_picture", "show_picture"]

_STDIN = 0


async def open_picture(screen: Screen[None], url: str) -> None:
    """Open a picture in the system's viewer, or say why not."""

    def view() -> str:
        return picture_file.open_in_viewer(picture_file.write_picture(url), os.environ)

    try:
        problem = await asyncio.to_thread(view)
    except UnusablePicture as error:
        problem = str(error)
    except OSError as error:
        problem = f"The image cannot be written: {os_reason(error)}"
    if problem:
        screen.notify(safe_line(problem), severity="warning", markup=False)


async def show_picture(screen: Screen[None], url: str) -> None:
    """Show a picture in the terminal, or say why not."""
    kind, app = graphics(os.environ), screen.app
    try:
        if kind == "kitty" and not _is_colored(app):
            problem = "This terminal shows images only in full color"
        else:
            problem = "" if kind and _is_drawn(app, kind) else "This terminal shows no images"
    except ImportError:
        problem = f"Images need another package; {how_to_install('pictures')}"
    except (SuspendNotSupported, OSError):
        problem = "This terminal cannot be asked for its size in pixels"
    if problem:
        screen.notify(f"{problem}; o opens it in a viewer.", markup=False)
        return
    from agcx_tui.app.dialogs.picture import PictureScreen, readable_picture

    try:
        picture = await asyncio.to_thread(readable_picture, url)
    except UnusablePicture as error:
        screen.notify(safe_line(str(error)), severity="warning", markup=False)
        return
    await screen.app.push_screen_wait(PictureScreen(picture, str(image_facts(url)), kind))


def _is_colored(app: App[object]) -> bool:
    """Whether colors reach the terminal unchanged: by the color of a cell, Kitty knows its picture."""
    return not app.no_color and app.console.color_system == "truecolor"


@lru_cache(maxsize=1)
def _is_drawn(app: App[object], kind: str) -> bool:
    """Whether the terminal draws pictures in the way that it is known for.

    Asked once: the app has to give the terminal away for that, which is seen.

    Raises:
        ImportError: the extra `pictures` is not installed.
        SuspendNotSupported: the app cannot give the terminal away.
        OSError: the terminal cannot be asked.
    """
    with app.suspend():
        # It asks the terminal for the size of its cells when it is imported.
        import textual_image.widget  # noqa: F401

        return kind != "kitty" or draws_placeholders(_STDIN)
