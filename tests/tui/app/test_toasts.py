"""A toast is one line above the footer, more for a failure; the newest replaces the one before, and the
history has it whole.
"""

from __future__ import annotations

from rich.cells import cell_len
from textual.widgets import OptionList
from textual.widgets._toast import Toast as ToastWidget

from agcx_tui.app.screens.history import HistoryScreen
from agcx_tui.app.textual_internals import rendered_strips
from agcx_tui.app.toasts import Toasts, fitted
from tests.support.browsing import browser, scanned, until


def test_a_long_text_is_cut_at_the_end_but_the_key_it_names_stays():
    assert fitted("Nothing to undo.", 40) == "Nothing to undo."
    assert fitted("Not exported: " + "x" * 40, 20) == "Not exported: xxxxx…"
    undo = fitted("Renamed “" + "漢" * 30 + "” to “b”. u to undo.", 40)
    assert undo.startswith("Renamed “漢")
    assert undo.endswith("漢… u to undo.")
    assert cell_len(undo) <= 40
    # An ending that is no hint is cut like anything else.
    assert fitted("One. " + "two " * 20, 20) == "One. two two two tw…"
    assert cell_len(fitted("a" * 90 + ". u to undo.", 3)) <= 3


def test_a_failure_in_a_terminal_that_has_no_room_for_it_is_no_failure_of_the_toast():
    for width in range(-3, 6):
        assert cell_len(fitted("Nothing was deleted: 漢 it changed", width, 4)) < 40


def test_the_folders_of_a_file_go_before_the_reason_does():
    text = "Nothing was undone: /home/anyone/of us/store/70b30ef8.agcx: it changed since then"
    assert fitted(text, 80) == text[: len("Nothing was undone: ")] + (
        "…/70b30ef8.agcx: it changed since then"
    )
    assert fitted(text, 100) == text
    assert fitted("Exported to /home/anyone/kept/grid.md, 5 kB", 30).startswith(
        "Exported to /home/"
    )


def test_what_failed_or_was_cut_is_kept_for_the_history_the_newest_first():
    moments = iter(range(100))
    toasts = Toasts(lambda: next(moments))
    assert toasts.add("Copied the id.", failed=False, width=80, height=24) == "Copied the id."
    assert toasts.add("no\nroom", failed=True, width=80, height=24) == "no room"
    toasts.add("x" * 100, failed=False, width=80, height=24)
    assert [(each.at, each.text) for each in toasts.for_history()] == [
        (2, "x" * 100),
        (1, "no room"),
    ]


def test_the_reason_of_a_failure_is_shown_whole_in_as_many_lines_as_it_needs():
    toasts = Toasts(lambda: 0)
    reason = "Nothing was undone: 9 sessions have changed since: " + "“Fix the grid”, " * 9
    assert toasts.add(reason, failed=True, width=80, height=24) == reason
    # In a low terminal the screen below is still seen.
    assert len(toasts.add(reason, failed=True, width=80, height=8)) < 2 * 80
    assert len(toasts.add(reason * 9, failed=True, width=80, height=50)) < 4 * 80
    assert len(toasts.add(reason, failed=False, width=80, height=24)) <= 80


async def test_the_newest_is_one_line_above_the_footer_and_stays_whole_in_the_history(store):
    app = browser(store)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        first = await scanned(pilot)
        app.notify("The first.", markup=False)
        app.notify(
            "Not exported: " + "/a/" + "long-name" * 12 + ": no space left", severity="error"
        )
        line = lambda: rendered_strips(app.screen)[-2].text  # noqa: E731
        toasts = app.screen.query(ToastWidget)
        # What failed is said whole, in the lines that it takes.
        await until(pilot, lambda: "no space left" in line())
        await until(pilot, lambda: [each.region.height for each in toasts] == [3])
        shown = " ".join(strip.text.strip("▌ ") for strip in rendered_strips(app.screen)[-4:-1])
        assert shown.startswith("Not exported: /a/long-name")
        app.notify("Deleted “Fix the grid”, 1.2 MB. u to undo.", markup=False)
        await until(pilot, lambda: "u to undo." in line())
        assert "Not exported" not in "".join(strip.text for strip in rendered_strips(app.screen))
        # A dialog leaves it; the next screen is not what it is about, nor is the list on the way back.
        await pilot.press("question_mark")
        await until(pilot, lambda: app.screen.is_modal)
        assert "u to undo." in line()
        await pilot.press("escape", "L")
        await until(pilot, lambda: isinstance(app.screen, HistoryScreen))
        await until(pilot, lambda: "u to undo." not in line())
        app.notify("Copied.", markup=False)
        await until(pilot, lambda: "Copied." in line())
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is first)
        await until(pilot, lambda: "Copied." not in line())
        app.notify("It failed.", severity="error", markup=False)
        await until(pilot, lambda: "It failed." in line())
        await pilot.press("L")
        await until(pilot, lambda: isinstance(app.screen, HistoryScreen))
        await until(pilot, lambda: "It failed." in line())
        lines = app.screen.query_one(OptionList)
        await until(pilot, lambda: lines.option_count == 2)
        told = "".join(str(lines.get_option_at_index(1).prompt).split())
        assert told.endswith("long-namelong-name:nospaceleft")
