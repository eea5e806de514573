"""The temporary directory of one run: stores and sessions, made when they are first asked for.

What was made is shared by all measures that only read; one that changes its store asks for
one of its own by name.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from tests.bench.stores import SEED, make_layout2, make_session, make_store
from tests.support import ROOT


class Workspace:
    """`quick` makes everything small: to see that the measures run, not what they say."""

    def __init__(self, root: Path, *, quick: bool = False, seed: int = SEED) -> None:
        self.root = root
        self.quick = quick
        self.seed = seed

    def scaled(self, full: int, quick: int) -> int:
        return quick if self.quick else full

    def pairs(self, full: int) -> int:
        return min(full, 3) if self.quick else full

    def store(self, count: int, name: str = "shared") -> Path:
        """A directory of `count` sessions."""
        path = self.root / f"store-{name}-{count}"
        if not path.exists():
            make_store(path, count, self.seed)
        return path

    def store_of_layout2(self, count: int) -> Path:
        """The sessions of `store(count)` in the other layout."""
        path = self.root / f"layout2-{count}"
        if not path.exists():
            make_layout2(self.store(count), path)
        return path

    def session(self, messages: int, size: int) -> Path:
        """One session alone in a store; `size` is that of its messages in bytes of MessagePack."""
        store = self.root / f"session-{messages}-{size}"
        if not store.exists():
            store.mkdir()
            make_session(store, messages, size, self.seed)
        return next(store.glob("*.agcx"))

    def folder(self, name: str) -> Path:
        path = self.root / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def forget_caches(self) -> None:
        """What measured programs kept between their runs is gone."""
        shutil.rmtree(self.folder("home"))

    def program(self, *arguments: str | os.PathLike[str]) -> list[str]:
        """The command that runs `agcx` from this tree, as its console script would."""
        code = "from agcx_tui.__main__ import main; main()"
        return [sys.executable, "-c", code, *map(os.fspath, arguments)]

    def bare_app(self) -> list[str]:
        """The command of a Textual app with one Static."""
        return [sys.executable, "-c", "from tests.bench.bare import main; main()"]

    def environment(self) -> dict[str, str]:
        """What a measured program sees: nothing of the user's own settings and caches."""
        kept = ("PATH", "LANG", "LC_ALL", "TMPDIR")
        return {name: os.environ[name] for name in kept if name in os.environ} | {
            # All that a program keeps lies below this, with no XDG variable to lead elsewhere.
            "HOME": str(self.folder("home")),
            "PYTHONPATH": str(ROOT),
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "TZ": "UTC",
        }
