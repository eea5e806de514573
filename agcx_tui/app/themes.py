"""Our two themes: calm, with few colors, each with a meaning.

Blue is where the cursor is, amber a favorite, green success, red failure.  Every color of text has a contrast
of 4.5 or more on every ground, that of the cursor included.  The line of the cursor can be told from the
rest even in a terminal of sixteen colors.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from textual.app import App
from textual.color import Color, ColorParseError
from textual.theme import BUILTIN_THEMES, Theme

from agcx_tui.core.local.config import Config

# What is said beside what counts, as a style of `Content`: there `$text-muted`, which follows the background,
# is plain white.
MUTED = "$foreground 70%"

DARK = Theme(
    name="agcx-dark",
    primary="#7fa8dc",
    secondary="#8fb4a6",
    accent="#e0b565",
    warning="#e0b565",
    error="#e88c8c",
    success="#8fbf7f",
    foreground="#d5d9e0",
    background="#16191f",
    surface="#1c2027",
    panel="#242933",
    dark=True,
    variables={
        "block-cursor-background": "#2a3c57",
        "block-cursor-foreground": "#f2f5fa",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": "#272d37",
        "block-cursor-blurred-foreground": "#d5d9e0",
        "border": "#7fa8dc",
        "border-blurred": "#343b47",
        "footer-background": "#1c2027",
        "footer-item-background": "#1c2027",
        "footer-key-background": "#1c2027",
        "footer-description-background": "#1c2027",
        "footer-key-foreground": "#7fa8dc",
        "footer-description-foreground": "#9da6b5",
        "scrollbar": "#343b47",
        "scrollbar-hover": "#465061",
        "scrollbar-active": "#7fa8dc",
        "scrollbar-background": "#16191f",
        "scrollbar-background-hover": "#16191f",
        "scrollbar-background-active": "#16191f",
        "scrollbar-corner-color": "#16191f",
        "input-selection-background": "#7fa8dc 35%",
    },
)

LIGHT = Theme(
    name="agcx-light",
    primary="#28558f",
    secondary="#2c6152",
    accent="#7a5200",
    warning="#7a5200",
    error="#a12d34",
    success="#2b6322",
    foreground="#24292f",
    background="#fbfbfa",
    surface="#f2f2f0",
    panel="#e8e8e5",
    dark=False,
    variables={
        "block-cursor-background": "#bdd3ee",
        "block-cursor-foreground": "#14181d",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-background": "#d0d2d5",
        "block-cursor-blurred-foreground": "#24292f",
        "border": "#28558f",
        "border-blurred": "#cfcfca",
        "footer-background": "#f2f2f0",
        "footer-item-background": "#f2f2f0",
        "footer-key-background": "#f2f2f0",
        "footer-description-background": "#f2f2f0",
        "footer-key-foreground": "#28558f",
        "footer-description-foreground": "#50565d",
        "scrollbar": "#cfcfca",
        "scrollbar-hover": "#b5b5b0",
        "scrollbar-active": "#28558f",
        "scrollbar-background": "#fbfbfa",
        "scrollbar-background-hover": "#fbfbfa",
        "scrollbar-background-active": "#fbfbfa",
        "scrollbar-corner-color": "#fbfbfa",
        "input-selection-background": "#28558f 25%",
    },
)


def for_terminal() -> Theme:
    """The theme that suits the background that COLORFGBG names, which rxvt, Konsole and others set.

    `0;15` is black on white.  Terminals that can be asked answer late or never, and the first rows do not
    wait for that.
    """
    background = os.environ.get("COLORFGBG", "").rpartition(";")[2]
    return LIGHT if background in ("7", "15") else DARK


def commands(app: App[object]) -> Iterator[tuple[str, Callable[[], None]]]:
    """Each theme in words by which it is found, `Light theme: agcx-light`, and what to call to use it."""
    for name, theme in sorted(app.available_themes.items()):
        kind = "Dark" if theme.dark else "Light"
        yield f"{kind} theme: {name}", partial(setattr, app, "theme", name)


# The least contrast of text that WCAG accepts.
_READABLE = 4.5


def contrast(one: Color, other: Color) -> float:
    """The contrast of two colors, from 1 to 21, as WCAG 2 defines it."""
    lighter, darker = sorted(map(_luminance, (one, other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def readable_on(ground: Color) -> Color:
    """Black or white, whichever has the higher contrast: at least 4.5."""
    return max(_BLACK, _WHITE, key=lambda color: contrast(color, ground))


_BLACK, _WHITE = Color(0, 0, 0), Color(255, 255, 255)


def _luminance(color: Color) -> float:
    red, green, blue = (
        each / 12.92 if each <= 0.03928 else ((each + 0.055) / 1.055) ** 2.4
        for each in color.normalized
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def selection_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """Changes to a theme's variables that make selected text readable; empty if it is.

    Themes put a color behind the text and may leave the text unchanged, which may have the same color.
    """
    found: dict[str, str] = {}
    for kind, below in (("screen", "background"), ("input", "surface")):
        names = f"{kind}-selection-background", f"{kind}-selection-foreground"
        try:
            laid, text = (_parsed(variables[name]) for name in names)
            ground = Color.parse(variables[below])
        except (KeyError, ColorParseError):
            continue
        if ground.ansi is not None or laid.ansi is not None:
            # These are the terminal's colors, which may look like anything.
            found |= dict(zip(names, ("ansi_bright_cyan", "ansi_black"), strict=True))
            continue
        if kind == "input":
            # A field that has the focus is a little lighter or darker.
            ground += _parsed(variables["foreground"]).multiply_alpha(0.05)
        mixed = ground + laid
        if not text.is_transparent and contrast(text, mixed) >= _READABLE:
            continue
        found |= dict(zip(names, (mixed.hex, readable_on(mixed).hex), strict=True))
    return found


def _parsed(text: str) -> Color:
    """A color of a style sheet, with its opacity if one is given: `#81a1c1 35%`."""
    color, _, share = text.partition(" ")
    parsed = Color.parse(color)
    return parsed.multiply_alpha(float(share.rstrip("%")) / 100) if share else parsed


def problems(config: Config) -> list[str]:
    """What is wrong with the theme that a configuration asks for."""
    wanted = config.theme
    if wanted is None or wanted in (DARK.name, LIGHT.name, *BUILTIN_THEMES):
        return []
    return [f"{config.place('theme')}there is no {wanted!r}; ctrl+p, Theme lists them"]
