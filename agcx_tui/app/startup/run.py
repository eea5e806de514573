"""Run the app on a store or a file.

Strategy: called by the commands, and directly by the entry point if the arguments can only mean the list.
Without click, whose import would delay the first key.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple, cast

from agcx_tui.core.local.paths import cache_directory, config_file, state_directory

if TYPE_CHECKING:
    from agcx_tui.app.startup.first_paint import Painted
    from agcx_tui.core.local.config import Config
    from agcx_tui.core.local.paths import Location

__all__ = ["Start", "import_asyncio", "remembering", "show_app", "show_list"]

# Frames per second.  What a key changes is drawn with the next frame, which with Textual's 60 comes up to
# 16 ms after the key.
_FRAMES = "120"


class Start(NamedTuple):
    """What to show first.

    Fields:
        store: The store, which need not exist.
        looked: The places that were tried for it.
        file: A session file to open instead.
        here: Whether only the sessions of the working directory are shown at first.
        sync: Whether what agents write may be imported into the store, if it is configured.
        state: The directory for state, or None.
        cache: The directory for caches, or None.
        painted: A page to take over, or None.
    """

    store: Path
    looked: Sequence[Path]
    file: str | None = None
    here: bool = False
    sync: bool = False
    state: Path | None = None
    cache: Path | None = None
    painted: Painted | None = None


def remembering(
    location: Location,
    *,
    file: str | None = None,
    here: bool = False,
    painted: Painted | None = None,
) -> Start:
    """A start that remembers its state.

    Only into the user's own store may anything be imported unasked: a store that was named may be anyone's.
    """
    return Start(
        location.path,
        location.looked,
        file,
        here,
        sync=not location.named,
        state=state_directory(),
        cache=cache_directory(),
        painted=painted,
    )


def show_list(location: Location, painted: Painted | None) -> int:
    """Show the list of a store, whose page may be painted already; returns the exit status."""
    from agcx_tui.core.local.config import use_time_zone
    from agcx_tui.core.local.config_file import load

    config, problems = load(config_file(os.environ))
    use_time_zone(config.time_zone)
    return show_app(remembering(location, painted=painted), config, problems)


def import_asyncio() -> None:
    """Import asyncio without `ssl`, as where Python is built without it; unless either is imported already.

    The app opens no connections, and OpenSSL takes 6 ms of its start and 4.6 MB of its memory.  Whoever
    imports `ssl` itself later gets it; only TLS through asyncio is not available.
    """
    # The type does not say that None is allowed: it makes an import fail.
    modules = cast("dict[str, ModuleType | None]", sys.modules)
    if "asyncio" in modules or "ssl" in modules:
        return
    modules["ssl"] = None
    try:
        import asyncio  # noqa: F401
    finally:
        del modules["ssl"]


def show_app(start: Start, config: Config, problems: Sequence[str]) -> int:
    """Run the app until it ends; returns the exit status."""
    # Imports create no garbage; the app enables the collector once it is on the screen.
    gc.disable()
    os.environ.setdefault("TEXTUAL_FPS", _FRAMES)
    import_asyncio()
    import asyncio

    from agcx_tui.app.app import AgcxApp
    from agcx_tui.app.startup.driver import driver_after, read_any_keys
    from agcx_tui.app.startup.event_loop import make_loop
    from agcx_tui.core.local.signals import wait_for_blocked

    read_any_keys()
    app = AgcxApp(
        str(start.store),
        file=start.file,
        here=start.here,
        sync=start.sync,
        looked=[str(place) for place in start.looked],
        state=start.state,
        cache=start.cache,
        config=config,
        problems=problems,
        driver=driver_after(start.painted),
    )
    wait_for_blocked(lambda number: app.call_later(app.exit, None, 128 + number))
    with asyncio.Runner(loop_factory=make_loop) as runner:
        runner.run(app.run_async(mouse=config.mouse))
    return app.return_code or 0
