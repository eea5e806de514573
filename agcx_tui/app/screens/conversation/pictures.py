"""Shows a picture of a conversation: in the terminal, if that can, or in the system's viewer."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from textual.app import SuspendNotSupported

from agcx_format.disk import os_reason
from agcx_format.transcript import safe_line
from agcx_tui.core.conversation.image_facts import image_facts
from agcx_tui.core.local import picture_file
from agcx_tui.core.local.picture_file import UnusablePicture

if TYPE_CHECKING:
    from textual.screen import Screen

__all__ = ["open_picture", "show_picture"]


async def open_picture(screen: Screen[None], url: str) -> None:
    """Open a picture in the system's viewer, or say why not."""

    def view() -> str:
        return picture_file.open_in_viewer(picture_file.write_picture(url), os.environ)

    try:
        problem = await asyncio.to_thread(view)
    except UnusablePicture as error:
        problem = str(error)
    except OSError as error:
        problem = f"The picture cannot be written: {os_reason(error)}"
    if problem:
        screen.notify(safe_line(problem), severity="warning", markup=False)


async def show_picture(screen: Screen[None], url: str) -> None:
    """Show a picture in the terminal, or say why not."""
    kind = picture_file.graphics(os.environ)
    if not kind:
        screen.notify("This terminal shows no pictures; o opens it in a viewer.", markup=False)
        return
    try:
        # It asks the terminal for the size of its cells when it is imported, and must have it for that.
        with screen.app.suspend():
            from agcx_tui.app.dialogs.picture import PictureScreen, readable_picture
    except ImportError:
        words = (
            'Pictures need a package more: pip install "agcx[pictures]"; o opens it in a viewer.'
        )
        screen.notify(words, markup=False)
        return
    except SuspendNotSupported:
        screen.notify("This terminal cannot be asked for its size in pixels.", markup=False)
        return
    try:
        picture = await asyncio.to_thread(readable_picture, url)
    except UnusablePicture as error:
        screen.notify(safe_line(str(error)), severity="warning", markup=False)
        return
    await screen.app.push_screen_wait(PictureScreen(picture, str(image_facts(url)), kind))
