"""`agcx show` and the blocks of the conversation show every fact of a session, or leave it out on purpose."""

from __future__ import annotations

import re

import pytest

from agcx_format import write_session
from agcx_format.session.lazy import SessionFile
from agcx_format.transcript import changes_between, mode_changes
from agcx_tui.app.blocks.look import Around, Fold, Look
from agcx_tui.app.blocks.message import draw_message
from agcx_tui.app.blocks.palette import Palette
from agcx_tui.cli.reading.text import MessageLines, heading
from tests.support.everything import FACTS, PIXEL, everything, messages
from tests.tui.cli.conftest import run

_DETAILS = "the tab Details has it, and so has --json"
_CONTEXT = "the tab Context has it, and so has --json"
_OF_THE_SESSION = "it is not a fact of one message"
_OF_ALL_MESSAGES = (
    "the screen says it once it has read them all: tests/tui/core/conversation/test_branches"
)

LEFT_OUT: dict[str, dict[str, str]] = {
    "show": {
        "directory of the session": _CONTEXT,
        "environment of the session": _CONTEXT,
        "open files": _CONTEXT,
        "indexed files": _CONTEXT,
        "checkpoint": _DETAILS,
    },
    "blocks": {
        **dict.fromkeys(
            ("title", "model", "tag", "directory of the session", "environment of the session",
             "open files", "indexed files", "checkpoint"),
            _OF_THE_SESSION,
        ),
        "branch point": "said as: branches here",
        "where a branch begins": _OF_ALL_MESSAGES,
        "words that name a branch": _OF_ALL_MESSAGES,
        "message that a branch continues from": _OF_ALL_MESSAGES,
    },
}  # fmt: skip


def _show(folder) -> str:
    path = folder / "everything.agcx"
    # Layout 1 has no history of modes.
    write_session(path, *everything(), layout=2)
    with SessionFile(path) as file:
        lines = MessageLines(file.metadata, file.mode_history)
        return "\n".join(
            [
                *heading(file.metadata),
                *(line for n, each in enumerate(file, 1) for line in lines.lines(n, each)),
            ]
        )


def _blocks(_) -> str:
    """Every message opened, each call with its output."""
    all_of_them = messages()
    changes = mode_changes(everything()[1].mode_history)
    calls = {}
    text = []
    for index, message in enumerate(all_of_them):
        call_id = getattr(message.item, "call_id", None)
        partner = calls.get(call_id)
        if partner is None and call_id:
            calls[call_id] = message
            partner = next(
                (m for m in all_of_them[index + 1 :] if getattr(m.item, "call_id", 0) == call_id),
                None,
            )
        previous = all_of_them[index - 1] if index else None
        modes = changes_between(changes, previous and previous.timestamp, message.timestamp)
        around = Around(index, previous, partner=partner, adjacent=True, modes=modes)
        block = draw_message(message, around, Look(100, Palette()), Fold.FULL)
        text += [strip.text for part in range(len(block.parts)) for strip in block.lines(part)]
    return "\n".join(text)


VIEWS = {"show": _show, "blocks": _blocks}


@pytest.fixture(scope="module")
def shown(tmp_path_factory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("everything")
    return {name: view(folder) for name, view in VIEWS.items()}


@pytest.mark.parametrize("fact", FACTS)
@pytest.mark.parametrize("view", VIEWS)
def test_every_fact_is_shown_or_left_out_on_purpose(shown, view, fact):
    found = re.search(FACTS[fact], shown[view])
    if reason := LEFT_OUT[view].get(fact):
        assert not found, f"{fact} is shown now: no longer left out because {reason}"
    else:
        assert found, f"{view} does not show: {fact}"


@pytest.mark.parametrize("view", VIEWS)
def test_no_view_shows_base64(shown, view):
    assert PIXEL[:24] not in shown[view]
    assert "UnknownItem(" not in shown[view]


@pytest.mark.parametrize(
    ("format", "words"), [("md", "turns: 3"), ("html", "17 messages, 3 turns")]
)
def test_an_export_counts_turns_where_the_writer_did_not(tmp_path, format, words):
    path = tmp_path / "everything.agcx"
    write_session(path, *everything())
    assert words in run("export", path, "--format", format, "-o", "-").stdout
    assert " turn" not in run("show", path).stdout.split("\n\n")[0]
