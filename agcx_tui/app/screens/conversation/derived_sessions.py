"""Makes sessions of a conversation: its second half, one of its checkpoints.

Strategy: what prevents it is said at once, if that is known without looking at files; a thread looks
for the rest (an agent at work), then the person is asked, then `SessionActs` does it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from textual.content import Content

from agcx_format.errors import PersistenceError
from agcx_format.transcript import safe_line
from agcx_tui.app.screens.conversation.session_acts import AT_WORK, SessionActs
from agcx_tui.core.conversation.subject import Offer
from agcx_tui.core.words.format import counted

if TYPE_CHECKING:
    from textual.screen import Screen

    from agcx_format import CheckpointMetadata, Store
    from agcx_tui.app.widgets.transcript.transcript import Transcript
    from agcx_tui.core.conversation.subject import Conversation
    from agcx_tui.core.store.store_work import Outcome

__all__ = ["DerivedSessions"]


class DerivedSessions:
    """What is made of the session file `path`; shared by its screen and those of its checkpoints."""

    def __init__(self, path: str, acts: SessionActs | None = None) -> None:
        """`acts` are those of its store; without, nothing can be made."""
        self.acts = acts or SessionActs()
        self._path = path
        self._is_asking = False

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """A question is asked: the keys that ask others do nothing meanwhile."""
        self._is_asking = True
        try:
            yield
        finally:
            self._is_asking = False

    # --- splitting

    async def split(
        self, screen: Screen[None], conversation: Conversation | None, transcript: Transcript
    ) -> None:
        """Split the session before the current message, if the person confirms it."""
        obstacle = self._obstacle_to_split(conversation, transcript)
        store = self.acts.store
        if obstacle or conversation is None or store is None:
            screen.notify(obstacle, severity="warning", markup=False)
            return
        if self._is_asking:
            return
        file, at = (self._path, conversation.signature), transcript.current
        try:
            with self._asking():
                title = await self._ask_to_split(screen, store, conversation, transcript)
        except PersistenceError as error:
            self.acts.report_failure(screen, "It was not split", error)
            return
        if title is not None:
            from agcx_tui.core.store import store_work

            await self.acts.run(
                screen,
                lambda store: store_work.split(store, file, at, title),
                lambda outcome: f"Split in two: {_halves(outcome)}. u to undo.",
                "It was not split",
            )

    def _obstacle_to_split(self, conversation: Conversation | None, transcript: Transcript) -> str:
        """Why the session cannot be split before the current message; empty if it can."""
        if obstacle := self._obstacle(conversation, transcript):
            return obstacle
        if transcript.source.known() < 2:
            return "A session of one message cannot be split."
        if transcript.current == 0:
            return "Go to the message where the new session should begin; this is the first one."
        return ""

    def _obstacle(self, conversation: Conversation | None, transcript: Transcript) -> str:
        """Why the session cannot be changed; empty if it can."""
        if conversation is None:
            return "It is still loading."
        if Offer.SPLIT not in conversation.offers:
            return "A checkpoint cannot be changed; c creates a session from it."
        if obstacle := self.acts.obstacle():
            return obstacle
        if not transcript.source.complete:
            return "Still loading: it can be changed once all of it is read."
        if transcript.source.error is not None:
            return "A damaged session cannot be changed; agcx repair recovers what can be read."
        return ""

    async def _ask_to_split(
        self, screen: Screen[None], store: Store, conversation: Conversation, transcript: Transcript
    ) -> str | None:
        """The title of the second half; None to leave the session unchanged."""
        from agcx_format.store import title_of_second
        from agcx_tui.app.dialogs.naming import NewSessionDialog
        from agcx_tui.core.store import store_work

        at, file = transcript.current, (self._path, conversation.signature)
        with self.acts.opening():
            running = await asyncio.to_thread(store_work.at_work, store, [file], self.acts.now())
        title = title_of_second(conversation.metadata)
        first, last = at + 1, transcript.source.known()
        which = (
            f"Message {last:,} becomes"
            if first == last
            else f"Messages {first:,} to {last:,} become"
        )
        checkpoints = " and the checkpoints" if conversation.metadata.checkpoints else ""
        lines = [
            Content(f"{which} a session of {'its' if first == last else 'their'} own."),
            Content(f"The first keeps {counted(at, 'message')}{checkpoints}."),
            Content("u to undo."),
        ]
        if running:
            lines.append(Content.styled(AT_WORK, "$warning"))
        question = f"Split before message {first:,}?"
        dialog = NewSessionDialog(question, lines, title, "Split")
        return await screen.app.push_screen_wait(dialog)

    # --- checkpoints

    async def restore_checkpoint(
        self, screen: Screen[None], conversation: Conversation, checkpoint: CheckpointMetadata
    ) -> None:
        """Make a session of a checkpoint, if the person confirms it."""
        from agcx_format.store import title_of_checkpoint
        from agcx_tui.app.dialogs.naming import NewSessionDialog
        from agcx_tui.core.store import store_work
        from agcx_tui.core.words.acts import summary

        if obstacle := self.acts.obstacle():
            screen.notify(obstacle, severity="warning", markup=False)
            return
        name = safe_line(checkpoint.name).strip() or "(no name)"
        where = Content(f"◆ {name}, after message {checkpoint.message_index:,}")
        lines = [
            where.truncate(54, ellipsis=True),
            Content(""),
            Content("The conversation as it was then; this one does not change. u to undo."),
        ]
        proposed = title_of_checkpoint(conversation.metadata, checkpoint)
        question = "New session from this checkpoint?"
        dialog = NewSessionDialog(question, lines, proposed, "Create")
        title = await screen.app.push_screen_wait(dialog)
        if title is not None:
            file, wanted = (self._path, None), checkpoint.id
            await self.acts.run(
                screen,
                lambda store: store_work.restore_checkpoint(store, file, wanted, title),
                lambda outcome: f"Created a session: {summary(outcome.act)}. u to undo.",
                "No session was created",
            )

    # --- what is in the session

    async def change(
        self, screen: Screen[None], conversation: Conversation | None, transcript: Transcript
    ) -> None:
        """Change the current message, or all of the session, as the person chooses."""
        from agcx_tui.app.dialogs.change_message import MessageChange
        from agcx_tui.app.screens.conversation.content_changes import change_content

        obstacle = self._obstacle(conversation, transcript)
        store = self.acts.store
        if obstacle or conversation is None or store is None:
            screen.notify(obstacle, severity="warning", markup=False)
            return
        if self._is_asking:
            return
        file = self._path, conversation.signature
        chosen = None
        with self._asking():
            if await self.acts.may_change(screen, file):
                chosen = await change_content(screen, self.acts, file, transcript)
        if chosen is MessageChange.SPLIT:
            await self.split(screen, conversation, transcript)


def _halves(outcome: Outcome) -> str:
    """`119 and 193 messages`."""
    counts = [entry.metadata.message_count for entry in outcome.entries if entry.metadata]
    return " and ".join(f"{count:,}" for count in counts) + " messages"
