"""Watches the places where agents keep their conversations.

Strategy: `watchfiles` reports which files below the directories changed.  A place that is a file (a database,
whose changes are in a log beside it) is polled, and so is which places there are.  Where nothing can be
watched, everything is looked at again from time to time.

No Textual.
"""

from __future__ import annotations

import fnmatch
import os
import threading
from collections.abc import Collection, Iterator
from pathlib import Path

from agcx_format.importing import Agent, default_places

__all__ = ["Place", "places_of", "watch_agents"]

# An agent, and a file or directory where it keeps conversations.
Place = tuple[Agent, Path]
# Changes when another directory is at a path, or when a file does; empty if nothing is there.
_Identity = tuple[int, ...]

# Milliseconds: how long changes are gathered, the quiet that ends that sooner, and between two polls.
_GATHER, _QUIET, _TICK = 1000, 200, 1000
# Seconds between two looks at everything where nothing can be watched.
_PATIENCE = 60.0
# As `watchfiles.Change` numbers it.
_DELETED = 3


def places_of(agents: Collection[Agent]) -> list[Place]:
    """Where these agents keep conversations, as far as it exists."""
    return [
        (each, path) for each in agents for path in default_places(each) if os.path.exists(path)
    ]


def watch_agents(
    agents: Collection[Agent], stop: threading.Event, *, from_start: bool
) -> Iterator[list[Place]]:
    """What changed where these agents keep conversations, until `stop`; places that appear as a whole.

    With `from_start` all places come first, once they are watched.  A list comes every second, which may be
    empty.  Blocks: run it in a thread.
    """
    seen = {} if from_start else _identities(places_of(agents))
    while not stop.is_set():
        there = places_of(agents)
        now = _identities(there)
        fresh = [each for each in there if now[each[1]] != seen.get(each[1])]
        seen = now
        try:
            yield from _Watch(there, now).changes(agents, fresh, stop)
        except (OSError, RuntimeError):
            # The limit of watches is reached, or a name is not UTF-8.
            stop.wait(_PATIENCE)
            seen = {}


class _Watch:
    """One watch of the places that are there; `identities` follows what is polled."""

    def __init__(self, there: list[Place], identities: dict[Path, _Identity]) -> None:
        self._there = there
        self._identities = identities
        self._agents = {agent for agent, _ in there}

    def changes(
        self, agents: Collection[Agent], fresh: list[Place], stop: threading.Event
    ) -> Iterator[list[Place]]:
        """`fresh` once everything is watched, then what changes, as long as the places are the same."""
        for names in self._names(stop):
            there = places_of(agents)
            now = _identities(there)
            changed = {path for path in now if now[path] != self._identities.get(path)}
            if there != self._there or any(map(os.path.isdir, changed)):
                return
            self._identities.update(now)
            yield fresh + [each for each in there if each[1] in changed] + self._places(names)
            fresh = []

    def _names(self, stop: threading.Event) -> Iterator[Collection[str]]:
        folders = [path for _, path in self._there if os.path.isdir(path)]
        if not folders:
            while not stop.is_set():
                yield ()
                stop.wait(_TICK / 1000)
            return
        from watchfiles import watch

        for changes in watch(
            *folders,
            watch_filter=lambda change, name: change != _DELETED and self._is_of_interest(name),
            debounce=_GATHER,
            step=_QUIET,
            rust_timeout=_TICK,
            yield_on_timeout=True,
            stop_event=stop,
            raise_interrupt=False,
            ignore_permission_denied=True,
        ):
            yield {name for _, name in changes}

    def _is_of_interest(self, name: str) -> bool:
        """Whether it looks like a file of conversations, or is a directory that came."""
        base = os.path.basename(name)
        return any(_is_named(base, agent) for agent in self._agents) or os.path.isdir(name)

    def _places(self, names: Collection[str]) -> list[Place]:
        """The changed files and new directories, each with the agent that it is of."""
        return [
            (agent, path)
            for path in map(Path, sorted(names))
            for agent, place in self._there
            if path.is_relative_to(place) and (_is_named(path.name, agent) or os.path.isdir(path))
        ]


def _is_named(base: str, agent: Agent) -> bool:
    return any(fnmatch.fnmatch(base, pattern) for pattern in agent.patterns)


def _identities(places: Collection[Place]) -> dict[Path, _Identity]:
    return {path: _identity(path) for _, path in places}


def _identity(path: Path) -> _Identity:
    """Of a directory, which one it is; of a file also its size and time, and those of the log beside it."""
    found: list[int] = []
    for name in (path, f"{path}-wal"):
        try:
            status = os.stat(name)
        except OSError:
            continue
        found += (status.st_dev, status.st_ino)
        if not os.path.isdir(path):
            found += (status.st_size, status.st_mtime_ns)
    return tuple(found)
