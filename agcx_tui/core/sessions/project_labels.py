"""What a person calls the projects of a store: the last part of a directory, and more where two are alike."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from agcx_format.catalog import project_name

__all__ = ["NO_PROJECT", "project_labels"]

NO_PROJECT = "(no project)"


def project_labels(directories: Iterable[str]) -> dict[str, str]:
    """A label for each directory; what two of one name have in common is left out of the middle.

    >>> project_labels(["/a/site", "/b/app", "/b/x/y/app"])
    {'/a/site': 'site', '/b/app': 'b/app', '/b/x/y/app': 'y/app'}
    >>> project_labels(["/one/src/app", "/two/src/app"])
    {'/one/src/app': 'one/…/app', '/two/src/app': 'two/…/app'}
    """
    named: dict[str, list[str]] = defaultdict(list)
    labels: dict[str, str] = {}
    for directory in directories:
        if directory:
            labels[directory] = ""
            named[project_name(directory)].append(directory)
    for name, alike in named.items():
        for directory in alike:
            labels[directory] = name if len(alike) == 1 else _distinct(directory, name, alike)
    return labels


def _distinct(directory: str, name: str, alike: list[str]) -> str:
    """The nearest part above the name that no other directory has there."""
    parts = _above(directory)
    others = [_above(other) for other in alike if other != directory]
    for depth, part in enumerate(parts):
        if all(depth >= len(other) or other[depth] != part for other in others):
            return f"{part}/{name}" if depth == 0 else f"{part}/…/{name}"
    return directory


def _above(directory: str) -> list[str]:
    """The parts above the last one, from the nearest."""
    return list(reversed([part for part in directory.split("/") if part][:-1]))
