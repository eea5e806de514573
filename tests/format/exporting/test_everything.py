"""What a view makes of a session that holds everything: each fact is shown, or left out on purpose.

The table is the decision. A fact that a view does not show stands in `LEFT_OUT` with the reason, so a new
fact, a new kind of item, or a new view cannot be forgotten silently.
"""

from __future__ import annotations

import json
import re

import pytest

from agcx_format.exporting.choice import ExportChoice
from agcx_format.exporting.codex import to_rollout
from agcx_format.exporting.html import to_html
from agcx_format.exporting.json_document import session_json
from agcx_format.exporting.markdown import to_markdown
from agcx_format.exporting.plain_text import jsonl_parts, to_text
from agcx_format.model.items import LocalShellCall, MessageSnapshot
from tests.support.everything import BRANCH, FACTS, PIXEL, everything, messages

_TEXT_FACTS = (
    "the text is for reading; the other facts of the session are in Markdown, HTML and JSON"
)
_RECORD_FACTS = "a record describes one message; the session is found by its id"

_WINDOW = "it describes the agent's window, not the conversation; JSON has it"
_ENVIRONMENT = "it often holds secrets, and says nothing about the conversation; JSON has it"
_POINTS = "a checkpoint is exported by itself; JSON lists them"

_NOWHERE = {
    "environment of the session": _ENVIRONMENT,
    "open files": _WINDOW,
    "indexed files": _WINDOW,
    "checkpoint": _POINTS,
}

LEFT_OUT: dict[str, dict[str, str]] = {
    "markdown": _NOWHERE,
    "html": _NOWHERE,
    "text": _NOWHERE | {"tag": _TEXT_FACTS, "directory of the session": _TEXT_FACTS},
    "jsonl": _NOWHERE
    | {
        "change of mode": _RECORD_FACTS,
        "title": _RECORD_FACTS,
        "model": _RECORD_FACTS,
        "tag": _RECORD_FACTS,
        "directory of the session": _RECORD_FACTS,
    },
}


def _markdown(choice: ExportChoice = ExportChoice()) -> str:  # noqa: B008
    metadata, conversation, _ = everything()
    return to_markdown(metadata, conversation, choice).replace("\\", "")


def _html(choice: ExportChoice = ExportChoice()) -> str:  # noqa: B008
    metadata, conversation, _ = everything()
    return to_html(metadata, conversation, choice)


def _text(choice: ExportChoice = ExportChoice()) -> str:  # noqa: B008
    metadata, conversation, _ = everything()
    return to_text(metadata, conversation, choice)


def _jsonl(choice: ExportChoice = ExportChoice()) -> str:  # noqa: B008
    metadata, conversation, _ = everything()
    return "".join(jsonl_parts(metadata, conversation.messages, choice))


VIEWS = {"markdown": _markdown, "html": _html, "text": _text, "jsonl": _jsonl}


@pytest.mark.parametrize("fact", FACTS)
@pytest.mark.parametrize("view", VIEWS)
def test_every_fact_is_shown_or_left_out_on_purpose(view, fact):
    shown = re.search(FACTS[fact], VIEWS[view]())
    if reason := LEFT_OUT[view].get(fact):
        assert not shown, f"{fact} is shown now: no longer left out because {reason}"
    else:
        assert shown, f"{view} does not show: {fact}"


@pytest.mark.parametrize("view", ["markdown", "text", "jsonl"])
def test_no_view_for_reading_shows_base64(view):
    assert PIXEL[:24] not in VIEWS[view]()


def test_a_page_holds_the_picture_of_an_output_as_a_picture():
    page = _html()
    assert page.count(f'<img src="data:image/png;base64,{PIXEL}"') == 2
    assert page.count(PIXEL) == 2


@pytest.mark.parametrize("view", VIEWS)
def test_pictures_that_were_not_chosen_are_in_no_view_and_the_words_beside_them_are(view):
    shown = VIEWS[view](ExportChoice(images=False))
    assert PIXEL[:24] not in shown
    assert "image/png" not in shown
    assert "listedwords" in shown


def test_pictures_that_were_not_chosen_are_in_no_session_either():
    assert PIXEL[:24].encode() not in session_json(*everything(), ExportChoice(images=False))
    metadata, conversation, _ = everything()
    assert PIXEL[:24] not in to_rollout(metadata, conversation, ExportChoice(images=False))


@pytest.mark.parametrize("view", ["markdown", "html", "text"])
def test_a_branch_is_named_by_its_first_words_never_by_its_id(view):
    assert str(BRANCH)[:8] not in VIEWS[view]()


def test_turns_are_counted_from_the_persons_messages_where_the_writer_did_not_count():
    records = [json.loads(line) for line in _jsonl().splitlines()]
    turns = [record["turn"] for record in records]
    assert (turns[0], turns[1], turns[11], turns[12], turns[-1]) == (0, 0, 0, 1, 2)


def test_a_record_has_the_outcome_of_its_call():
    records = [json.loads(line) for line in _jsonl().splitlines()]
    of = {record["index"]: record for record in records}
    keys = ("tool", "success", "exit_code", "duration_ms", "error", "status")
    assert [of[5][key] for key in keys] == ["shell", False, 2, 1250, "exit code 2", None]
    assert [of[6][key] for key in keys] == ["shell", None, None, 1500, None, "in_progress"]
    assert [of[8][key] for key in keys] == ["viewer", False, None, 1750, "recordfailure", None]
    assert of[10]["status"] == "rejected"


def test_the_session_holds_every_kind_of_item():
    from agcx_format.model.items import ReasoningWithoutContent, ResponseItem, UnknownItem

    kinds = {*ResponseItem.__args__, ReasoningWithoutContent, UnknownItem}
    assert {type(message.item) for message in messages()} == kinds
    used = {name for message in messages() for name in _set_fields(message)}
    assert used == set(MessageSnapshot.__struct_fields__) | _metadata_fields()


def _set_fields(message: MessageSnapshot) -> set[str]:
    metadata = message.metadata
    return {
        *MessageSnapshot.__struct_fields__,
        *(name for name in metadata.__struct_fields__ if getattr(metadata, name)),
    }


def _metadata_fields() -> set[str]:
    return set(messages()[0].metadata.__struct_fields__)


def test_the_session_has_calls_of_every_status_that_matters():
    shells = [m.item.status for m in messages() if isinstance(m.item, LocalShellCall)]
    assert {status.value for status in shells} == {"completed", "in_progress"}
