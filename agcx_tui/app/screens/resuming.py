"""Resumes a session: leaves the terminal to its agent until that ends, or copies the command.

Strategy: what has to be read of the file is read by a thread.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.app import SuspendNotSupported

from agcx_format.errors import PersistenceError
from agcx_format.transcript import safe_line
from agcx_tui.app.widgets.copying import copy
from agcx_tui.core.conversation import resume
from agcx_tui.core.conversation.resume import Resume
from agcx_tui.core.conversation.subject import open_session

if TYPE_CHECKING:
    from textual.app import App

    from agcx_tui.core.conversation.subject import Conversation

__all__ = ["resume_conversation", "resume_file"]


def _of_conversation(conversation: Conversation) -> Resume:
    return resume.resume_of(conversation.metadata, conversation.context())


def _of_file(path: str) -> Resume:
    conversation = open_session(path)
    try:
        return _of_conversation(conversation)
    finally:
        conversation.close()


async def resume_conversation(
    app: App[object], conversation: Conversation, *, only_copy: bool
) -> None:
    """Resume what is open, or copy the command that does."""
    await _resume(app, lambda: _of_conversation(conversation), only_copy)


async def resume_file(app: App[object], path: str, *, only_copy: bool) -> None:
    """Resume the session of a file, or copy the command that does."""
    await _resume(app, lambda: _of_file(path), only_copy)


async def _resume(app: App[object], find: Callable[[], Resume], only_copy: bool) -> None:
    try:
        found = await asyncio.to_thread(find)
    except (PersistenceError, OSError) as error:
        app.notify(safe_line(str(error)), severity="error", markup=False)
        return
    if only_copy:
        _copy_command(app, found)
        return
    problem = await asyncio.to_thread(resume.obstacle, found, os.environ)
    if problem:
        app.notify(safe_line(problem), severity="warning", markup=False)
        return
    try:
        with app.suspend():
            problem = resume.run(found, os.environ)
    except SuspendNotSupported:
        problem = "This terminal cannot be left to another program."
    if problem:
        app.notify(safe_line(problem), severity="error", markup=False)


def _copy_command(app: App[object], found: Resume) -> None:
    """Copy the command, or say why that is impossible."""
    if found.problem:
        app.notify(safe_line(found.problem), severity="warning", markup=False)
    else:
        copy(app, found.typed, f"“{safe_line(found.typed)}”")
