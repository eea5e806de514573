"""The paths of the store, the configuration, the state, and the caches.

The store is the first directory that exists of `$AGCX_STORE`, `$CODEX_HOME/history`, `~/.agcodex/history`,
and `~/.codex/history`.  Nothing is created here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple


class Location(NamedTuple):
    """The store to use.

    Fields:
        path: Its path, which need not exist.
        looked: The places that were tried; if one exists, it is the last.
        named: Whether the user gave the path, so that no other place was tried.
    """

    path: Path
    looked: tuple[Path, ...]
    named: bool = False


def find_store(
    named: str | os.PathLike[str] | None = None, environment: Mapping[str, str] | None = None
) -> Location:
    """The named store, else the first candidate that exists.

    If none exists, it is the first candidate, where an import would create a store.
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
    """The places to try, in order; empty variables count as unset."""
    places = []
    if store := environment.get("AGCX_STORE"):
        places.append(Path(store).expanduser())
    if codex_home := environment.get("CODEX_HOME"):
        places.append(Path(codex_home).expanduser() / "history")
    home = Path("~").expanduser()
    places += [home / ".agcodex" / "history", home / ".codex" / "history"]
    return list(dict.fromkeys(places))


def config_file(environment: Mapping[str, str]) -> Path:
    """The user's configuration file, which need not exist."""
    if named := environment.get("AGCX_CONFIG"):
        return Path(named).expanduser()
    from platformdirs import user_config_path

    return user_config_path("agcx", appauthor=False) / "config.toml"


def state_directory() -> Path:
    """The directory for what the program remembers between runs; it need not exist."""
    from platformdirs import user_state_path

    return user_state_path("agcx", appauthor=False)


def cache_directory() -> Path:
    """The directory for what the program could find out again; it need not exist."""
    from platformdirs import user_cache_path

    return user_cache_path("agcx", appauthor=False)


def catalogs(cache: Path) -> Path:
    """The part of the cache directory for what the list shows of each store's sessions."""
    return cache / "catalog"


def measures(cache: Path) -> Path:
    """The part of the cache directory for measured sizes, apart from the catalogs and their lock."""
    return cache / "stats"


def histories(cache: Path) -> Path:
    """The part of the cache directory for what long lists of changes and of the trash show."""
    return cache / "history"


def search_index(cache: Path) -> Path:
    """The part of the cache directory for the index that full-text search uses."""
    return cache / "search"
