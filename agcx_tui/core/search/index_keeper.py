"""Keeps the search index of the store up to date while the program runs, in a process of its own.

Strategy: the process is started once the store is listed and the first keys have had their time, and again
some time after sessions changed; it does only what is missing.  After a failure, such as a full disk, it is
started again by and by.  It ends with the program, since it reads until its input ends.  A search never waits
for it: what is not in the index yet is searched in its file.

No Textual: `run` is a coroutine of the event loop, and `changed` publishes there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from enum import Enum
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING

import msgspec
from msgspec import structs

from agcx_format.disk import os_reason
from agcx_format.transcript import safe_line
from agcx_tui.core.local.keeping_on_exit import log_failure
from agcx_tui.core.local.paths import search_index
from agcx_tui.core.store.signal import Signal
from agcx_tui.core.store.stream import in_own_thread

if TYPE_CHECKING:
    import subprocess

    from agcx_format.search import BookState
    from agcx_tui.core.local.config import Config
    from agcx_tui.core.store.opened_store import OpenedStore

__all__ = ["IndexKeeper", "IndexPhase", "IndexState"]

# Seconds from the store being open to the first build: the first keys come first.
_FIRST_AFTER = 3.0
# Seconds of quiet after a change, and at least from the end of a build to the next one.
_QUIET, _REST = 3.0, 20.0
# Seconds until a failed build is tried again, after the first failure and at most; they double each time.
_RETRY, _LONGEST_RETRY = 60.0, 3600.0
# Bytes of what the process says of a failure that are kept, the last: the reason comes at the end.
_MOST_WORDS = 4096


class IndexPhase(Enum):
    OFF = "off"
    """The configuration says that there is to be none, or there is no place for it."""
    WAITING = "waiting"
    """Nothing is done now."""
    BUILDING = "building"
    ELSEWHERE = "elsewhere"
    """Another process is building it."""
    FAILED = "failed"
    DELETED = "deleted"
    """By the person; it is not built again until they ask for it, or start the program again."""


class IndexState(msgspec.Struct, frozen=True):
    """What is known of the index.

    Fields:
        phase: what is done with it.
        book: how much is in it, as the process that builds said last; None before that.
        problem: why it could not be built, or does not exist.
    """

    phase: IndexPhase
    book: BookState | None = None
    problem: str = ""


class IndexKeeper:
    """The index of one store, in `directory`; None for no index, `why` in a few words.

    `cap` is its largest size in bytes; `left` is where an index may be that was built before there was to be
    none: nothing reads it, but it takes space until it is deleted.
    """

    def __init__(
        self,
        directory: Path | None,
        cap: int | None = None,
        *,
        left: Path | None = None,
        why: str = "",
    ) -> None:
        self.directory = directory
        self.left = left
        self.cap = cap
        self.changed: Signal[IndexState] = Signal()
        phase = IndexPhase.OFF if directory is None else IndexPhase.WAITING
        self.state = IndexState(phase, problem=why)
        # Something changed; the person asks, and need not wait for the time between two builds.
        self._wanted, self._asked = asyncio.Event(), asyncio.Event()
        self.process: subprocess.Popen[bytes] | None = None
        self._starting = asyncio.Lock()

    @classmethod
    def of(cls, cache: Path | None, config: Config) -> IndexKeeper:
        """The keeper of the index in the cache directory of the program, as the configuration has it."""
        place = None if cache is None else search_index(cache)
        if not config.search_index:
            return cls(None, config.search_bytes, left=place, why="search.index is false")
        return cls(place, config.search_bytes, why="" if place else "no directory for caches")

    def words(self, direct: int) -> str:
        """What is to be known of it beside the results of a search, of which `direct` came without it."""
        state = self.state
        match state.phase:
            case IndexPhase.BUILDING if state.book is not None and not state.book.complete:
                return f"indexing {state.book.sessions:,} of {state.book.total:,}"
            case IndexPhase.OFF if direct:
                why = state.problem
                return f"without an index: {why}" if why else "without an index"
            case IndexPhase.ELSEWHERE:
                return "indexing in another program"
            case IndexPhase.DELETED if direct:
                return "without the index: deleted"
            case IndexPhase.FAILED if direct:
                return f"no index: {safe_line(state.problem)}"
        return f"{direct:,} without the index" if direct else ""

    def want(self) -> None:
        """Sessions changed, or the person asks for it: bring the index up to date soon."""
        if self.state.phase is IndexPhase.DELETED:
            return
        self._wanted.set()

    def build(self) -> None:
        """The person asks for it."""
        if self.state.phase in (IndexPhase.DELETED, IndexPhase.FAILED):
            self._become(IndexPhase.WAITING)
        self._asked.set()
        self._wanted.set()

    async def run(self, opened: OpenedStore) -> None:
        """Keep it up to date until this is cancelled."""
        if self.directory is None:
            return
        acts = await opened.opened()
        ends = [
            opened.acted.subscribe(lambda _: self.want()),
            opened.saved.subscribe(lambda files: self.want() if files else None),
        ]
        self._wanted.set()
        rest, retry = _FIRST_AFTER, None
        try:
            while True:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._asked.wait(), rest)
                await self._until_wanted(retry)
                if not self._asked.is_set():
                    await self._quiet()
                self._asked.clear()
                self._wanted.clear()
                try:
                    await self._build(acts.store.path)
                except Exception as error:
                    # In any case, the next build may succeed.
                    self.stop()
                    self._fail(os_reason(error) if isinstance(error, OSError) else str(error))
                rest, retry = _REST, self._retry_after(retry)
        finally:
            self.stop()
            for end in ends:
                end()

    def stop(self) -> None:
        """End the process; what it has committed stays."""
        process, self.process = self.process, None
        if process is not None:
            process.kill()
            process.wait()
            # What reads its output sees the end of it, and closes it.
            if process.stdin is not None:
                with suppress(OSError):
                    process.stdin.close()

    async def delete(self, store: Path) -> None:
        """Remove the index, or what is left of one, and build it no more.

        Raises `OSError` when it cannot be removed.
        """
        from agcx_format.search import Index

        if self.directory is None:
            await asyncio.to_thread(Index(store, self.left).clear)
            self.changed.publish(self.state)
            return
        self._become(IndexPhase.DELETED)
        self._wanted.clear()
        async with self._starting:
            self.stop()
        await asyncio.to_thread(Index(store, self.directory).clear)
        self._become(IndexPhase.DELETED)

    # --- inside

    async def _until_wanted(self, retry: float | None) -> None:
        """Wait until something changed, the person asks, or a build that failed is to be tried again."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wanted.wait(), retry)
        if self.state.phase is not IndexPhase.FAILED:
            # Deleted meanwhile, say.
            await self._wanted.wait()

    def _retry_after(self, before: float | None) -> float | None:
        """Seconds until a build is tried again that failed; None for no time, if it did not."""
        if self.state.phase is not IndexPhase.FAILED:
            return None
        return _RETRY if before is None else min(2 * before, _LONGEST_RETRY)

    async def _quiet(self) -> None:
        """Wait until nothing has changed for a moment."""
        while self._wanted.is_set() and self.state.book is not None:
            self._wanted.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._asked.wait(), _QUIET)

    async def _build(self, store: Path) -> None:
        assert self.directory is not None
        async with self._starting:
            process = await in_own_thread(partial(_start, store, self.directory, self.cap))
            self.process = process
        # Read while it runs: it would wait for room where it says much.
        words = asyncio.create_task(_last_words(process))
        try:
            async with aclosing(_states(process)) as states:
                async for state in states:
                    if self.process is process:
                        self._become(IndexPhase.BUILDING, book=state)
            if self.process is process:
                # Its output has ended, so it ends as well.  Else it was stopped.
                status = await in_own_thread(process.wait)
                self._has_ended(status, await words)
        finally:
            words.cancel()

    def _has_ended(self, status: int, words: str) -> None:
        """`status` and the last words are those of the process."""
        from agcx_format.search import BUILD_BUSY, BUILD_DONE, BUILD_STOPPED

        if self.process is None:
            # It was stopped meanwhile.
            return
        self.stop()
        if status == BUILD_BUSY:
            self._become(IndexPhase.ELSEWHERE)
            self._wanted.set()
        elif status in (BUILD_DONE, BUILD_STOPPED):
            self._become(IndexPhase.WAITING)
        else:
            lines = words.strip().splitlines()
            self._fail(lines[-1] if lines else f"the process ended with status {status}")

    def _fail(self, reason: str) -> None:
        log_failure("the search index was not built", RuntimeError(reason))
        if self.state.phase is not IndexPhase.DELETED:
            self._become(IndexPhase.FAILED, problem=reason)

    def _become(self, phase: IndexPhase, book: BookState | None = None, problem: str = "") -> None:
        kept = None if phase is IndexPhase.DELETED else book or self.state.book
        self.state = structs.replace(self.state, phase=phase, book=kept, problem=problem)
        self.changed.publish(self.state)


