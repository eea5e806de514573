"""The half of a conversation that takes something out: export, copies, the editor.

Strategy: what an editor is to open is looked for by a thread, since a directory may be on a disk
that sleeps; then the screen is left to the editor until it ends.
"""

from __future__ import annotations

import os

from textual import work
from textual.app import SuspendNotSupported
from textual.message import Message

from agcx_format.errors import PersistenceError
from agcx_format.transcript.safe_text import safe_line
from agcx_tui.app.screens.conversation.searching import SearchingScreen
from agcx_tui.app.widgets.copying import copy
from agcx_tui.core.conversation.subject import Conversation
from agcx_tui.core.local import editor
from agcx_tui.core.words import format
from agcx_tui.core.words.resume_command import resume_command

__all__ = ["TakingScreen"]


class TakingScreen(SearchingScreen):
    """A screen that shows a conversation, once it is open."""

    class Ready(Message):
        """`path` can be opened in the editor; with `problem`, it cannot."""

        def __init__(self, path: str, problem: str) -> None:
            super().__init__()
            self.path = path
            self.problem = problem

    path: str
    opened: Conversation | None = None

    def action_export(self) -> None:
        export = getattr(self.app, "action_export_session", None)
        if self.opened is not None and self.opened.checkpoint is not None:
            text = "c makes a session of this checkpoint; that can be exported."
            self.notify(text, markup=False)
        elif export is None:
            self.notify("There is nothing here to export with.", markup=False)
        else:
            export(self.path)

    def action_copy_id(self) -> None:
        if self.opened is not None:
            copy(self.app, str(self.opened.metadata.id), "the id of the session")

    def action_copy_resume(self) -> None:
        if self.opened is not None:
            command = resume_command(self.opened.metadata)
            copy(self.app, command, f"“{safe_line(command)}”")

    # --- the editor

    def action_open_editor(self) -> None:
        """The current fact's file, else the current message's, else the working directory."""
        if self.opened is None:
            return
        if not editor.editor_of(os.environ):
            self.notify(editor.NO_EDITOR, severity="warning", markup=False)
            return
        self._find_place(self.opened, self._spoken_of())

    def _spoken_of(self) -> str:
        """The file that the current fact or message is about; empty for none."""
        if self.facts is not None:
            fact = self.facts.fact
            return fact.target if fact is not None and isinstance(fact.target, str) else ""
        message = self.transcript.blocks.message(self.transcript.current)
        files = message.metadata.file_context if message is not None else []
        return files[0].path if files else ""

    @work(thread=True, exclusive=True, group="editor")
    def _find_place(self, conversation: Conversation, path: str) -> None:
        try:
            directory = conversation.context().working_directory
        except PersistenceError:
            directory = ""
        place = editor.place_of(path or directory, directory) if path or directory else ""
        self.post_message(self.Ready(place, editor.obstacle(place)))

    def on_taking_screen_ready(self, message: Ready) -> None:
        shown = safe_line(format.short_path(message.path))
        if message.problem:
            words = f"{message.problem}: {shown}" if message.path else message.problem
            self.notify(words, severity="warning", markup=False)
            return
        problem = ""
        try:
            with self.app.suspend():
                problem = editor.run(editor.editor_of(os.environ), message.path)
        except SuspendNotSupported:
            problem = "This terminal cannot be left to an editor."
        if problem:
            self.notify(safe_line(problem), severity="error", markup=False)
