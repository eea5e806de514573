"""The preview beside the list: facts about the session under the cursor, and its first messages.

Strategy: it follows the cursor without ever delaying it.  The first move after a rest is followed at once,
as soon as the cursor itself is drawn; while a key is held, each move only starts a timer, longer than a key
repeat.  A thread opens the file and posts it with the number of the request.  The answer to an older request
is closed unseen.  The transcript is imported and mounted for the first file, so the first rows of the list
do not wait for it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Literal, get_args

import msgspec
from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Static
from textual.worker import get_current_worker

from agcx_format.catalog import micros
from agcx_format.disk import os_reason
from agcx_format.errors import PersistenceError
from agcx_format.subagents import shown_tags
from agcx_format.transcript import safe_line
from agcx_tui.app.textual_internals import draw_now
from agcx_tui.core.sessions.table import SessionTable
from agcx_tui.core.words import format

if TYPE_CHECKING:
    from agcx_format import SessionFile
    from agcx_format.disk import Signature
    from agcx_tui.app.widgets.transcript.transcript import Transcript
    from agcx_tui.core.local.reading_positions import ReadingPositions

# Seconds, and messages, that a thread reads before it shows what it has.
_PATIENCE = 0.1
_ENOUGH = 60
# Seconds without a move after which the next one is no repeat of a held key.
_RESTED = 0.15
# Seconds: a timer needs some.
_SOON = 0.001

_HOW_TO_REPAIR = Content.assemble(("V", "bold $primary"), " shows what is wrong, and repairs it.")

View = Literal["first", "last", "place"]
VIEWS: tuple[View, ...] = get_args(View)
_VIEWS: dict[View, str] = {"first": "", "last": "last words", "place": "where you were"}


class Facts(msgspec.Struct, frozen=True):
    """What is shown above the transcript; made safe where it is drawn."""

    title: str
    model: str
    mode: str
    messages: int
    turns: int
    directory: str
    created: int
    tags: tuple[str, ...]


class Preview(Vertical):
    """`follow(row)` shows a row of the table; None shows nothing."""

    DEFAULT_CSS = """
    Preview {
        background: $background;
        & > #preview-head {
            padding: 0 2; height: auto; max-height: 9; color: $text-muted;
            text-wrap: nowrap; text-overflow: ellipsis;
        }
        & > #preview-head.-wrapped { text-wrap: wrap; }
        & > Transcript { height: 1fr; margin-top: 1; }
    }
    """

    @dataclass
    class Loaded(Message, bubble=False):
        """Request `number` opened a file, or `error` says why not; `place` is the message to show first."""

        number: int
        facts: Facts | None
        file: SessionFile | None
        error: str
        place: int = 0

    def __init__(
        self,
        table: SessionTable,
        positions: ReadingPositions | None = None,
        *,
        repairs: bool = False,
        id: str | None = None,
    ) -> None:
        """`positions` are where conversations were left; `repairs` says how damaged ones are repaired."""
        super().__init__(id=id)
        self._table = table
        self._row: int | None = None
        # Of the file when it was opened.
        self._signature: Signature | None = None
        self._number = 0
        self._moved = 0.0
        self._timer: Timer | None = None
        self._file: SessionFile | None = None
        self._transcript: Transcript | None = None
        self._head = Content("")
        self._positions = positions
        self._repairs = repairs
        self._view: View = "first"

    def next_view(self) -> None:
        """Show the first words of the person, the last, or where one was when the session was left."""
        self._view = VIEWS[(VIEWS.index(self._view) + 1) % len(VIEWS)]
        self.follow(self._row, delay=_SOON)

    def compose(self) -> ComposeResult:
        yield Static(id="preview-head", markup=False)

    def follow(self, row: int | None, *, delay: float, at_once: bool = False) -> None:
        """Show a row after `delay` seconds; the last call wins.

        With `at_once` there is no delay if the cursor had rested before.
        """
        before, self._moved = self._moved, time.monotonic()
        self._row = row
        self._number += 1
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        # The first one of all waits: it imports and mounts the transcript while the rows come.
        if at_once and self._transcript is not None and self._moved - before >= _RESTED:
            self.call_after_refresh(self._begin, self._number)
        else:
            self._timer = self.set_timer(delay, partial(self._begin, self._number))

    def renew(self, *, delay: float) -> None:
        """Show the same row again if its file has changed."""
        row = self._row
        if (
            row is not None
            and self._timer is None
            and self._table.signature(row) != self._signature
        ):
            self.follow(row, delay=delay)

    def _begin(self, number: int) -> None:
        if number != self._number:
            # The cursor moved on before it was drawn.
            return
        self._timer = None
        self._signature = None if self._row is None else self._table.signature(self._row)
        if not self.display or not self.is_attached:
            return
        row = self._row
        if row is None:
            self._show_head(Content(""))
            self._show_file(None)
        elif not self._table.readable(row):
            self._show_head(self._broken_head(row), wrapped=True)
            self._show_file(None)
        else:
            self._open(self._table.path(row), number, self._view)

    @work(thread=True, exclusive=True, group="preview", exit_on_error=False)
    def _open(self, path: str, number: int, view: View) -> None:
        """In a thread: as much of the file as fills a screen."""
        worker = get_current_worker()
        if worker.is_cancelled:
            return
        # Slow the first time: better here than in the handler.
        from agcx_format import SessionFile

        import_module("agcx_tui.app.widgets.transcript.transcript")
        file = None
        try:
            file = SessionFile(path)
            facts = _facts(file)
            deadline = time.monotonic() + _PATIENCE
            while file.known() < _ENOUGH and time.monotonic() < deadline:
                if worker.is_cancelled or not file.read_more():
                    break
            message = self.Loaded(number, facts, file, "", self._place(file, view))
        except PersistenceError as error:
            message = self.Loaded(number, None, file, f"{error.place}: {error.reason}".strip(": "))
        except OSError as error:
            message = self.Loaded(number, None, file, os_reason(error))
        if not self.post_message(message) and file is not None:
            file.close()
        # Most likely Enter comes next, and then it opens at once.
        import_module("agcx_tui.app.screens.conversation.conversation")

    def _place(self, file: SessionFile, view: View) -> int:
        """The message to show first.  In a thread."""
        from agcx_format import MessageSnapshot
        from agcx_format.transcript import genuine_user_text

        if view == "last":
            return max(0, file.metadata.message_count - 1)
        if view == "place" and self._positions is not None:
            position = self._positions.load(file.metadata.id, str(file.path))
            return position.message if position is not None else 0
        for index in range(file.known()):
            message = file.get(index)
            if isinstance(message, MessageSnapshot) and genuine_user_text(message.item):
                return index
        return 0

    @on(Loaded)
    async def _show(self, message: Loaded) -> None:
        # The program may have been left meanwhile.
        if message.number != self._number or not self.is_attached:
            if message.file is not None:
                message.file.close()
            return
        if message.facts is None:
            self._show_head(_plain_head("Cannot be read", message.error), wrapped=True)
        else:
            self._show_head(_head(message.facts, self._view) + self._damage())
        if self._transcript is None and message.file is not None:
            self._transcript = await self._mount_transcript()
        self._show_file(message.file, message.place)
        draw_now(self)

    def _damage(self) -> Content:
        """A line of its own, where a part of the session cannot be read."""
        row = self._row
        if row is None or not self._table.broken(row):
            return Content("")
        reason = Content.styled(format.short_reason(self._table.error(row)), "$error")
        help = Content(" · ") + _HOW_TO_REPAIR if self._repairs else Content("")
        return Content("\n") + reason + help

    async def _mount_transcript(self) -> Transcript:
        from agcx_tui.app.widgets.transcript.transcript import Transcript

        transcript = Transcript(compact=True)
        # Tab goes there, to read without opening it.
        transcript.can_focus = True
        await self.mount(transcript)
        return transcript

    def on_unmount(self) -> None:
        if self._file is not None:
            self._file.close()

    def _show_head(self, content: Content, *, wrapped: bool = False) -> None:
        before = self._head
        if content.is_same(before):
            return
        self._head = content
        head = self.query_one("#preview-head", Static)
        head.set_class(wrapped, "-wrapped")
        rules, width = head.styles.get_rules(), head.content_size.width
        # Nothing else moves while it is as high as before: no layout, and less to draw.
        as_high = width and before.get_height(rules, width) == content.get_height(rules, width)
        head.update(content, layout=not as_high)

    def _show_file(self, file: SessionFile | None, place: int = 0) -> None:
        before, self._file = self._file, file
        if self._transcript is not None:
            self._transcript.display = file is not None
            if file is not None:
                self._transcript.show(file)
                if place:
                    self._transcript.seek(place)
        if before is not None:
            before.close()

    def _broken_head(self, row: int) -> Content:
        table = self._table
        error = table.error(row)
        where = f"{error.place}: " if error is not None and error.place else ""
        reason = where + (error.reason if error is not None else "cannot be read")
        facts = f"{format.size(table.size(row))} · changed {format.exact(table.date(row))}"
        path = format.short_path(table.path(row))
        head = _plain_head("This file cannot be read", reason, facts, path)
        return head + Content("\n\n") + _HOW_TO_REPAIR if self._repairs else head


def _facts(file: SessionFile) -> Facts:
    from agcx_format import limits, listed

    metadata = listed(file.metadata)
    try:
        directory = file.context.working_directory[: limits.LISTED_TITLE]
    except (PersistenceError, OSError):
        # The messages can be read all the same.
        directory = ""
    return Facts(
        metadata.title,
        metadata.model,
        metadata.current_mode.value,
        metadata.message_count,
        metadata.turn_count,
        directory,
        micros(metadata.created_at),
        tuple(shown_tags(metadata.tags)),
    )


def _head(facts: Facts, view: View) -> Content:
    """The title, and a line with the rest; what is least needed stands last, where the line may be cut."""
    tags = "  ".join(safe_line(tag) for tag in facts.tags if tag)
    about: list[Content | str] = [
        _VIEWS[view],
        format.counted(facts.messages, "message"),
        # 0 where the writer did not count turns.
        format.counted(facts.turns, "turn") if facts.turns else "",
        safe_line(facts.model),
        facts.mode.lower() if facts.mode != "Build" else "",
        Content.styled(tags, "$secondary"),
        safe_line(format.short_path(facts.directory)),
        format.exact(facts.created),
    ]
    line = Content(" · ").join(
        Content(part) if isinstance(part, str) else part for part in about if part
    )
    title = Content.styled(safe_line(facts.title).strip() or "(no title)", "bold $foreground")
    return title + Content("\n") + line


def _plain_head(title: str, *lines: str) -> Content:
    parts = [Content.styled(title, "bold $error")]
    return Content("\n").join(parts + [Content(safe_line(line)) for line in lines])