def _start(store: Path, directory: Path, cap: int | None) -> subprocess.Popen[bytes]:
    import subprocess

    from agcx_format.processes import start_program

    # All that is used from here on, so that nothing is imported on the thread of the interface.
    from agcx_format.search import BUILD_DONE, BookState, build_command  # noqa: F401

    return start_program(build_command(store, directory, cap), errors=subprocess.PIPE)


async def _states(process: subprocess.Popen[bytes]) -> AsyncGenerator[BookState, None]:
    """What the process says, until it closes its output."""
    from agcx_format.search import BookState

    decode = msgspec.json.Decoder(BookState).decode
    async with _reading(process.stdout) as output:
        # A line without an end is from a process that was killed.
        while (line := await output.readline()).endswith(b"\n"):
            yield decode(line)


async def _last_words(process: subprocess.Popen[bytes]) -> str:
    """The end of what it says of a failure."""
    words = b""
    async with _reading(process.stderr) as errors:
        while some := await errors.read(_MOST_WORDS):
            words = (words + some)[-_MOST_WORDS:]
    return words.decode("utf-8", "replace")


@asynccontextmanager
async def _reading(pipe: IO[bytes] | None) -> AsyncIterator[asyncio.StreamReader]:
    """Closes the pipe in the end."""
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), pipe
    )
    try:
        yield reader
    finally:
        transport.close()
