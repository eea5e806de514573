"""The import: what each agent keeps on this machine, what of it is new, and bringing it in.

Strategy: looking and reading happen in threads and processes of the library; the act that puts the
sessions in place waits its turn in the queue, like every other.  While it reads, Esc cancels: what was read
whole by then is kept.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from contextlib import aclosing
from dataclasses import replace
from textwrap import wrap
from typing import TYPE_CHECKING

from textual import work
from textual.binding import ActiveBinding
from textual.content import Content
from textual.widgets.option_list import Option

from agcx_format.disk import os_reason
from agcx_format.errors import PersistenceError
from agcx_format.importing import FoundAgent, FoundSource, ImportResult, SourceState, look
from agcx_format.transcript import safe_line
from agcx_tui.app.keys.bindings import bindings
from agcx_tui.app.screens.options_screen import PagedScreen
from agcx_tui.app.screens.storage import Opened
from agcx_tui.app.services import Services
from agcx_tui.app.themes import MUTED
from agcx_tui.core.importing.running import ImportProgress, RunningImport
from agcx_tui.core.store.stream import close_in_thread, stream
from agcx_tui.core.words import format
from agcx_tui.core.words.acts import describe_undo
from agcx_tui.core.words.found_agents import (
    describe_new,
    describe_outcomes,
    describe_places,
    describe_progress,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from threading import Event

    from agcx_tui.core.store.act_queue import ActQueue

__all__ = ["ImportScreen"]

_NAME_WIDTH = 16
# What the list says of the sessions that came.
_CAME = "imported just now"
# Conversations that could not be read, shown at most.
_MOST_FAILURES = 50
_NOTHING = Content.assemble(
    ("No conversations found", "bold $foreground"),
    "\n\nNo agent that agcx knows has conversations here.\n",
    ("agcx import PATH", "bold $primary"),
    " imports files from elsewhere.",
)


class ImportScreen(PagedScreen[Opened]):
    """The agents that keep conversations here; those with something new are chosen.

    It leaves with the sessions that were imported, for the list to show.
    """

    BINDINGS = bindings("import")

    def __init__(self, services: Services, acts: ActQueue) -> None:
        super().__init__()
        self._services = services
        self._now = services.now
        self._sync = services.sync
        self._acts = acts
        self._agents: list[FoundAgent] = []
        self._chosen: set[str] = set()
        self._failed: tuple[ImportResult, ...] = ()
        self._import: RunningImport | None = None
        self._act_id: str | None = None
        # What the last import did, in words that stay when the notification is gone.
        self._said = ""
        # The files of what the last import took.
        self._came: tuple[str, ...] = ()

    def on_mount(self) -> None:
        self.action_look()

    # --- what was found

    @work(exclusive=True, group="look")
    async def action_look(self) -> None:
        """Find out what agents have, and what of it is new."""
        self.show_title("Import", "looking…")
        store = self._acts.store
        try:
            agents = await asyncio.to_thread(lambda: list(look(store)))
        except (PersistenceError, OSError) as error:
            reason = os_reason(error) if isinstance(error, OSError) else str(error)
            self._tell(f"New conversations could not be listed: {reason}", failed=True)
            return
        self._agents = agents
        self._chosen = {each.agent.name for each in agents if each.fresh}
        self._show()

    @property
    def _there(self) -> list[FoundAgent]:
        """The agents that keep something on this machine: the lines that can be chosen."""
        return [each for each in self._agents if each.places]

    def _show(self) -> None:
        """List the agents: those that are there, what cannot be read, those that are not."""
        at = self.lines.highlighted or 0
        self.lines.clear_options()
        there = self._there
        self.lines.add_options(Option(self._line(each), id=each.agent.name) for each in there)
        self.lines.add_options(self._below())
        if there:
            self.lines.highlighted = min(at, len(there) - 1)
        self.show_notice(None if there else _NOTHING)
        new = sum((each.counts for each in there), start=Counter[SourceState]())
        self.show_title("Import", describe_new(new) if there else "")
        self.refresh_bindings()

    def _line(self, found: FoundAgent) -> Content:
        name = found.agent.name
        mark = ("● ", "$primary") if name in self._chosen else ("○ ", MUTED)
        fresh = bool(found.fresh)
        return Content.assemble(
            mark,
            (
                f"{safe_line(found.agent.label):<{_NAME_WIDTH}}  ",
                "bold" if fresh else MUTED,
            ),
            (describe_new(found.counts), "$foreground" if fresh else MUTED),
            *((f"\n  {line}", MUTED) for line in self._places(found)),
        )

    def _places(self, found: FoundAgent) -> list[str]:
        return wrap(describe_places(found, self._now()), max(20, self.size.width - 6))

    def _below(self) -> Iterator[Option]:
        # While the next one runs, `u` does nothing.
        if self._said and self._import is None:
            yield Option(Content.styled(f"\n{safe_line(self._said)}", "bold"), disabled=True)
        errors = [
            f"{format.short_path(error.path or '')}: {error.reason}"
            for found in self._agents
            for error in found.errors
        ]
        errors += [f"{format.short_path(str(each.path))}: {each.reason}" for each in self._failed]
        if problem := self._sync.state.problem:
            text = f"\nImporting in the background failed: {safe_line(problem)}"
            yield Option(Content.styled(text, "$text-error"), disabled=True)
        if errors:
            yield Option(Content.styled("\nCould not be read", "bold $text-error"), disabled=True)
        for text in errors[:_MOST_FAILURES]:
            yield Option(Content.styled(f"  {safe_line(text)}", "$text-error"), disabled=True)
        if len(errors) > _MOST_FAILURES:
            yield Option(f"  and {len(errors) - _MOST_FAILURES:,} more", disabled=True)
        missing = [safe_line(each.agent.label) for each in self._agents if not each.places]
        if missing and len(missing) < len(self._agents):
            text = f"\nNot on this machine: {', '.join(missing)}"
            yield Option(Content.styled(text, MUTED), disabled=True)

    # --- importing

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "undo":
            return self._act_id is not None and self._import is None
        if action in ("start", "choose"):
            return self._import is None and bool(self._there)
        if action == "look":
            return self._import is None and bool(self._agents)
        return True

    @property
    def active_bindings(self) -> dict[str, ActiveBinding]:
        """While it imports, Esc cancels; Enter is not offered where it could only say that nothing is new."""
        found = super().active_bindings
        if self._import is None:
            if self._wanted():
                return found
            return {key: each for key, each in found.items() if each.binding.action != "start"}
        return {
            key: active._replace(binding=replace(active.binding, description="cancel"))
            if active.binding.action == "leave"
            else active
            for key, active in found.items()
        }

    def action_choose(self) -> None:
        """Choose the agent under the cursor, or no longer."""
        found = self._at_cursor()
        if found is not None:
            self._chosen ^= {found.agent.name}
            self._show()

    def _wanted(self) -> list[FoundSource]:
        """What is new of the agents that are chosen."""
        return [
            source
            for found in self._agents
            if found.agent.name in self._chosen
            for source in found.fresh
        ]

    def _at_cursor(self) -> FoundAgent | None:
        at = self.lines.highlighted
        return self._there[at] if at is not None and at < len(self._there) else None

    @work(exclusive=True, group="import")
    async def action_start(self) -> None:
        """Import what is new of the agents that are chosen."""
        wanted = self._wanted()
        if not wanted:
            self._tell("Nothing new is chosen; space chooses an agent.")
            return
        running = self._import = RunningImport(self._acts.store, wanted)
        self._show()
        try:
            progress = await self._read(running)
            outcome = await self._acts.run(running.finish)
        except PersistenceError as error:
            self._tell(f"Nothing was imported: {error}", failed=True)
        else:
            self._act_id = outcome.act.id if outcome is not None else None
            if outcome is not None:
                self._came = tuple(entry.path for entry in outcome.entries)
            self._say_what_was_done(progress.without(running.left_out))
        finally:
            await close_in_thread(running.close)
            self._import = None
        self.action_look()

    async def _read(self, running: RunningImport) -> ImportProgress:
        """Read until the end or until it is canceled; returns the last report."""
        began = time.monotonic()
        self.show_title("Import", "importing…")

        def read(stop: Event) -> Iterator[ImportProgress]:
            return running.read(stop)

        async with aclosing(stream(read)) as reports:
            async for progress in reports:
                text = describe_progress(progress, time.monotonic() - began)
                self.show_title("Import", Content.styled(text, "$foreground"))
        if progress.done:
            self.show_title("Import", f"saving {describe_outcomes(progress)}…")
        return progress

    def _say_what_was_done(self, progress: ImportProgress) -> None:
        self._failed = progress.failed
        words = describe_outcomes(progress)
        if progress.done < progress.found:
            canceled = f"Canceled after {progress.done:,} of {progress.found:,}"
            words = f"{canceled}: {words}" if progress.done else canceled
        self._said = f"{words}. u to undo." if self._act_id else f"{words}."
        self._tell(self._said)

    @work(exclusive=True, group="import")
    async def action_undo(self) -> None:
        """Undo the import that was just done."""
        from agcx_tui.app.dialogs.undo import undo

        try:
            outcome = await undo(self.app, self._services, self._acts, self._act_id)
        except PersistenceError as error:
            self._tell(f"Nothing was undone: {error}", failed=True)
        else:
            if outcome is None:
                return
            self._said = describe_undo(outcome.act)
            self._tell(self._said)
        self._act_id, self._came = None, ()
        self.action_look()

    def action_leave(self) -> None:
        """Cancel what is running, else go back."""
        if self._import is not None:
            self._import.cancel()
            self.show_title("Import", "canceling…")
        else:
            self.dismiss(Opened(_CAME, self._came) if self._came else None)

    def _tell(self, text: str, *, failed: bool = False) -> None:
        self.notify(safe_line(text), severity="error" if failed else "information", markup=False)
