"""The screens look as they did when somebody looked at them and found them right.

After a change that is meant: `pytest tests/tui/app/screens/test_snapshots.py --snapshot-update`, look at the
pictures, and `python -m tests.support.pictures`, which puts them into `screenshots/`.
"""

from __future__ import annotations

import pytest

from tests.support.browsing import browser, demo_copy, know_projects, scanned
from tests.support.pictures import PICTURES, SCREENSHOTS, Picture, accepted, shown


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_a_picture_is_as_it_was_accepted(picture: Picture, home, snap_compare):
    store = home / ".agcodex" / "history"
    if picture.store:
        demo_copy(store)
    app = browser(store, looked=[str(store)])
    app.theme = picture.theme

    async def steps(pilot) -> None:
        screen = await scanned(pilot, 15 if picture.store else 0)
        await know_projects(pilot, screen)
        await picture.steps(pilot)

    assert snap_compare(app, run_before=steps, terminal_size=picture.size)


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_the_screenshots_are_the_accepted_pictures(picture: Picture):
    in_the_readme = (SCREENSHOTS / f"{picture.name}.svg").read_text("utf-8")
    assert in_the_readme == shown(accepted(picture).read_text("utf-8"))
