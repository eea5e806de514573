"""What a person said is told from what their agent put into their mouth."""

from __future__ import annotations

import pytest

from agcx_format.model.items import (
    FunctionCall,
    FunctionCallOutput,
    InputImage,
    InputText,
    Message,
    Other,
    Reasoning,
    ReasoningText,
    SummaryText,
)
from agcx_format.transcript.words import genuine_user_text, own_words, text_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("just words", "just words"),
        ("<environment_context>\n<cwd>/</cwd>\n</environment_context>", ""),
        ("<permissions instructions>\nx\n</permissions instructions>", ""),
        ("<system-reminder>x</system-reminder>\nand this", "and this"),
        ("say this\n<system-reminder>x</system-reminder>\n", "say this"),
        ("<skill>a</skill>\n<skill>b</skill>", ""),
        ("<skill> is a tag that I do not understand", "<skill> is a tag that I do not understand"),
        ("<environment_context>\n  <cwd>/src/site</cwd>\n  <appro", ""),
        ("<skill>a</skill>\n<system-reminder>\nThe date is", ""),
        ("# AGENTS.md instructions for /src\n\n<INSTRUCTIONS>\nUse tabs", ""),
        ("<div>\nmy page", "<div>\nmy page"),
        ("<div>my page</div>", "<div>my page</div>"),
        ("# Context from my IDE setup:\n## Open tabs:\n- a\n", ""),
        ("# Context from my IDE setup:\n\n## My request for Codex:\ngo\n", "go"),
        ("# AGENTS.md instructions are wrong", "# AGENTS.md instructions are wrong"),
        ("<command-name>/init</command-name><command-args></command-args>", ""),
        (
            "<command-name>/review</command-name>\n<command-args>the parser </command-args>",
            "the parser",
        ),
        ("[Request interrupted by user for tool use]", ""),
        ("# Files mentioned by the user:\n\n## a: /a\n\n## My request for Codex:\ngo\n", "go"),
        ("# Context from my IDE setup:\n\n## My request:\ngo\n", "go"),
        (
            "<app-context>\nx\n</app-context>\n# Files mentioned by the user:\n## My request:\ngo",
            "go",
        ),
        ("<recommended_plugins>\nx\n</recommended_plugins>", ""),
        ("<in-app-browser-context page='1'>x</in-app-browser-context>\nlook", "look"),
        ("<codex_internal_context>x</codex_internal_context>", ""),
        ("<realtime_delegation>x</realtime_delegation>", ""),
        ("<image name=[Image #1]>\n</image>\nwhy is it gray?", "why is it gray?"),
        ("</image>", ""),
        ("<image> is the element", "<image> is the element"),
    ],
)
def test_own_words(text, words):
    assert own_words(text) == words


def test_only_messages_of_the_user_are_the_users():
    assert genuine_user_text(Message(None, "developer", [InputText("hi")])) is None
    assert genuine_user_text(Message(None, "assistant", [InputText("hi")])) is None
    assert genuine_user_text(Other()) is None
    assert genuine_user_text(Message(None, "user", [])) is None


def test_a_picture_alone_is_said_without_words():
    picture = InputImage("data:image/png;base64,")
    assert genuine_user_text(Message(None, "user", [picture])) == ""
    marks = InputText("<image name=[Image #1]>"), InputText("</image>")
    assert genuine_user_text(Message(None, "user", [marks[0], picture, marks[1]])) == ""
    returned = InputText("<tool_output_image>shot</tool_output_image>")
    assert genuine_user_text(Message(None, "user", [returned, picture])) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<skill></skill>" * 200_000, ""),
        ("<skill>" * 200_000, "<skill>" * 200_000),
        ("<skill>" + "</skill>" * 200_000, "</skill>" * 199_999),
        ("x" + "<skill></skill>" * 200_000, "x"),
        ("<image name=a>" * 200_000, ""),
        ("<command-name>" + "<command-args>" * 200_000, ""),
    ],
    ids=["blocks", "opened", "closed", "blocks at the end", "pictures", "commands"],
)
def test_megabytes_of_tags_are_read_once(text, words):
    """Reading them again for each tag would take hours: this test would not end."""
    assert own_words(text) == words


def test_the_text_of_every_kind_of_item():
    thought = Reasoning("r", [SummaryText("sum")], [ReasoningText("whole")], "secret")
    assert text_of(thought) == "sum\nwhole"
    assert text_of(FunctionCall(None, "shell", '{"a":1}', "c")) == 'shell {"a":1}'
    assert text_of(FunctionCallOutput("c", "out")) == "out"
    assert (
        text_of(Message(None, "user", [InputText("a"), InputImage("b"), InputText("c")])) == "a\nc"
    )
    assert text_of(Other()) == ""
