"""Imports by itself what agents have written: when the program starts, as they write, or both.

Strategy: conversations are read in a process of the lowest priority; only the act that puts the sessions in
place is done here, in the store's queue.  They come and grow as if their agents saved them in the store, so
the history does not name them, and an undo is never about them.  The newest comes first.  The larger a file
is, the later it is read again.  What fails is tried again later, and is said in one place.

No Textual: `run` is a coroutine of the event loop, and `changed` publishes there.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from agcx_format.disk import os_reason
from agcx_format.errors import PersistenceError
from agcx_tui.core.local.keeping_on_exit import log_failure
from agcx_tui.core.store.signal import Signal
from agcx_tui.core.store.stream import close_in_thread, stream

if TYPE_CHECKING:
    from agcx_format import Store
    from agcx_format.importing import FoundSource, Workers
    from agcx_tui.core.importing.watching import Place
    from agcx_tui.core.local.config import Config
    from agcx_tui.core.store.opened_store import OpenedStore

__all__ = ["BackgroundImport", "SyncState"]

# Seconds from the store being open to the first look: the first keys come first.
_FIRST_AFTER = 3.0
# Seconds of rest after a round.
_REST = 1.0
# A file is not read again for this many seconds per byte, ten times what reading takes, with a maximum.
_REST_PER_BYTE, _LONGEST_REST = 1 / 1_000_000, 60.0
# Seconds without a round after which the process that reads is not kept for the next one.
_IDLE = 60.0
# Seconds until what failed is tried again.
_RETRY_AFTER = 30.0
# Seconds between two reports of how far a round is: each redraws a line of the screen.
_TELL_EVERY = 0.5
# One act imports at most this many conversations and bytes, so that the first appear soon.
_MOST, _MOST_BYTES = 200, 64 * 1024 * 1024


class SyncState(msgspec.Struct, frozen=True):
    """What is being done.

    Fields:
        done: conversations that were read in this round.
        found: how many are to be read in it; 0 between two rounds.
        problem: why the last round failed; empty if it did not.
    """

    done: int = 0
    found: int = 0
    problem: str = ""


class BackgroundImport:
    """`on_start`: import what is there. `watch`: import what changes. The first look is after `first_after`
    seconds.
    """

    def __init__(
        self, *, on_start: bool = False, watch: bool = False, first_after: float | None = None
    ) -> None:
        self.on_start = on_start
        self.watch = watch
        self._first_after = _FIRST_AFTER if first_after is None else first_after
        self.changed: Signal[SyncState] = Signal()
        self.state = SyncState()

    @classmethod
    def of(cls, config: Config) -> BackgroundImport:
        """As the configuration has it."""
        return cls(on_start=config.sync_on_start, watch=config.sync_watch)

    @property
    def is_on(self) -> bool:
        return self.on_start or self.watch

    async def run(self, opened: OpenedStore) -> None:
        """Import until this is cancelled; without `watch`, until all is imported that is there."""
        if not self.is_on:
            return
        await opened.opened()
        await asyncio.sleep(self._first_after)
        rounds = _Rounds(self, opened)
        try:
            if not self.watch:
                await rounds.import_from(await asyncio.to_thread(_all_places))
                return
            async with aclosing(stream(partial(_watch, self.on_start))) as found:
                async for places in found:
                    await rounds.import_from(places)
        finally:
            await rounds.close()

    def become(self, state: SyncState) -> None:
        if state != self.state:
            self.state = state
            self.changed.publish(state)


class _Rounds:
    """The rounds of one program; what could not be taken in one is tried again in a later one."""

    def __init__(self, sync: BackgroundImport, opened: OpenedStore) -> None:
        self._sync, self._opened = sync, opened
        # What is to be looked at when its time has come, and when that is.
        self._later: set[Place] = set()
        self._not_before: dict[Place, float] = {}
        self._ended_at = self._told_at = 0.0
        self._workers: Workers | None = None

    async def import_from(self, places: Iterable[Place]) -> None:
        """One round, if there is anything to look at, and the rest after it."""
        now = time.monotonic()
        self._later |= set(places)
        wanted = {each for each in self._later if self._not_before.get(each, 0.0) <= now}
        self._later -= wanted
        if not wanted:
            if now - self._ended_at > _IDLE:
                await self.close()
            return
        problem = ""
        try:
            await self._round(wanted)
        except (PersistenceError, OSError) as error:
            if not self._sync.state.problem:
                log_failure("conversations were not imported in the background", error)
            problem = os_reason(error) if isinstance(error, OSError) else error.reason
            self._put_off(wanted)
        self._sync.become(SyncState(problem=problem))
        self._ended_at = time.monotonic()
        await asyncio.sleep(_REST)

    def _put_off(self, places: Iterable[Place]) -> None:
        """Look at these places again, though nothing changes there."""
        for each in places:
            self._not_before[each] = time.monotonic() + _RETRY_AFTER
            self._later.add(each)

    async def close(self) -> None:
        """End the process that reads; the next round starts another."""
        if self._workers is not None:
            await close_in_thread(self._workers.close)
            self._workers = None

    async def _round(self, wanted: set[Place]) -> None:
        """Import what is new at these places."""
        acts = await self._opened.opened()
        found = await asyncio.to_thread(_fresh, acts.store, wanted)
        done = 0
        for batch in _batches(found):
            done = await self._import(batch, done, len(found))

    async def _import(self, batch: list[FoundSource], done: int, found: int) -> int:
        """Import these in one act; returns how many of the round are done."""
        from agcx_format.importing import ImportOptions, Workers
        from agcx_tui.core.importing.running import RunningImport

        acts = await self._opened.opened()
        if self._workers is None:
            self._workers = Workers(1, low_priority=True)
        options = ImportOptions(in_background=True)
        running = RunningImport(acts.store, batch, options, self._workers)
        self._sync.become(SyncState(done, found, self._sync.state.problem))
        try:
            async with aclosing(stream(running.read)) as reports:
                async for progress in reports:
                    if time.monotonic() - self._told_at > _TELL_EVERY:
                        self._told_at = time.monotonic()
                        at = done + progress.done
                        self._sync.become(SyncState(at, found, self._sync.state.problem))
            await acts.run_unasked(running.finish)
            self._rest(batch)
            if running.left_out:
                # Saved by another program at this very moment.
                self._put_off({(each.agent, each.source.path) for each in batch})
        finally:
            await close_in_thread(running.close)
        return done + len(batch)

    def _rest(self, batch: Iterable[FoundSource]) -> None:
        """Leave files alone for a time, the longer the larger they are."""
        now = time.monotonic()
        for each in batch:
            rest = min(each.size * _REST_PER_BYTE, _LONGEST_REST)
            self._not_before[each.agent, each.source.path] = now + rest


def _all_places() -> list[Place]:
    from agcx_format.importing import agents
    from agcx_tui.core.importing.watching import places_of

    return places_of(agents())


def _watch(from_start: bool, stop: threading.Event) -> Iterator[list[Place]]:
    from agcx_format.importing import agents
    from agcx_tui.core.importing.watching import watch_agents

    return watch_agents(agents(), stop, from_start=from_start)


def _fresh(store: Store, places: Iterable[Place]) -> list[FoundSource]:
    """What is new at these places and nobody took back, the newest first; what cannot be read is left out.

    Raises:
        PersistenceError: The store cannot be read.
    """
    from agcx_format.importing import Agent, FoundSource, look_at

    by_agent: dict[Agent, list[Path]] = {}
    for agent, path in places:
        by_agent.setdefault(agent, []).append(path)
    found = [
        each
        for agent, paths in by_agent.items()
        for each in look_at(store, sorted(paths), agent)
        if isinstance(each, FoundSource) and each.comes_by_itself
    ]
    return sorted(found, key=lambda each: each.changed_ns, reverse=True)


def _batches(found: Iterable[FoundSource]) -> Iterator[list[FoundSource]]:
    batch: list[FoundSource] = []
    size = 0
    for each in found:
        if batch and (len(batch) == _MOST or size + each.size > _MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(each)
        size += each.size
    if batch:
        yield batch
