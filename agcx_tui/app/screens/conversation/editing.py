"""Opens in the person's editor what a conversation is about.

Strategy: what to open is looked for by a thread, since a directory may be on a disk that sleeps; then
the terminal is left to the editor until it ends.
"""

from __future__ import annotations

import asyncio
import os

from textual.app import SuspendNotSupported
from textual.screen import Screen

from agcx_format.errors import PersistenceError
from agcx_format.transcript import safe_line
from agcx_tui.core.conversation.subject import Conversation
from agcx_tui.core.local import editor
from agcx_tui.core.words import format

__all__ = ["open_in_editor"]


async def open_in_editor(screen: Screen[None], conversation: Conversation, path: str) -> None:
    """Open a path as the conversation names it, or its working directory if `path` is empty."""
    command = editor.editor_of(os.environ)
    if not command:
        screen.notify(editor.NO_EDITOR, severity="warning", markup=False)
        return
    place, problem = await asyncio.to_thread(_find, conversation, path)
    if problem:
        shown = safe_line(format.short_path(place))
        words = f"{problem}: {shown}" if place else problem
        screen.notify(words, severity="warning", markup=False)
        return
    try:
        with screen.app.suspend():
            problem = editor.run(command, place)
    except SuspendNotSupported:
        problem = "An editor cannot be opened in this terminal."
    if problem:
        screen.notify(safe_line(problem), severity="error", markup=False)


def _find(conversation: Conversation, path: str) -> tuple[str, str]:
    """In a thread: the full path, and why it cannot be opened."""
    try:
        directory = conversation.context().working_directory
    except PersistenceError:
        directory = ""
    place = editor.place_of(path or directory, directory) if path or directory else ""
    return place, editor.obstacle(place)
