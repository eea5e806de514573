"""Keeps the browser's page as it will look at the next start, for `first_paint`.

Strategy: what surrounds the rows is taken from the screen; the rows are drawn from the top, with the cursor
on the first; the preview is empty, as it is before a file is open.  While something is filtered, marked, or
shown in place of the list, no page is kept.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.strip import Strip

from agcx_tui.app.textual_internals import has_notifications, rendered_strips
from agcx_tui.core.local import page_file
from agcx_tui.core.local.page_file import Line
from agcx_tui.core.words import format

if TYPE_CHECKING:
    from pathlib import Path

    from textual.widget import Widget

    from agcx_tui.app.screens.browser.browser import BrowserScreen

__all__ = ["keep_page"]


def keep_page(screen: BrowserScreen, cache: Path, store: str) -> None:
    """Keep the page of this screen if it is plain; else do nothing."""
    from agcx_tui.core.local.paths import config_file

    if not _is_plain(screen):
        return
    size = screen.size
    depends = page_file.conditions((size.width, size.height), os.environ, config_file(os.environ))
    page_file.save(page_file.page_path(cache, store), store, depends, _lines(screen))


def _is_plain(screen: BrowserScreen) -> bool:
    sessions, table = screen.sessions, screen.table
    return (
        screen.focused is sessions
        and not table.query
        and not table.marks
        and bool(table.order)
        and sessions.grouping == "none"
        and sessions.region.height > 0
        and not screen.has_class("-tiny")
        # A notification covers a part of it.
        and not has_notifications(screen.app)
    )


def _lines(screen: BrowserScreen) -> list[Line]:
    sessions, preview = screen.sessions, screen.panes.second_region
    place = sessions.scrollable_content_region
    console = screen.app.console
    rows = sessions.first_strips(place.height)
    # With a configured time zone, ages are not computed again at the next start.
    ages_change = screen.services.config.time_zone is None
    lines = []
    for y, strip in enumerate(rendered_strips(screen)):
        if preview.y <= y < preview.bottom and preview.width:
            blank = Strip([Segment(" " * preview.width, screen.rich_style)], preview.width)
            strip = _replaced(strip, preview.x, _filtered(blank, screen))
        moment, path = None, ""
        if place.y <= y < place.bottom and y - place.y < len(rows):
            row, drawn = rows[y - place.y]
            strip = _replaced(strip, place.x, _filtered(drawn, sessions))
            moment = screen.table.date(row) if ages_change else None
            path = screen.table.path(row)
            if any(ord(character) < 32 for character in path):
                moment, path = None, ""
        text = strip.render(console)
        if moment is not None:
            age = f"{format.age(moment, screen.services.now()):<{format.AGE_WIDTH}}"
            moment = moment if age in text else None
            text = text.replace(age, page_file.AGE, 1)
        lines.append(Line(text, moment, path))
    return lines


def _filtered(strip: Strip, widget: Widget) -> Strip:
    """Apply the app's line filters, which remove colors or use those of the terminal, as Textual does."""
    for line_filter in widget.app.get_line_filters():
        strip = strip.apply_filter(line_filter, widget.background_colors[1])
    return strip


def _replaced(strip: Strip, x: int, part: Strip) -> Strip:
    """The strip, with a part of it covered by another."""
    end = x + part.cell_length
    return Strip.join([strip.crop(0, x), part, strip.crop(end, strip.cell_length)])
