"""Makes sessions of a conversation: its second half, one of its checkpoints.

Strategy: what prevents it is said at once, as far as it is known without looking at files; a thread looks
for the rest (an agent at work), then the person is asked, then the store's queue does it, which all screens
follow.  The acts that were done here are remembered, since `u` undoes these and no others: what was done
in the list is out of sight here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from textual.content import Content

from agcx_format.errors import NothingToUndo, PersistenceError
from agcx_format.transcript import safe_line
from agcx_tui.core.conversation.subject import Offer
from agcx_tui.core.words.format import counted

if TYPE_CHECKING:
    from pathlib import Path

    from textual.screen import Screen

    from agcx_format import Act, CheckpointMetadata, Store
    from agcx_format.store import Emptied
    from agcx_tui.app.widgets.transcript.transcript import Transcript
    from agcx_tui.core.conversation.subject import Conversation
    from agcx_tui.core.store.act_queue import ActQueue, AskedAct
    from agcx_tui.core.store.store_work import File, Outcome

__all__ = ["DerivedSessions"]

_WITHOUT_STORE = "It was opened as a single file: open it from the list of its store first."
_NOTHING_DONE = "Nothing to undo here. In the list, u undoes the last change."
_AT_WORK = "It changed in the last 5 minutes: an agent may be using it, and would save over this."


class DerivedSessions:
    """What is made of the session file `path`; shared by its screen and those of its checkpoints.

    `acts` is the queue of its store, None if it cannot be changed; `fixed` then says why, unless there is
    no store.  `now` returns microseconds since 1970.  `done` are the ids of the acts, oldest first.
    `state` and `cache` are the directories in which something of a session may be remembered.
    """

    def __init__(
        self,
        path: str,
        acts: ActQueue | None = None,
        fixed: str = "",
        now: Callable[[], int] = lambda: 0,
        *,
        state: Path | None = None,
        cache: Path | None = None,
    ) -> None:
        self.done: list[str] = []
        self.now = now
        self.state, self._cache = state, cache
        self._path = path
        self._acts = acts
        self._fixed = fixed
        # What was asked for last.
        self._last: AskedAct | None = None
        self._is_asking = False

    @property
    def store(self) -> Store | None:
        return None if self._acts is None else self._acts.store

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
        if obstacle or conversation is None or self._acts is None:
            screen.notify(obstacle, severity="warning", markup=False)
            return
        if self._is_asking:
            return
        file, at = (self._path, conversation.signature), transcript.current
        try:
            with self._asking():
                title = await self._ask_to_split(screen, self._acts.store, conversation, transcript)
        except PersistenceError as error:
            _report_failure(screen, "It was not split", error)
            return
        if title is not None:
            from agcx_tui.core.store import store_work

            asked = self._run(self._acts, lambda store: store_work.split(store, file, at, title))
            await _report(
                screen,
                asked,
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
            return "Go to the message where the new session begins; this is the first."
        return ""

    def _obstacle(self, conversation: Conversation | None, transcript: Transcript) -> str:
        """Why the session cannot be changed; empty if it can."""
        if conversation is None:
            return "It is still loading."
        if Offer.SPLIT not in conversation.offers:
            return "A checkpoint cannot be changed; c creates a session from it."
        if obstacle := self.obstacle_to_acts():
            return obstacle
        if not transcript.source.complete:
            return "It is still loading: it can be changed once all of it is read."
        if transcript.source.error is not None:
            return "A damaged session cannot be changed; agcx repair recovers what can be read."
        return ""

    async def _ask_to_split(
        self, screen: Screen[None], store: Store, conversation: Conversation, transcript: Transcript
    ) -> str | None:
        """The title of the second half; None to leave the session as it is."""
        from agcx_format.store import title_of_second
        from agcx_tui.app.dialogs.naming import NewSessionDialog
        from agcx_tui.core.store import store_work

        at, file = transcript.current, (self._path, conversation.signature)
        running = await asyncio.to_thread(store_work.at_work, store, [file], self.now())
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
            lines.append(Content.styled(_AT_WORK, "$warning"))
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

        if self._acts is None:
            screen.notify(self._fixed or _WITHOUT_STORE, severity="warning", markup=False)
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
            asked = self._run(
                self._acts,
                lambda store: store_work.restore_checkpoint(store, file, wanted, title),
            )
            await _report(
                screen,
                asked,
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
        if obstacle or conversation is None or self._acts is None:
            screen.notify(obstacle, severity="warning", markup=False)
            return
        if self._is_asking:
            return
        file = self._path, conversation.signature
        chosen = None
        with self._asking():
            if await self.may_change(screen, file):
                chosen = await change_content(screen, self, file, transcript)
        if chosen is MessageChange.SPLIT:
            await self.split(screen, conversation, transcript)

    async def may_change(self, screen: Screen[None], file: File) -> bool:
        """Whether a session may be changed; of one that may be in use the person is asked."""
        from agcx_tui.app.dialogs.naming import AskDialog
        from agcx_tui.core.store import store_work

        assert self._acts is not None
        try:
            running = await asyncio.to_thread(
                store_work.at_work, self._acts.store, [file], self.now()
            )
        except PersistenceError as error:
            self.report_failure(screen, "Nothing was changed", error)
            return False
        if not running:
            return True
        dialog = AskDialog("Change a session that may be in use?", _AT_WORK, "Continue")
        answer: bool | None = await screen.app.push_screen_wait(dialog)
        return bool(answer)

    def obstacle_to_acts(self) -> str:
        """Why nothing can be done to the session; empty if something can."""
        return "" if self._acts is not None else self._fixed or _WITHOUT_STORE

    async def run(
        self,
        screen: Screen[None],
        act: Callable[[Store], Outcome],
        done: Callable[[Outcome], str],
        failed: str,
    ) -> Outcome | None:
        """Run an act, which `u` undoes, and say what came of it; returns it."""
        assert self._acts is not None
        return await _report(screen, self._run(self._acts, act), done, failed)

    async def destroy(self, screen: Screen[None], acts: list[Act]) -> Emptied | None:
        """Destroy what acts keep in the trash, and forget it everywhere; returns what is gone."""
        from agcx_tui.core.store.forget import forget

        gone: Emptied | None = None

        def destroy(store: Store) -> None:
            nonlocal gone
            gone = store.destroy(acts)
            forget(gone, store.path, state=self.state, cache=self._cache)

        assert self._acts is not None
        try:
            await self._acts.run(destroy)
        except PersistenceError as error:
            self.report_failure(screen, "Not everything was destroyed", error)
        return gone

    def report_failure(self, screen: Screen[None], what: str, error: PersistenceError) -> None:
        """Say why something was not done."""
        _report_failure(screen, what, error)

    # --- acts

    def _run(self, acts: ActQueue, act: Callable[[Store], Outcome]) -> AskedAct:
        def noted(store: Store) -> Outcome:
            outcome = act(store)
            # Here, in the queue's thread: the next act may be its undo.
            self.done.append(outcome.act.id)
            return outcome

        self._last = acts.run(noted)
        return self._last

    # --- undo

    async def undo(self, screen: Screen[None]) -> None:
        """Undo the last act that was asked for here, even while it waits or runs."""
        waiting = self._last is not None and not self._last.is_over
        if self._acts is None or not (self.done or waiting):
            screen.notify(_NOTHING_DONE, markup=False)
            return
        from agcx_tui.core.words.acts import describe_undo

        before = self._last if waiting else None
        self._last = self._acts.run(lambda store: self._undo(store, before))
        await _report(
            screen, self._last, lambda outcome: describe_undo(outcome.act), "Nothing was undone"
        )

    def _undo(self, store: Store, before: AskedAct | None) -> Outcome:
        """In the queue's thread, after the act `before`."""
        from agcx_tui.core.store import store_work

        if before is not None:
            _check_done(before)
        if not self.done:
            raise NothingToUndo("what was to be undone was not done", path=store.path)
        wanted = self.done.pop()
        try:
            return store_work.undo(store, wanted)
        except NothingToUndo:
            # Somebody undid it elsewhere.
            raise NothingToUndo("it was undone already") from None
        except PersistenceError:
            self.done.append(wanted)
            raise


async def _report(
    screen: Screen[None], asked: AskedAct, done: Callable[[Outcome], str], failed: str
) -> Outcome | None:
    """Say what came of an act; returns it."""
    try:
        outcome = await asked
    except PersistenceError as error:
        _report_failure(screen, failed, error)
        return None
    if outcome is not None:
        screen.notify(done(outcome), markup=False)
    return outcome


def _report_failure(screen: Screen[None], what: str, error: PersistenceError) -> None:
    text = f"{what}: {safe_line(str(error))}"
    screen.notify(text, severity="error", timeout=10, markup=False)


def _check_done(before: AskedAct) -> None:
    """In the queue's thread: raise `NothingToUndo` if an act failed or changed nothing."""
    try:
        outcome = before.result()
    except PersistenceError:
        outcome = None
    if outcome is None:
        raise NothingToUndo("what was to be undone was not done")


def _halves(outcome: Outcome) -> str:
    """`119 and 193 messages`."""
    counts = [entry.metadata.message_count for entry in outcome.entries if entry.metadata]
    return " and ".join(f"{count:,}" for count in counts) + " messages"
