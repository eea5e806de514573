"""What the screens of one program share: clock, configuration, directories, and the store.

Strategy: one typed value that the app makes and hands to every screen, so that no screen needs to know
the app's class.  What a screen wants the app to do goes up as a message instead.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from textual.message import Message

from agcx_tui.app.toasts import Toasts
from agcx_tui.core.importing.background import BackgroundImport
from agcx_tui.core.local.config import Config
from agcx_tui.core.search.index_keeper import IndexKeeper
from agcx_tui.core.store.opened_store import OpenedStore

if TYPE_CHECKING:
    from agcx_tui.core.store.act_queue import ActQueue

__all__ = ["Remember", "Services"]


def _now() -> int:
    return time.time_ns() // 1000


Opening = Callable[[], AbstractContextManager[None]]
"""Makes the context in which a command waits for what it needs to open a screen."""


class Services(msgspec.Struct, frozen=True, eq=False):
    """`now` gives microseconds since 1970; `config` is what the person wrote down.

    `state` and `cache` are the directories of what is remembered and of what could be read again, each
    None to keep nothing.  `store` is shared by all screens.  Call `hold_keys` right before a question
    is shown that no key asked for: what is typed before it can be seen is not meant for it.  `opening` is
    the context in which a command waits for what it needs to open a screen.  `index` keeps the search index,
    `sync` imports what agents write, and `toasts` are the messages shown so far.
    """

    now: Callable[[], int] = _now
    config: Config = msgspec.field(default_factory=Config)
    state: Path | None = None
    cache: Path | None = None
    store: OpenedStore = msgspec.field(default_factory=OpenedStore)
    hold_keys: Callable[[], None] = lambda: None
    opening: Opening = nullcontext
    index: IndexKeeper = msgspec.field(default_factory=lambda: IndexKeeper(None))
    toasts: Toasts = msgspec.field(default_factory=lambda: Toasts(_now))
    sync: BackgroundImport = msgspec.field(default_factory=BackgroundImport)

    async def opened_for_screen(self) -> ActQueue:
        """Wait for the store, for a screen that is opened then; it gets the keys typed meanwhile."""
        with self.opening():
            return await self.store.opened()


@dataclass
class Remember(Message):
    """The person arranged something: keep it for the next start.

    `choices` are fields of `agcx_tui.core.local.choices.Choices`.
    """

    choices: Mapping[str, str | float | bool | tuple[str, ...] | None]
