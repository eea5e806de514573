"""The paths of the store, the configuration, the state, and the caches.

The store is the first directory that exists of `$AGCX_STORE`, `$CODEX_HOME/history`, `~/.agcodex/history`,
and `~/.codex/history`.  Nothing is created here.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from platformdirs import PlatformDirs

_NAME = "agcx"


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
    directory = _plain("XDG_CONFIG_HOME", ".config") or _of_system().user_config_path
    return directory / "config.toml"


def state_directory() -> Path:
    """The directory for what the program remembers between runs; it need not exist."""
    return _plain("XDG_STATE_HOME", ".local/state") or _of_system().user_state_path


def cache_directory() -> Path:
    """The directory for what the program could find out again; it need not exist."""
    return _plain("XDG_CACHE_HOME", ".cache") or _of_system().user_cache_path


def _of_system() -> PlatformDirs:
    from platformdirs import PlatformDirs

    return PlatformDirs(_NAME, appauthor=False)


def _plain(variable: str, below_home: str) -> Path | None:
    """What `platformdirs` says on nearly every Linux, which takes 6 ms to load; None for it to be asked."""
    if sys.platform != "linux" or "ANDROID_ROOT" in os.environ:
        return None
    named, home = os.environ.get(variable, ""), os.environ.get("HOME", "")
    if os.path.isabs(named):
        return Path(named, _NAME)
    return None if named or not os.path.isabs(home) else Path(home, below_home, _NAME)


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
