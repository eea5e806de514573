"""A picture of a conversation stands in the middle, whole, in its proportions, with its facts below."""

from __future__ import annotations

import pytest
from PIL import Image

from agcx_tui.app.dialogs.picture import PictureScreen
from tests.support.browsing import browser, until

SIZE = (80, 24)


@pytest.mark.parametrize(
    ("pixels", "most"),
    [
        ((1600, 1000), (76, 21)),  # as large as there is room
        ((300, 900), (76, 21)),
        ((9000, 1000), (76, 21)),
        ((160, 100), (20, 6)),  # not larger than it is
        ((1, 1), (1, 1)),
    ],
)
@pytest.mark.parametrize("kind", ["kitty", "sixel"])
async def test_a_picture_is_whole_and_in_the_middle_with_its_facts_below(pixels, most, kind):
    app = browser(None)
    async with app.run_test(size=SIZE) as pilot:
        screen = PictureScreen(Image.new("RGBA", pixels), "PNG image", kind)
        app.push_screen(screen)
        await until(pilot, lambda: screen.is_mounted and screen.query_one("#picture").region.width)
        await pilot.pause()
        shown, facts = screen.query_one("#picture").region, screen.query_one("#facts").region
        assert shown.width <= most[0]
        assert shown.height <= most[1]
        assert shown.width == most[0] or shown.height == most[1]
        assert abs(shown.x - (SIZE[0] - shown.right)) <= 1
        assert shown.bottom < facts.y < SIZE[1]
        # A cell is twice as high as it is wide.
        exact = shown.height * 2 * pixels[0] / pixels[1]
        assert abs(shown.width - exact) <= 1 + pixels[0] / pixels[1]
