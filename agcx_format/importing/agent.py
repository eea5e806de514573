"""The interface of an agent: a program that keeps its conversations on disk, from where they are imported.

Strategy: an agent knows where its files are, recognizes them by their first bytes, and reads one
conversation at a time. Most keep one per file; one that keeps many in a database names them as parts of it.
Another package adds an agent with an entry point of the group `agcx.importers` (see `registry`).
"""

from __future__ import annotations

import itertools
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from agcx_format import limits
from agcx_format.disk.durable import open_regular
from agcx_format.importing.decoding import decoded
from agcx_format.importing.imported import Imported
from agcx_format.importing.json_lines import parse_lines, read_document, read_lines
from agcx_format.model.timestamps import Timestamp

__all__ = ["Agent", "Head", "Source", "home_directory"]

# How much of a file is looked at to recognize it.
_BYTES = 2 * limits.MIB
_LINES = 200


def home_directory(variable: str, name: str) -> Path:
    """The directory that an environment variable names, else `name` in the person's home directory."""
    return Path(os.environ.get(variable) or Path.home() / name)


@dataclass(frozen=True, slots=True)
class Source:
    """One conversation where its agent keeps it.

    Fields:
        path: of the file.
        part: names the conversation in a file that holds several; empty for a file that is one.
        changed: when it last changed, if that is not when the file did.
    """

    path: Path
    part: str = ""
    changed: Timestamp | None = None


class Head:
    """The beginning of a file, to recognize the agent that wrote it.

    Raises:
        PersistenceError: the file cannot be opened, or is no regular file.
        OSError: it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        fd, _ = open_regular(path)
        with open(fd, "rb") as file:
            # The first bytes as they are in the file, which may be compressed.
            self.data = file.read(_BYTES)

    @cached_property
    def values(self) -> tuple[Any, ...]:
        """The JSON values of the first lines, or the one that is the whole file; may be empty."""
        lines = itertools.islice(parse_lines(decoded([self.data])), _LINES)
        found = tuple(value for line in lines for value in line.values)
        if not any(isinstance(value, dict) for value in found) and self._may_be_json:
            lines = itertools.islice(read_lines(self.path), 2)
            found = tuple(value for line in lines for value in line.values)
        if not any(isinstance(value, dict) for value in found) and self._may_be_json:
            found = tuple(
                value for line in read_document(self.path, closes=True) for value in line.values
            )
        return found

    @property
    def _may_be_json(self) -> bool:
        first = next(iter(decoded([self.data])), b"")
        return isinstance(first, bytes) and first.lstrip()[:1] in (b"{", b"[")


class Agent(ABC):
    """A program whose conversations can be imported.

    Fields:
        name: on the command line; lower case.
        label: for people.
        tag: marks its sessions, and is their `AGCX_AGENT`.
        patterns: what the names of its files look like, as for `fnmatch`.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    tag: ClassVar[str]
    patterns: ClassVar[tuple[str, ...]] = ("*.jsonl",)

    @abstractmethod
    def default_places(self) -> list[Path]:
        """The files and directories where it keeps conversations; they need not exist."""

    @abstractmethod
    def detect(self, head: Head) -> bool:
        """Whether it wrote the file that begins like this, going by its shape rather than its name."""

    def sources(self, path: Path) -> Iterator[Source]:
        """The conversations in a file: one, unless overridden.

        Raises:
            ConversionError: the file cannot be read.
        """
        yield Source(path)

    @abstractmethod
    def read(self, source: Source) -> Imported:
        """Read one conversation. Messages have the same ids at every reading.

        Raises:
            ConversionError: the file cannot be read, or the agent did not write it.
        """
