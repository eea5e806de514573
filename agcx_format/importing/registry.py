"""The agents whose conversations can be imported: our own, and those of other packages.

Another package adds one with an entry point that names a subclass of `Agent`:

    [project.entry-points."agcx.importers"]
    my-agent = "my_package:MyAgent"

One that cannot be loaded is reported, and the others stay usable. A name that is taken stays with who had it
first: our own agents, then packages in the order of their names.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module, metadata
from pathlib import Path

from agcx_format.disk.durable import os_reason
from agcx_format.errors import ConversionError, PersistenceError
from agcx_format.importing.agent import Agent, Head

__all__ = [
    "BrokenPlugin",
    "agent_named",
    "agent_of_file",
    "agents",
    "agents_of_plugins",
    "broken_plugins",
    "is_own",
]

# The group of the entry points.
_GROUP = "agcx.importers"

# Our own by name, with the module that has the class.
_OWN = {
    "codex": "codex.rollout:Codex",
    "claude": "claude.transcript:ClaudeCode",
    "copilot": "formats.copilot:Copilot",
    "opencode": "formats.opencode:OpenCode",
    "gemini": "formats.gemini:Gemini",
    "qwen": "formats.qwen:Qwen",
    "droid": "formats.droid:Droid",
    "pi": "formats.pi:Pi",
    "cursor": "formats.cursor:Cursor",
    "kimi": "formats.kimi:Kimi",
}


@dataclass(frozen=True, slots=True)
class BrokenPlugin:
    """An entry point that gives no agent, and why."""

    name: str
    reason: str


def agents() -> tuple[Agent, ...]:
    """All agents, our own first."""
    return (*map(_own, _OWN), *agents_of_plugins())


def agents_of_plugins() -> tuple[Agent, ...]:
    """The agents of other packages."""
    return _plugins()[0]


def broken_plugins() -> tuple[BrokenPlugin, ...]:
    """The agents of other packages that could not be loaded."""
    return _plugins()[1]


def is_own(agent: Agent) -> bool:
    """Whether the agent is one of our own, not of another package."""
    return agent.name in _OWN


def agent_named(name: str) -> Agent | None:
    """The agent of this name; None if it is unknown."""
    if name in _OWN:
        return _own(name)
    return next((agent for agent in agents_of_plugins() if agent.name == name), None)


def agent_of_file(path: Path) -> Agent | None:
    """The agent that wrote a file, by its first bytes; None if no agent knows it.

    Raises:
        ConversionError: the file cannot be read.
    """
    try:
        head = Head(path)
        # The first two recognize little of a line, the others more.
        found = (agent for agent in reversed(agents()) if _detects(agent, head))
        return next(found, None)
    except OSError as cause:
        raise ConversionError(os_reason(cause), path=path) from cause
    except PersistenceError as error:
        raise ConversionError(error.reason, path=path) from None


def _detects(agent: Agent, head: Head) -> bool:
    """Whether the agent knows the file. One of another package that fails does not know it."""
    if is_own(agent):
        return agent.detect(head)
    try:
        return bool(agent.detect(head))
    except Exception:
        return False


@functools.cache
def _own(name: str) -> Agent:
    module, _, cls = _OWN[name].partition(":")
    agent = getattr(import_module(f"agcx_format.importing.{module}"), cls)()
    assert isinstance(agent, Agent)
    return agent


@functools.cache
def _plugins() -> tuple[tuple[Agent, ...], tuple[BrokenPlugin, ...]]:
    found: dict[str, Agent] = {}
    broken: list[BrokenPlugin] = []
    for point in _entry_points():
        try:
            agent = _load(point)
            if agent.name in _OWN or agent.name in found:
                raise ValueError(f"there is an agent named {agent.name} already")
            found[agent.name] = agent
        # A plugin can fail in any way.
        except Exception as error:
            reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            broken.append(BrokenPlugin(point.name, reason))
    return tuple(found.values()), tuple(broken)


def _entry_points() -> Iterator[metadata.EntryPoint]:
    yield from sorted(metadata.entry_points(group=_GROUP), key=lambda point: point.name)


def _load(point: metadata.EntryPoint) -> Agent:
    """Make the agent of an entry point.

    Raises:
        TypeError: it names something else than a subclass of `Agent`, or the class is incomplete.
    """
    cls = point.load()
    if not (isinstance(cls, type) and issubclass(cls, Agent)):
        raise TypeError(f"{point.value} is not a subclass of agcx_format.importing.Agent")
    agent = cls()
    for field in ("name", "label", "tag"):
        if not isinstance(getattr(agent, field, None), str) or not getattr(agent, field):
            raise TypeError(f"{point.value} has no {field}")
    return agent
