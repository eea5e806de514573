"""Checklists, questions, plans, searches, and work for subagents are recognized, whatever agent made them."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from agcx_format import InputText, Message, Reasoning
from agcx_format.exporting.html import to_html
from agcx_format.exporting.markdown import to_markdown
from agcx_format.exporting.plain_text import to_text
from agcx_format.transcript import (
    Checklist,
    Delegation,
    Plan,
    Questions,
    TranscriptReader,
    WebSearch,
    read_call,
    tool_call,
)
from tests.support.messages import call, output, snapshot
from tests.support.stores import golden_session

ASKED = {
    "questions": [
        {
            "question": "Which one?",
            "header": "Choice",
            "multiSelect": False,
            "options": [{"label": "The first", "description": "It is short"}, {"label": "None"}],
        },
        {"question": 'And "then"?', "id": "then", "options": []},
    ]
}


def asking(name="AskUserQuestion", arguments=ASKED):
    return call(json.dumps(arguments), name=name)


@pytest.mark.parametrize(
    ("name", "arguments", "gist"),
    [
        (
            "update_plan",
            {
                "plan": [
                    {"step": "a", "status": "completed"},
                    {"step": "b", "status": "in_progress"},
                ]
            },
            "1 of 2 done · b",
        ),
        ("TodoWrite", {"todos": [{"content": "a", "status": "pending"}, "b"]}, "0 of 2 done"),
        (
            "write_todos",
            {"todos": [{"description": "a", "status": "cancelled"}] * 2},
            "0 of 2 done",
        ),
        ("SetTodoList", {"todos": [{"title": "a", "status": "done"}] * 2}, "2 of 2 done"),
        ("update_todo", {"todos": "- [x] a\n- [ ] b"}, "1 of 2 done"),
        ("TodoWrite", {"todos": "1. [completed] a\n2. [in_progress] b"}, "1 of 2 done · b"),
        ("TaskCreate", {"subject": "Look", "description": "about"}, "○ Look"),
        ("TaskUpdate", {"taskId": "2", "status": "completed"}, "✓ task 2"),
    ],
)
def test_a_checklist(name, arguments, gist):
    found = read_call(call(json.dumps(arguments), name=name).item)
    assert isinstance(found.meaning, Checklist)
    assert found.gist == gist


@pytest.mark.parametrize(
    ("name", "arguments", "meaning", "gist"),
    [
        ("ExitPlanMode", {"plan": "\n## **The plan**\n\nDo it"}, Plan, "The plan"),
        ("web_search", {"type": "search", "query": "a", "queries": ["a", "b"]}, WebSearch, "a and 1 more"),
        ("web_search", {"type": "open_page", "url": "https://a.b"}, WebSearch, "https://a.b"),
        ("WebFetch", {"url": "https://a.b", "prompt": "c"}, WebSearch, "https://a.b"),
        (
            "Task",
            {"subagent_type": "Explore", "description": "Look", "prompt": "# Do"},
            Delegation,
            "Explore: Look",
        ),
        ("spawn_agent", {"message": "Do\nit", "agent_type": "worker"}, Delegation, "worker: Do"),
        ("ask_user", {"question": "Why?", "choices": ["a"]}, Questions, "Why?"),
        ("AskUser", {"questionnaire": "1. [question] Why?\n[topic] T\n[option] a"}, Questions, "Why?"),
        ("AskUserQuestion", ASKED, Questions, "Which one? and 1 more"),
    ],
)  # fmt: skip
def test_other_meanings(name, arguments, meaning, gist):
    found = read_call(call(json.dumps(arguments), name=name).item)
    assert isinstance(found.meaning, meaning)
    assert found.gist == gist


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("deploy", {"plan": {"a": 1}}),
        ("TodoWrite", {"todos": []}),
        ("TodoWrite", {"todos": [{"weight": 1}]}),
        ("fetch_rows", {"query": "select"}),
        ("quiz", {"questions": ["Why?"]}),
        ("Task", {"prompt": 3}),
        ("read", {"question": "Why?"}),
    ],
)
def test_arguments_of_another_shape_mean_nothing(name, arguments):
    assert read_call(call(json.dumps(arguments), name=name).item).meaning is None


@pytest.mark.parametrize(
    ("text", "answers", "is_all"),
    [
        (
            'User has answered your questions: "Which one?"="The first", "And "then"?"="Say "stop", '
            "please\". You can now continue with the user's answers in mind.",
            ["The first", 'Say "stop", please'],
            True,
        ),
        ('{"answers": {"Choice": {"answers": ["a", "b"]}, "then": "c"}}', ["a, b", "c"], True),
        ('{"answers": {"0": "a"}}', ["a"], True),
        (
            "User has provided the following answers:\n\n**Choice**: The first",
            ["The first"],
            True,
        ),
        ('"Which one?"="None" user notes: not now', ["None"], False),
        ("The user went away", [], False),
        ("{}", [], False),
    ],
)
def test_the_answers_of_the_person(text, answers, is_all):
    found = tool_call(asking(), output(text))
    assert [answer.words for answer in found.answers] == answers
    assert found.is_all_answers is is_all
    assert bool(found.shown_output) is not is_all
    if answers == ["The first"]:
        assert [found.answers[0].chose(each) for each in ASKED_CHOICES] == [True, False]


ASKED_CHOICES = read_call(asking().item).meaning.asked[0].choices


def test_a_single_question_has_a_single_answer():
    question = asking("ask_user", {"question": "Why?", "choices": ["a"]})
    found = tool_call(question, output("User responded: Because\nof it"))
    assert [answer.words for answer in found.answers] == ["Because\nof it"]


@pytest.mark.parametrize(
    "words",
    [
        "The user doesn't want to take this action right now. STOP",
        "The user rejected permission to use this specific tool call.",
        "[Operation Cancelled] Reason: User did not allow tool call",
        "The tool call is rejected by the user. Stop.",
    ],
)
def test_a_call_that_the_person_rejected_says_so(words):
    assert tool_call(asking(), output(words)).outcome.word == "rejected"


def conversation(*messages):
    metadata, full, _ = golden_session("full")
    return metadata, replace(full, messages=list(messages))


def sealed():
    return snapshot(Reasoning("r", [], None, "c2VjcmV0"))


def person(words="Go on"):
    return snapshot(Message(None, "user", [InputText(words)]))


def notice(words):
    return snapshot(Message(None, "system", [InputText(words)]))


def test_encrypted_reasoning_is_said_once_in_a_turn():
    messages = [person(), sealed(), call("{}"), sealed(), person(), sealed(), sealed()]
    reader = TranscriptReader(0)
    silent = [reader.read(n, each).is_silent for n, each in enumerate(messages, 1)]
    assert silent == [False, False, False, True, False, False, True]


def test_a_notice_of_what_the_call_says_is_silent():
    answered = output('"Which one?"="None"')
    plan = asking("ExitPlanMode", {"plan": "Do"})
    told = notice("Asked: Which one?\nAnswered: None")
    messages = [asking(), answered, told, notice("Stopped"), plan, output("ok"), told]
    reader = TranscriptReader(0)
    silent = [reader.read(n, each).is_silent for n, each in enumerate(messages, 1)]
    assert silent == [False, False, True, False, False, False, False]


def test_every_text_says_the_question_the_answer_the_steps_and_the_plan():
    steps = {
        "plan": [{"step": "Look", "status": "completed"}, {"step": "Write", "status": "later"}]
    }
    metadata, full = conversation(
        asking(),
        output('"Which one?"="The first"'),
        call(json.dumps(steps), name="update_plan"),
        asking("ExitPlanMode", {"plan": "## Title\n\n- first"}),
    )
    markdown = to_markdown(metadata, full)
    assert "**Which one?**\n\n→ The first" in markdown
    assert "- [x] Look\n- [ ] Write" in markdown
    assert "#### Title\n\n- first" in markdown
    html = to_html(metadata, full)
    assert "<strong>Which one?</strong><br>→ The first" in html
    assert "<li>✓ Look</li><li>○ Write</li>" in html
    assert "<h4>Title</h4>" in html
    text = to_text(metadata, full)
    assert "Which one?\n→ The first\n" in text
    assert "✓ Look\n○ Write\n" in text


def test_the_links_of_a_web_search_are_a_list():
    search = call('{"query":"a"}', name="WebSearch")
    links = '[{"title":"One\\n more","url":"https://a.b"},{"title":"Two","url":"https://c.d"}]'
    found = tool_call(search, output(f"Found\n\nLinks: {links}\n\nSo"))
    (shown,) = found.shown_output
    assert shown.text == "Found\n\n- One more: https://a.b\n- Two: https://c.d\n\nSo"
    odd = tool_call(search, output('Links: [{"title":1}]\nLinks: [{]'))
    assert odd.shown_output == odd.output.content
