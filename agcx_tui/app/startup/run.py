"""The app, started on a store or on one file.

Strategy: whoever knows what is to be opened comes here: the command line, or the entry point itself when
nothing but the list can have been asked for.  No click, which would delay the first key.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agcx_tui.core.local.paths import cache_directory, config_file, state_directory

if TYPE_CHECKING:
    from agcx_tui.app.startup.first_paint import Painted
    from agcx_tui.core.local.config import Config
    from agcx_tui.core.local.paths import Location

__all__ = ["Start", "remembering", "show_app", "show_list"]

# Pictures a second, at most.  What a key changes is drawn when the next one is due: with Textual's 60
# that is 16 ms after the key.
_PICTURES = "120"


@dataclass(frozen=True, slots=True)
class Start:
    """What is shown first; `state` and `cache` as `AgcxApp` takes them, `painted` is taken over."""

    store: Path
    looked: Sequence[Path]
    file: str | None = None
    state: Path | None = None
    cache: Path | None = None
    painted: Painted | None = None


def remembering(
    location: Location, *, file: str | None = None, painted: Painted | None = None
) -> Start:
    """A start on a person's own store, of which is remembered how it was left."""
    return Start(
        location.path, location.looked, file, state_directory(), cache_directory(), painted
    )


def show_list(location: Location, painted: Painted | None) -> int:
    """The list of a store, whose page may be painted already; gives the exit status."""
    from agcx_tui.core.local.config import load, use_time_zone

    config, problems = load(config_file(os.environ))
    use_time_zone(config.time_zone)
    return show_app(remembering(location, painted=painted), config, problems)


def show_app(start: Start, config: Config, problems: Sequence[str]) -> int:
    """Run it to its end; gives the exit status."""
    # Imports make no garbage; the app turns the collector on again once it is on the screen.
    gc.disable()
    os.environ.setdefault("TEXTUAL_FPS", _PICTURES)
    from agcx_tui.app.app import AgcxApp
    from agcx_tui.app.startup.driver import driver_after, read_any_keys
    from agcx_tui.core.local.signals import wait_for_faults

    read_any_keys()
    app = AgcxApp(
        str(start.store),
        file=start.file,
        looked=[str(place) for place in start.looked],
        state=start.state,
        cache=start.cache,
        config=config,
        problems=problems,
        driver=driver_after(start.painted),
    )
    wait_for_faults(lambda number: app.call_later(app.exit, None, 128 + number))
    app.run(mouse=config.mouse)
    return app.return_code or 0
