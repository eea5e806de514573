"""The half of a conversation that makes sessions out of it: its second half, one of its checkpoints.

Strategy: what stands in the way is said at once, as far as it is known without looking; a thread looks
for the rest (an agent at work), then it is asked, then the store's queue does it, which all screens follow.
The acts that were done here are remembered, for `u` takes back these and no others: what was done in the
list is out of sight here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import work
from textual.content import Content
from textual.message import Message

from agcx_format.errors import NothingToUndo, PersistenceError
from agcx_format.transcript import safe_line
from agcx_tui.app.dialogs.once import OnceScreen
from agcx_tui.core.words.format import counted

if TYPE_CHECKING:
    from agcx_format import CheckpointMetadata, Store
    from agcx_format.disk import Signature
    from agcx_tui.app.widgets.transcript.transcript import Transcript
    from agcx_tui.core.conversation.subject import Conversation
    from agcx_tui.core.store.act_queue import ActQueue, AskedAct
    from agcx_tui.core.store.store_work import Outcome

__all__ = ["DerivingScreen"]

_WITHOUT_STORE = "It was opened as a file by itself: open it from the list of its store for that."
_NOTHING_DONE = "Nothing was done here. In the list, u takes back what was done last."


class DerivingScreen(OnceScreen[None]):
    """`acts`: those of the conversation's store, if it can be changed; else `fixed` says why not."""

    class SplitReady(Message):
        """Message number `at`, from 0, may begin a session; `at_work` when an agent may be, too."""

        def __init__(self, at: int, title: str, at_work: bool) -> None:
            super().__init__()
            self.at = at
            self.title = title
            self.at_work = at_work

    class NotDone(Message):
        """Nothing changed."""

        def __init__(self, what: str, error: PersistenceError) -> None:
            super().__init__()
            self.what = what
            self.error = error

    path: str
    transcript: Transcript
    acts: ActQueue | None = None
    fixed: str = ""
    # What was asked for here last.
    _asked: AskedAct | None = None
    # The acts of this conversation and its checkpoints, the last one last.
    done: list[str]

    @property
    def opened(self) -> Conversation | None:
        raise NotImplementedError

    @property
    def store(self) -> Store | None:
        return None if self.acts is None else self.acts.store

    # --- splitting

    def action_split(self) -> None:
        obstacle = self._obstacle_to_split()
        if obstacle or self.opened is None or self.store is None:
            self.notify(obstacle, severity="warning", markup=False)
            return
        self._look_before_split(self.store, self.transcript.current)

    def _obstacle_to_split(self) -> str:
        """Why the conversation cannot be split at the current message; or nothing."""
        if self.has_class("-failed"):
            return "What cannot be read cannot be split. agcx repair saves what is left of it."
        if self.opened is None:
            return "It is still being opened."
        if self.opened.checkpoint is not None:
            return "A checkpoint cannot be split. c makes a session of it, which can."
        if self.store is None:
            return self.fixed or _WITHOUT_STORE
        source = self.transcript.source
        if not source.complete:
            return "It is still being read: once all of it is there, it can be split."
        if source.error is not None:
            return "It is damaged, and so cannot be split. agcx repair saves what is left of it."
        if source.known() < 2:
            return "It takes two messages to split a conversation."
        if self.transcript.current == 0:
            return (
                "Go to the message with which the new session is to begin: before this is nothing."
            )
        return ""

    @property
    def _file(self) -> tuple[str, Signature | None]:
        """The file as it is shown."""
        return self.path, None if self.opened is None else self.opened.signature

    @work(thread=True, exclusive=True, group="look")
    def _look_before_split(self, store: Store, at: int) -> None:
        from agcx_format.store import title_of_second
        from agcx_tui.core.store import store_work

        assert self.opened is not None
        try:
            running = store_work.at_work(store, [self._file], self.app.now())
        except PersistenceError as error:
            self.post_message(self.NotDone("It was not split", error))
            return
        title = title_of_second(self.opened.metadata)
        self.post_message(self.SplitReady(at, title, bool(running)))

    def on_deriving_screen_split_ready(self, message: SplitReady) -> None:
        from agcx_tui.app.dialogs.naming import NewSessionDialog

        acts, file, at = self.acts, self._file, message.at
        if acts is None or self.opened is None:
            return

        def answered(title: str | None) -> None:
            if title is not None:
                self._split(acts, file, at, title)

        first, last = at + 1, self.transcript.source.known()
        which = (
            f"Message {last:,} becomes"
            if first == last
            else f"Messages {first:,} to {last:,} become"
        )
        checkpoints = " and the checkpoints" if self.opened.metadata.checkpoints else ""
        lines = [
            Content(f"{which} a session of {'its' if first == last else 'their'} own."),
            Content(f"The first keeps {counted(at, 'message')}{checkpoints}."),
            Content("u undoes this."),
        ]
        if message.at_work:
            warning = (
                "It changed in the last 5 minutes: an agent may be at work on it, and would save it"
                " whole again."
            )
            lines.append(Content.styled(warning, "$warning"))
        question = f"Split before message {first:,}?"
        self.app.push_screen(NewSessionDialog(question, lines, message.title, "Split"), answered)

    def _split(
        self, acts: ActQueue, file: tuple[str, Signature | None], at: int, title: str
    ) -> None:
        from agcx_tui.core.store import store_work

        self._act(
            acts,
            "It was not split",
            lambda store: store_work.split(store, file, at, title),
            lambda outcome: f"Split in two: {_halves(outcome)}. u undoes this.",
        )

    # --- checkpoints

    def ask_for_session(self, checkpoint: CheckpointMetadata) -> None:
        """Make a session of a checkpoint, if the person wants one."""
        from agcx_format.store import title_of_checkpoint
        from agcx_tui.app.dialogs.naming import NewSessionDialog

        acts, opened = self.acts, self.opened
        if acts is None or opened is None:
            self.notify(self.fixed or _WITHOUT_STORE, severity="warning", markup=False)
            return

        def answered(title: str | None) -> None:
            if title is not None:
                self._restore_checkpoint(acts, checkpoint, title)

        name = safe_line(checkpoint.name).strip() or "(no name)"
        lines = [
            Content(f"◆ {name}, after message {checkpoint.message_index:,}").truncate(
                54, ellipsis=True
            ),
            Content(""),
            Content("The conversation as it was then; this one stays as it is. u undoes this."),
        ]
        title = title_of_checkpoint(opened.metadata, checkpoint)
        question = "Make a session of this checkpoint?"
        self.app.push_screen(NewSessionDialog(question, lines, title, "Make it"), answered)

    def _restore_checkpoint(
        self, acts: ActQueue, checkpoint: CheckpointMetadata, title: str
    ) -> None:
        from agcx_tui.core.store import store_work
        from agcx_tui.core.words.acts import summary

        self._act(
            acts,
            "No session was made",
            lambda store: store_work.restore_checkpoint(
                store, (self.path, None), checkpoint.id, title
            ),
            lambda outcome: f"Made a session: {summary(outcome.act)}. u undoes this.",
        )

    # --- what was done

    def action_undo(self) -> None:
        """Undo what was asked for here last, also while it waits or runs."""
        waiting = self._asked is not None and not self._asked.is_over
        if self.acts is None or not (self.done or waiting):
            self.notify(_NOTHING_DONE, markup=False)
        else:
            self._undo(self.acts, self._asked if waiting else None)

    def _undo(self, acts: ActQueue, before: AskedAct | None) -> None:
        from agcx_tui.core.store import store_work
        from agcx_tui.core.words.acts import describe_undo

        def act(store: Store) -> Outcome:
            if before is not None:
                _wait_for(before)
            if not self.done:
                raise NothingToUndo("what was to be undone was not done", path=store.path)
            wanted = self.done[-1]
            try:
                outcome = store_work.undo(store, wanted)
            except NothingToUndo:
                self.done.remove(wanted)
                # Somebody undid it elsewhere.
                raise NothingToUndo("it was taken back already") from None
            self.done.remove(wanted)
            return outcome

        self._asked = acts.run(act)
        self._tell(self._asked, "Nothing was undone", lambda outcome: describe_undo(outcome.act))

    def _act(
        self,
        acts: ActQueue,
        what: str,
        act: Callable[[Store], Outcome],
        said: Callable[[Outcome], str],
    ) -> None:
        def noted(store: Store) -> Outcome:
            outcome = act(store)
            # Here, in the queue's thread: the next act may be its undo.
            self.done.append(outcome.act.id)
            return outcome

        self._asked = acts.run(noted)
        self._tell(self._asked, what, said)

    @work
    async def _tell(self, asked: AskedAct, what: str, said: Callable[[Outcome], str]) -> None:
        """Say what came of an act."""
        try:
            outcome = await asked
        except PersistenceError as error:
            self.post_message(self.NotDone(what, error))
            return
        if outcome is not None:
            # What was said of the act before is out of date.
            self.app.clear_notifications()
            self.notify(said(outcome), markup=False)

    def on_deriving_screen_not_done(self, message: NotDone) -> None:
        text = f"{message.what}: {safe_line(str(message.error))}"
        self.notify(text, severity="error", timeout=10, markup=False)


def _wait_for(before: AskedAct) -> None:
    """In the queue's thread: raise `NothingToUndo` if an act did not come about."""
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
