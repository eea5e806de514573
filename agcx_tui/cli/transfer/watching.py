"""`agcx sync --watch`: imports what agents write as they write it, until it is interrupted.

Strategy: the import in the background of the browser, without a screen; a line for each session that comes or
grows.
"""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING

import click

from agcx_tui.cli.common import Settings, print_json, tell

if TYPE_CHECKING:
    from agcx_format import ScanEntry, Store
    from agcx_tui.core.importing.background import SyncState
    from agcx_tui.core.store.store_work import Outcome

__all__ = ["watch"]

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def watch(settings: Settings, store: Store, *, as_json: bool) -> None:
    """Import until a signal ends it; what is being imported then is imported or not, as a whole.

    Raises:
        OSError: stdout can no longer be written.
    """
    tell("watching what the agents write; ctrl+c ends it")
    asyncio.run(_Watching(settings, as_json).run(store))


class _Watching:
    def __init__(self, settings: Settings, as_json: bool) -> None:
        self._settings, self._as_json = settings, as_json
        self._problem = ""
        self._refused: OSError | None = None
        self._task: asyncio.Task[None] | None = None

    async def run(self, store: Store) -> None:
        from agcx_tui.core.importing.background import BackgroundImport
        from agcx_tui.core.store.opened_store import OpenedStore

        opened = OpenedStore()
        opened.use(store, None)
        opened.acted.subscribe(self._took)
        # What changed since the import that came first is taken at once.
        sync = BackgroundImport(on_start=True, watch=True, first_after=0.0)
        sync.changed.subscribe(self._changed)
        self._task = asyncio.create_task(sync.run(opened))
        for number in _ENDING:
            asyncio.get_running_loop().add_signal_handler(number, self._task.cancel)
        await asyncio.wait([self._task])
        if not self._task.cancelled():
            # It ends by itself only by an error.
            self._task.result()
        if self._refused is not None:
            raise self._refused

    def _took(self, outcome: Outcome) -> None:
        new = {step.path.rpartition("/")[2] for step in outcome.act.steps if step.op == "create"}
        try:
            for entry in outcome.entries:
                self._print(entry, is_new=os.path.basename(entry.path) in new)
        except OSError as error:
            # The reader is gone.
            self._refused = error
            if self._task is not None:
                self._task.cancel()

    def _print(self, entry: ScanEntry, *, is_new: bool) -> None:
        from agcx_format.importing import ImportOutcome
        from agcx_format.transcript import safe_line

        outcome = ImportOutcome.IMPORTED if is_new else ImportOutcome.UPDATED
        messages = entry.metadata.message_count if entry.metadata else None
        if self._as_json:
            print_json(
                {
                    "outcome": str(outcome),
                    "id": str(entry.id) if entry.id else None,
                    "title": entry.title,
                    "messages": messages,
                    "path": entry.path,
                }
            )
        else:
            click.echo(safe_line(f"{outcome:>8}  {entry.title or entry.path}"))

    def _changed(self, state: SyncState) -> None:
        if state.problem and state.problem != self._problem:
            self._settings.failed(state.problem)
        self._problem = state.problem
