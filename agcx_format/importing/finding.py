"""Finds the conversations to import at the given paths, with the agent that each is of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from agcx_format.disk.durable import os_reason
from agcx_format.errors import ConversionError, PersistenceError
from agcx_format.importing.agent import Agent, Source
from agcx_format.importing.imported import Imported
from agcx_format.importing.registry import agent_of_file, agents, is_own
from agcx_format.importing.source_file import find_files
from agcx_format.store.arguments import one_of

__all__ = ["default_places", "find_sources", "read_from"]

Found = tuple[Agent, Source] | PersistenceError


def find_sources(
    paths: Iterable[Path],
    agent: Agent | None = None,
    foreign: Callable[[Path], object] = lambda path: None,
) -> Iterator[Found]:
    """The conversations in files and below directories, sorted by name, and why one cannot be looked at.

    `agent` is the one that wrote them. Without it, each file tells; one that no agent wrote is an error if it
    is among `paths`; below a directory it is ignored, and `foreign` is called with it.

    Raises:
        TypeError: `agent` is not an `Agent`.
    """
    if agent is not None:
        _checked(agent)
    patterns = agent.patterns if agent else {p for each in agents() for p in each.patterns}
    errors: list[OSError] = []
    for path in map(Path, paths):
        for file in find_files([path], patterns, errors.append):
            yield from map(_unreadable, errors)
            errors.clear()
            yield from _in_file(file, agent, _named_error if file == path else foreign)
    yield from map(_unreadable, errors)


def default_places(agent: Agent) -> list[Path]:
    """Where the agent keeps conversations; nowhere if the code of another package fails.

    Raises:
        TypeError: this is not an `Agent`.
    """
    _checked(agent)
    try:
        return agent.default_places()
    except Exception:
        if is_own(agent):
            raise
        return []


def _checked(agent: Agent) -> Agent:
    """The agent itself, not its name."""
    return one_of(Agent, agent)  # type: ignore[type-abstract]


def _unreadable(error: OSError) -> PersistenceError:
    return ConversionError(os_reason(error), path=error.filename or None)


def _named_error(path: Path) -> None:
    raise ConversionError("no known agent wrote this file", path=path)


def _in_file(path: Path, agent: Agent | None, foreign: Callable[[Path], object]) -> Iterator[Found]:
    try:
        writer = agent or agent_of_file(path)
        if writer is None:
            foreign(path)
            return
        for source in _guarded(writer, path):
            yield writer, source
    except PersistenceError as error:
        yield error.located(path=path)


def _guarded(agent: Agent, path: Path) -> Iterator[Source]:
    """The conversations in a file.

    Raises:
        PersistenceError: the file cannot be read.
    """
    if is_own(agent):
        yield from agent.sources(path)
        return
    try:
        yield from agent.sources(path)
    except PersistenceError:
        raise
    # The code of another package can fail in any way.
    except Exception as error:
        raise _failure(agent, error, path) from error


def read_from(agent: Agent, source: Source) -> Imported:
    """Read a conversation; what fails in the code of another package becomes an error of the file.

    Raises:
        PersistenceError: it cannot be read.
    """
    if is_own(agent):
        return agent.read(source)
    try:
        return agent.read(source)
    except (PersistenceError, MemoryError):
        raise
    except Exception as error:
        raise _failure(agent, error, source.path) from error


def _failure(agent: Agent, error: Exception, path: Path) -> ConversionError:
    return ConversionError(
        f"the importer of {agent.label} failed: {type(error).__name__}: {error}", path=path
    )
