"""The file of a conversation: opened by a thread, followed as it grows, opened again, and closed.

Strategy: a version of the file that continues the one that is shown takes its place, and what is in view
stays where it is; a reader who was at the end is taken along.  Any other version waits until the reader asks
for it: a view should not change while it is read.  Acts of a person here are followed at once.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from textual.message import Message
from textual.screen import Screen
from textual.worker import Worker, get_current_worker

from agcx_format.disk import os_reason
from agcx_format.errors import PersistenceError
from agcx_format.subagents import subagents_in
from agcx_format.transcript import ModeChange, mode_changes
from agcx_tui.app import from_threads
from agcx_tui.app.blocks.markdown import warm_up
from agcx_tui.app.screens.conversation.reading_place import ReadingPlace
from agcx_tui.app.screens.conversation.subagents import SubagentCalls
from agcx_tui.app.widgets.transcript.transcript import Transcript
from agcx_tui.core.conversation.followed import FollowedSource, continues
from agcx_tui.core.conversation.subject import Conversation, gone_on
from agcx_tui.core.local.keeping_on_exit import quietly
from agcx_tui.core.local.reading_positions import Position

if TYPE_CHECKING:
    from agcx_format.disk import Signature
    from agcx_tui.core.store.opened_store import OpenedStore
    from agcx_tui.core.store.store_work import Outcome

# The pause between two versions: a multiple of what one took, at most this many seconds.
_SHARE, _LONGEST_REST = 4, 30.0

__all__ = ["ConversationFailed", "ConversationGrew", "ConversationOpened", "OpenConversation"]


@dataclass
class ConversationOpened(Message):
    """The file is open; `position` is where the reader was the last time."""

    conversation: Conversation
    position: Position | None


class ConversationGrew(Message):
    """A newer version of its file is shown now."""


@dataclass
class ConversationFailed(Message):
    """The file cannot be opened; `gone` if it does not exist."""

    error: PersistenceError
    gone: bool


class OpenConversation:
    """What the screen shows; `current` is None until it is open.

    `opener` opens the file `path`, or something of it; it may block.  `screen` gets
    `ConversationOpened`, which it hands to `take`, or `ConversationFailed`.  `place` is where the reader is,
    and `store` the one whose acts may change the file, if that is known.  `subagents` gets
    what its calls started.
    """

    def __init__(
        self,
        screen: Screen[None],
        path: str,
        opener: Callable[[], Conversation],
        place: ReadingPlace,
        transcript: Transcript,
        store: OpenedStore | None,
        subagents: SubagentCalls,
    ) -> None:
        self.place = place
        self.subagents = subagents
        self.store = store
        self.current: Conversation | None = None
        # For the first time, or again.
        self.is_opening = True
        self._screen = screen
        self._path = path
        self._opener = opener
        self._transcript = transcript
        self._unfollow: list[Callable[[], None]] = []
        # The person knows that the file is not the one that is shown.
        self._change_is_known = False
        # The last version that was heard of.
        self._newest: Signature | None = None
        self._is_following = False

    @property
    def expected(self) -> int:
        """How many messages there are, by all that is known yet."""
        expected = 0 if self.current is None else self.current.expected()
        return max(expected, self._transcript.source.known())

    def follow(self, changed: Callable[[], None]) -> None:
        """Follow what happens to the file until it is closed; `changed` is called after acts on it.

        Such an act was done in this conversation, or on a screen that covers it.
        """

        def follow_act(outcome: Outcome) -> None:
            files = {entry.path: entry.signature for entry in outcome.entries}
            if outcome.unasked:
                self.files_changed(files)
            elif self._path in files:
                changed()

        if self.store is not None:
            self._unfollow = [
                self.store.saved.subscribe(self.files_changed),
                self.store.acted.subscribe(follow_act),
            ]

    def begin(self) -> None:
        """Open it in a thread."""
        self.is_opening = True
        self._screen.run_worker(self._open, thread=True, exclusive=True, group="open")

    def _open(self) -> None:
        worker = get_current_worker()
        try:
            conversation = self._opener()
        except OSError as error:
            problem = PersistenceError(os_reason(error), path=error.filename or self._path)
            self._say_failed(worker, problem, self._path)
            return
        except PersistenceError as error:
            self._say_failed(worker, error, error.path or self._path)
            return
        position = self.place.load(conversation)
        # The first screen is drawn at once: better to import what it needs here.
        warm_up()
        message = ConversationOpened(conversation, position)
        if worker.is_cancelled or not from_threads.post(self._screen, message):
            conversation.close()

    def _say_failed(
        self, worker: Worker[object], error: PersistenceError, path: str | os.PathLike[str]
    ) -> None:
        # It may be open already, if it was reloaded meanwhile.
        if not worker.is_cancelled:
            failed = ConversationFailed(error, gone=not os.path.lexists(path))
            from_threads.post(self._screen, failed)

    def take(self, conversation: Conversation) -> Conversation | None:
        """Set what is shown from now on; returns what was shown before, which is still open."""
        before, self.current = self.current, conversation
        self.is_opening = self._change_is_known = False
        self.subagents.look()
        # It may have been saved while it was opened.
        self._follow_soon()
        self._screen.run_worker(
            partial(self._read_modes, conversation), thread=True, exclusive=True, group="modes"
        )
        return before

    def _read_modes(self, conversation: Conversation) -> None:
        """Read where the mode changed and what subagents were started; that may be at the end of the file."""
        try:
            changes = mode_changes(conversation.mode_history())
            started = subagents_in(conversation.context().environment_variables)
        except PersistenceError:
            # What is wrong with the file is said where it is.
            return
        if (changes or started) and not get_current_worker().is_cancelled:
            from_threads.call(self._screen, self._show_modes, conversation, changes, started)

    def _show_modes(
        self,
        conversation: Conversation,
        changes: tuple[ModeChange, ...],
        started: dict[str, UUID],
    ) -> None:
        if conversation is self.current:
            self._transcript.blocks.modes = changes
            self._transcript.redraw()
            self.subagents.show(started)

    def failed(self) -> None:
        """Note that it could not be opened."""
        self.is_opening = False

    def release(self, conversation: Conversation) -> None:
        """Close what is no longer shown; in a thread, since it waits for reads in progress."""
        self._screen.run_worker(conversation.close, thread=True, group="close")

    async def close(self) -> None:
        """Close what is shown, and remember where the reader was.

        In a thread, for it waits for a read that is under way; awaited, so that it also happens when the
        program ends.
        """
        for unfollow in self._unfollow:
            unfollow()
        if self.current is not None:
            await asyncio.to_thread(self._close, self.current, self.place.current())

    def _close(self, conversation: Conversation, position: Position | None) -> None:
        quietly("where the reader was", self.place.save, conversation, position)
        quietly("the file in good order", conversation.close)

    # --- what others do to the file

    def files_changed(self, changed: Mapping[str, Signature]) -> None:
        """Follow the file, if it is one of these."""
        if self._path in changed:
            self._newest = changed[self._path]
            self._follow_soon()

    def _follow_soon(self) -> None:
        shown = self.current.signature if self.current is not None else None
        is_current = self._newest is None or shown in (None, self._newest)
        if not (is_current or self.is_opening or self._is_following or self._change_is_known):
            self._is_following = True
            self._screen.run_worker(self._follow(), group="follow")

    async def _follow(self) -> None:
        """Show newer versions, with a rest between them that is longer the longer it takes to read one."""
        try:
            while (shown := self.current) is not None and shown.signature != self._newest:
                began, newest = time.monotonic(), self._newest
                newer = await asyncio.to_thread(self._newer, shown)
                if newer is not None and (self.is_opening or self.current is not shown):
                    # The person requested it meanwhile.
                    newer.close()
                    return
                if newer is None:
                    self._change_is_known = True
                    self._screen.notify("This session was saved again; F5 to reload.", markup=False)
                    return
                if newer.signature == shown.signature:
                    newer.close()
                else:
                    self._go_on(shown, newer)
                if self._newest == newest:
                    # It is this version, or one that followed it and is heard of soon.
                    return
                took = time.monotonic() - began
                await asyncio.sleep(min(_SHARE * took, _LONGEST_REST))
        finally:
            self._is_following = False

    def _newer(self, shown: Conversation) -> Conversation | None:
        """The current file; None if it does not continue what is shown.  May block."""
        if not isinstance(shown.source, FollowedSource):
            return None
        shown.source.close_unused()
        try:
            newer = self._opener()
        except (PersistenceError, OSError):
            return None
        window = self._transcript.viewport.window
        seen = {self._transcript.current, *(place.block for place in (*window[:1], *window[-1:]))}
        if continues(newer.source, shown.source, seen, lambda: self.current is not shown):
            return newer
        newer.close()
        return None

    def _go_on(self, shown: Conversation, newer: Conversation) -> None:
        transcript = self._transcript
        first, at_end = shown.source.known(), self.place.is_at_end
        before, now = shown.expected(), newer.expected()
        conversation = gone_on(shown, newer)
        self.take(conversation)
        if not at_end and now > before:
            self.place.grew(first)
        transcript.grew(is_newer=True, at_end=at_end)
        self._screen.post_message(ConversationGrew())
