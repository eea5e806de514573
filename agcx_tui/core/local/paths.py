"""Where a store is looked for.

The first of these that is a directory: `$AGCX_STORE`, `$CODEX_HOME/history`,
`~/.agcodex/history`, `~/.codex/history`.  Looking changes nothing: a place that is not there is not
made, and the places that were tried are told, so that an empty screen can say where it looked.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Location:
    """The store to use; `looked` holds the places that were tried, the first that exists last.

    `named` is true when the user gave the path: then no other place was tried.
    """

    path: Path
    looked: tuple[Path, ...]
    named: bool = False


def find_store(
    named: str | os.PathLike[str] | None = None, environment: Mapping[str, str] | None = None
) -> Location:
    """The store that `named` says, else the first that exists.

    When none does, it is the first place of the list, where a store would then be made.
    """
    if named is not None:
        path = Path(named).expanduser()
        return Location(path, (path,), named=True)
    places = candidates(os.environ if environment is None else environment)
    for number, place in enumerate(places, 1):
        if place.is_dir():
            return Location(place, tuple(places[:number]))
    return Location(places[0], tuple(places))


def candidates(environment: Mapping[str, str]) -> list[Path]:
    """The places in the order in which they are tried; an empty variable counts as not set."""
    places = []
    if store := environment.get("AGCX_STORE"):
        places.append(Path(store).expanduser())
    if codex_home := environment.get("CODEX_HOME"):
        places.append(Path(codex_home).expanduser() / "history")
    home = Path("~").expanduser()
    places += [home / ".agcodex" / "history", home / ".codex" / "history"]
    return list(dict.fromkeys(places))


def codex_rollouts(environment: Mapping[str, str]) -> list[Path]:
    """Where Codex keeps its conversations, there or not."""
    home = Path(environment.get("CODEX_HOME") or "~/.codex").expanduser()
    return [home / "sessions", home / "archived_sessions"]


def config_file(environment: Mapping[str, str]) -> Path:
    """Where a person writes down how the program is to be, there or not."""
    if named := environment.get("AGCX_CONFIG"):
        return Path(named).expanduser()
    from platformdirs import user_config_path

    return user_config_path("agcx", appauthor=False) / "config.toml"


def state_directory() -> Path:
    """Where the program keeps what it remembers between two runs, there or not."""
    from platformdirs import user_state_path

    return user_state_path("agcx", appauthor=False)


def cache_directory() -> Path:
    """Where the program keeps what it could find out again, there or not."""
    from platformdirs import user_cache_path

    return user_cache_path("agcx", appauthor=False)


def catalogs(cache: Path) -> Path:
    """Where in the cache directory what a list needs of the sessions of each store lies."""
    return cache / "catalog"


def measures(cache: Path) -> Path:
    """Where in it what was measured of them lies: beside the catalogs, whose lock is another."""
    return cache / "stats"
