"""The browser as the configuration, or what the person left last time, arranges it."""

from __future__ import annotations

from agcx_format.catalog import Catalog
from agcx_tui.app.screens.browser.browser import Arranged, BrowserScreen
from agcx_tui.app.services import Services
from agcx_tui.core.local.choices import Choices
from agcx_tui.core.local.paths import catalogs
from agcx_tui.core.sessions.columns import DEFAULT_COLUMNS

__all__ = ["arranged_browser"]


def arranged_browser(
    services: Services,
    store_path: str | None,
    left: Choices,
    *,
    looked: list[str],
    follow: bool,
    here: bool,
) -> BrowserScreen:
    """The first screen; a setting of the configuration comes before what was `left`."""
    catalog = None
    if services.cache is not None and store_path is not None:
        catalog = Catalog(catalogs(services.cache), store_path)
    config = services.config
    # A direction chosen for another sort key does not apply to this one.
    is_chosen = config.descending is not None or config.sort not in (None, left.sort)
    columns = left.columns if config.columns is None else config.columns
    first = config.favorites_first
    return BrowserScreen(
        services,
        store_path,
        looked=looked,
        catalog=catalog,
        follow=follow,
        arranged=Arranged(
            columns=DEFAULT_COLUMNS if columns is None else columns,
            favorites_first=bool(left.favorites_first if first is None else first),
            group=config.group or left.group or "none",
            here=here,
            sort=config.sort or left.sort,
            descending=config.descending if is_chosen else left.descending,
            preview=config.preview or left.preview,
            shares={"right": left.share_right, "below": left.share_below},
        ),
    )
