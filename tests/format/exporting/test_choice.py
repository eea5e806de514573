"""What was not chosen is in no form of the conversation, and the rest is as it was."""

from __future__ import annotations

import json
from uuid import UUID

import pytest
from msgspec.structs import replace

from agcx_format.exporting import to_html, to_rollout, to_transcript
from agcx_format.exporting.choice import ExportChoice, chosen
from agcx_format.exporting.json_document import from_session_json, session_json
from agcx_format.exporting.markdown import to_markdown
from agcx_format.exporting.plain_text import jsonl_parts, to_text
from agcx_format.importing.draft import ImportDraft
from agcx_format.model.items import (
    FileContext,
    FunctionCall,
    FunctionCallOutput,
    InputImage,
    InputText,
    Message,
    OutputText,
    Reasoning,
    SummaryText,
)
from agcx_format.model.timestamps import Timestamp
from agcx_format.transcript.words import OUTPUT_IMAGE

PICTURE = InputImage("https://example.org/PICTURE.png")
ITEMS = [
    Message(None, "user", [InputText("WORDS"), PICTURE]),
    Message(None, "user", [PICTURE]),
    Reasoning("r", [SummaryText("THOUGHT")], None, None),
    FunctionCall(None, "TOOL", '{"command": "CALL"}', "c"),
    FunctionCallOutput("c", "RESULT"),
    Message(None, "user", [InputText(f"<{OUTPUT_IMAGE}>c</{OUTPUT_IMAGE}>"), PICTURE]),
    Message(None, "assistant", [OutputText("ANSWER")]),
]
EACH = {
    "tool_calls": ["TOOL", "CALL", "RESULT"],
    "reasoning": ["THOUGHT"],
    "images": ["PICTURE"],
    "metadata": ["MODEL", "FILE", "EARLIER"],
}


@pytest.fixture
def session():
    draft = ImportDraft(UUID(int=7), Timestamp("2025-08-26T04:12:50.123Z"))
    for number, item in enumerate(ITEMS, 1):
        draft.add(item, number)
    earlier = (draft.start, Message(None, "user", [InputText("EARLIER"), PICTURE]))
    made = draft.finish(source=None, agent="", title="t", model="MODEL", tags=[], directory="")
    messages = made.conversation.messages
    notes = replace(
        messages[0].metadata, edited=True, edit_history=[earlier],
        file_context=[FileContext("FILE", None, None, None)],
    )  # fmt: skip
    messages[0] = replace(messages[0], metadata=notes)
    return made.metadata, made.conversation, made.state


@pytest.mark.parametrize("whole", [to_markdown, to_html, to_text, to_rollout, to_transcript])
def test_a_state_in_the_place_of_the_choice_is_refused_by_its_name(session, whole):
    with pytest.raises(TypeError, match="an ExportChoice, not SessionState"):
        whole(*session)


def test_parts_of_a_session_in_another_order_are_refused(session):
    metadata, conversation, state = session
    with pytest.raises(TypeError, match="takes SessionMetadata, .* not ConversationSnapshot"):
        session_json(conversation, metadata, state)


def forms(session, choice: ExportChoice) -> dict[str, str]:
    metadata, conversation, state = session
    return {
        "md": to_markdown(metadata, conversation, choice),
        "txt": to_text(metadata, conversation, choice),
        "jsonl": "".join(jsonl_parts(metadata, conversation.messages, choice)),
        "json": session_json(metadata, conversation, state, choice).decode(),
    }


@pytest.mark.parametrize("name", EACH)
def test_what_was_not_chosen_is_in_no_form(session, name):
    # A session has no form in JSON without its metadata; only the notes on messages go.
    for form, text in forms(session, ExportChoice(**{name: False})).items():
        gone = [word for word in EACH[name] if (form, word) != ("json", "MODEL")]
        assert [word for word in gone if word in text] == [], form
        assert "WORDS" in text, form
        assert "ANSWER" in text, form


def test_everything_is_there_unless_it_was_left_out(session):
    wanted = [*EACH["tool_calls"], *EACH["reasoning"], *EACH["images"]]
    for text in forms(session, ExportChoice()).values():
        assert [word for word in wanted if word not in text] == []


def test_messages_keep_their_numbers(session):
    numbers = [number for number, _ in chosen(session[1].messages, ExportChoice(tool_calls=False))]
    assert numbers == [1, 2, 3, 7]


def test_a_message_that_was_a_picture_alone_goes_with_it(session):
    numbers = [number for number, _ in chosen(session[1].messages, ExportChoice(images=False))]
    assert numbers == [1, 3, 4, 5, 7]


def test_json_of_a_part_reads_back_and_counts_its_messages(session):
    metadata, conversation, _ = from_session_json(
        session_json(*session, ExportChoice(reasoning=False, tool_calls=False))
    )
    assert metadata.message_count == len(conversation.messages) == 3


def test_records_without_metadata_have_no_place_and_time(session):
    metadata, conversation, _ = session
    parts = jsonl_parts(metadata, conversation.messages, ExportChoice(metadata=False))
    assert {tuple(json.loads(part)) for part in parts} == {
        (
            "type",
            "role",
            "content",
            "tool",
            "call_id",
            "success",
            "exit_code",
            "duration_ms",
            "error",
            "status",
        )
    }
