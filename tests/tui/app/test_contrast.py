"""Text can be read: a contrast of 4.5 or more, whatever its style and wherever it stands, in both themes."""

from __future__ import annotations

import pytest
from textual.app import App
from textual.color import Color

from agcx_tui.app.app import AgcxApp
from agcx_tui.app.themes import DARK, LIGHT, contrast
from agcx_tui.app.widgets.roll.role_styles import ROLES, role_style

# What text is drawn with, and what can be behind it.
TEXT = ["foreground", "primary", "secondary", "accent", "warning", "error", "success", "text-muted",
        "text-primary", "text-secondary", "text-accent", "text-warning", "text-error", "text-success",
        "footer-key-foreground", "footer-description-foreground"]  # fmt: skip
GROUNDS = ["background", "surface", "panel", "footer-background", "block-cursor-background",
           "block-cursor-blurred-background"]  # fmt: skip
# Not text: the line beside a message.
RAIL = "rail"


def seen(color: str, ground: Color) -> Color:
    """A variable of a theme as it is seen; `auto 60%` is black or white, whichever is farther away."""
    if color.startswith("auto"):
        share = float(color.split()[1].rstrip("%")) / 100
        return ground.blend(ground.get_contrast_text(1), share, alpha=1)
    return ground + Color.parse(color)


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
def test_every_color_of_text_can_be_read_on_every_ground(theme):
    app = AgcxApp(None)
    app.theme = theme.name
    variables = app.get_css_variables()
    grounds = {name: Color.parse(variables[name]) for name in GROUNDS}
    poor = {
        (text, name): round(found, 2)
        for text in TEXT
        for name, ground in grounds.items()
        if (found := contrast(seen(variables[text], ground), ground)) < 4.5
    }
    assert poor == {}


async def test_every_style_of_a_conversation_can_be_read():
    app: App[None] = App()
    for theme in (DARK, LIGHT):
        app.register_theme(theme)
    async with app.run_test() as pilot:
        for theme in (DARK, LIGHT):
            app.theme = theme.name
            await pilot.pause()
            poor = {}
            for name in ROLES.keys() - {RAIL}:
                style = role_style(name)
                text, ground = (Color.from_rich_color(c) for c in (style.color, style.bgcolor))
                if contrast(text, ground) < 4.5:
                    poor[name] = round(contrast(text, ground), 2)
            assert poor == {}, theme.name


async def test_what_a_field_suggests_can_be_read_and_is_slanted_as_no_value_is():
    app = AgcxApp(None)
    async with app.run_test() as pilot:
        for theme in (DARK, LIGHT):
            app.theme = theme.name
            await pilot.press("slash")
            field = app.screen.query_one("#filter")
            style = field.get_component_rich_style("input--placeholder")
            assert style.italic
            text, ground = (Color.from_rich_color(c) for c in (style.color, style.bgcolor))
            assert contrast(text, ground) >= 4.5
