"""Secrets are found wherever a session has text, and hidden without harm to the rest."""

from __future__ import annotations

import dataclasses
import json

import msgpack
import pytest
from msgspec.structs import replace

from agcx_format.codec import messagepack
from agcx_format.codec.json import to_json
from agcx_format.model.items import (
    ExecAction,
    FileContext,
    FunctionCall,
    FunctionCallOutput,
    InputImage,
    LocalShellCall,
    LocalShellStatus,
    Message,
    MessageSnapshot,
    OutputText,
    Reasoning,
    SummaryText,
    UnknownItem,
)
from agcx_format.model.timestamps import Timestamp
from agcx_format.redaction import find, one_text
from agcx_format.redaction.find import distinctive, find_in_session, find_secrets
from agcx_format.redaction.replace import Placeholders, Redaction, redact
from agcx_format.redaction.rules import RULES
from agcx_format.transcript.words import text_of
from tests.format.redaction.made import OTHER, PASSWORD, TOKEN, said, session

RAW = UnknownItem(msgpack.packb(["web_call", "id", {"q": f"say {TOKEN}", "n": [1, None]}]))


@pytest.fixture
def everywhere():
    """A session with the token in every place that has text."""
    made = session(
        said(TOKEN),
        Message(None, "assistant", [OutputText(f"`{TOKEN}`")]),
        Reasoning("r", [SummaryText(TOKEN)], None, None),
        FunctionCall(None, "shell", json.dumps({"command": f'echo "{TOKEN}"'}), "c"),
        FunctionCallOutput("c", f"a\nb {TOKEN}\nc"),
        Message(None, "user", [InputImage(f"https://x.example/?t={TOKEN}")]),
        RAW,
        said("plain"),
        title=f"Use {TOKEN}",
        environment_variables={"MY_PASSWORD": f"{PASSWORD} with words", "T": TOKEN, "PWD": "/src"},
        open_files=[f"/src/{TOKEN}.txt"],
    )  # fmt: skip
    messages = made[1].messages
    notes = replace(
        messages[7].metadata, edit_history=[(Timestamp.now(), said(TOKEN))],
        file_context=[FileContext("a.env", None, f"T={TOKEN}", None)],
    )  # fmt: skip
    messages[7] = replace(messages[7], metadata=notes)
    state = replace(made[2], search_query=TOKEN)
    return made[0], made[1], state


def test_secrets_are_found_wherever_a_session_has_text(everywhere):
    finds = find_in_session(everywhere)
    places = [
        (find.part, find.message, find.field) for find in finds if find.kind == "github-token"
    ]
    assert places == [
        ("metadata", None, "title"),
        ("context", None, "environment_variables.T"),
        ("context", None, "open_files[0]"),
        ("state", None, "search_query"),
        ("message", 0, "item.content[0].text"),
        ("message", 1, "item.content[0].text"),
        ("message", 2, "item.summary[0].text"),
        ("message", 3, "item.arguments"),
        ("message", 4, "item.output"),
        ("message", 5, "item.content[0].image_url"),
        ("message", 6, "item.raw[2]"),
        ("message", 7, "metadata.edit_history[0][1].content[0].text"),
        ("message", 7, "metadata.file_context[0].snippet"),
    ]


def test_a_find_is_shown_in_its_line(everywhere):
    (find,) = [find for find in find_in_session(everywhere) if find.message == 4]
    assert (find.line, find.excerpt, find.column) == (2, f"b {TOKEN}", 2)
    assert find.excerpt[find.column :].startswith(find.secret)


def test_the_whole_value_of_a_variable_that_is_called_a_password_is_one(everywhere):
    finds = [find for find in find_in_session(everywhere) if find.kind == "variable"]
    assert [find.secret for find in finds] == [f"{PASSWORD} with words"]


def test_nothing_of_a_secret_is_left_anywhere(everywhere):
    hidden, _ = redact(everywhere, find_in_session(everywhere))
    written = to_json(list(hidden)) + messagepack.encode_messages(hidden[1].messages)
    for secret in (TOKEN, PASSWORD):
        assert secret.encode() not in written
    assert hidden[1].messages[6].item == UnknownItem(
        msgpack.packb(["web_call", "id", {"q": "say [redacted github-token 1]", "n": [1, None]}])
    )


def test_what_holds_no_secret_is_the_same_value(everywhere):
    plain = session(said("plain"), FunctionCall(None, "shell", '{"a":  1}', "c"))
    hidden, _ = redact(plain, find_in_session(plain))
    assert hidden == plain


def test_the_same_secret_has_the_same_placeholder_throughout_and_another_has_another():
    made = session(said(f"{TOKEN} {OTHER} {TOKEN}"), said(OTHER))
    hidden, redaction = redact(made, find_in_session(made))
    texts = [message.item.content[0].text for message in hidden[1].messages]
    one, two = "[redacted github-token 1]", "[redacted github-token 2]"
    assert texts == [f"{one} {two} {one}", two]
    assert redaction.counts == {"github-token": 4}


def test_sessions_that_share_their_placeholders_tell_the_same_secret():
    placeholders = Placeholders()
    first, second = session(said(TOKEN)), session(said(f"{OTHER} {TOKEN}"))
    redact(first, find_in_session(first), placeholders)
    hidden, _ = redact(second, find_in_session(second), placeholders)
    text = hidden[1].messages[0].item.content[0].text
    assert text == "[redacted github-token 2] [redacted github-token 1]"


def test_a_password_is_found_again_where_nothing_says_what_it_is():
    made = session(said(f"it says {PASSWORD}"), said(f"DB_PASSWORD={PASSWORD}"), said("hunter"))
    assert [find.message for find in find_in_session(made)] == [0, 1]


@pytest.mark.parametrize(
    "words", [["curl", "-u", f"bob:{PASSWORD}"], ["mysql", f"-p{PASSWORD}"], ["sshpass", "-p", PASSWORD]]
)  # fmt: skip
def test_the_words_of_a_command_are_looked_through_as_a_line(words):
    action = ExecAction(words, None, None, None, None)
    call = LocalShellCall(None, "c", LocalShellStatus.COMPLETED, action)
    made = session(call)
    hidden, _ = redact(made, find_in_session(made))
    placed = [word.replace(PASSWORD, "[redacted password 1]") for word in words]
    assert hidden[1].messages[0].item.action.command == placed


def test_a_common_word_is_not_hidden_everywhere_because_somebody_uses_it_as_a_password():
    made = session(said("postgresql is fine"), said("DB_PASSWORD='postgresql'"))
    assert [find.message for find in find_in_session(made)] == [1]


def test_each_find_can_be_left_as_it_is():
    made = session(said(f"{TOKEN} {TOKEN}"))
    first, _ = find_in_session(made)
    hidden, redaction = redact(made, [first])
    assert hidden[1].messages[0].item.content[0].text == f"[redacted github-token 1] {TOKEN}"
    assert redaction.counts == {"github-token": 1}


def test_pictures_and_encrypted_reasoning_are_passed_over():
    key = "AK" + "IA" + "Q3EGRTWA5XZ2VBN7"
    made = session(
        Message(None, "user", [InputImage(f"data:image/png;base64,/{key}+/==")]),
        Reasoning("r", [], None, TOKEN),
    )
    assert find_in_session(made) == []


@pytest.mark.parametrize(
    "text",
    [f'data: {{"key": "{TOKEN}"}}\n\ndata: [DONE]', f"data:image/png;base64,AAAA {TOKEN}"],
)
def test_what_begins_like_a_picture_and_is_none_is_looked_through(text):
    made = session(
        FunctionCallOutput("c", text), said(text), Message(None, "user", [InputImage(text)])
    )
    assert [find.message for find in find_in_session(made)] == [0, 1, 2]


def test_a_secret_in_the_name_of_a_variable_is_hidden_and_its_value_stays():
    names = {"A": "1", f"T_{TOKEN}": "2", "MY_PASSWORD": PASSWORD}
    made = session(said("x"), environment_variables=names)
    hidden, _ = redact(made, find_in_session(made))
    assert hidden[1].context.environment_variables == {
        "A": "1", "T_[redacted github-token 1]": "2", "MY_PASSWORD": "[redacted variable 1]",
    }  # fmt: skip


def test_names_that_become_equal_keep_their_values_apart():
    names = {"UBER_KEY": "1", "LYFT_KEY": "2", "X_KEY 2": "3"}
    kept = UnknownItem(msgpack.packb(["web_call", "id", names]))
    call = FunctionCall(None, "f", json.dumps({"a": names, "b": "UBER"}), "1")
    made = session(kept, call, environment_variables=names)
    metadata, conversation, _ = made
    known = {"UBER": "text", "LYFT": "text", '": "1': "text"}
    given = metadata, lambda: conversation.messages, conversation.context
    finds = find_secrets(*given, known=known, by_rules=False)
    hidden, _ = redact(made, finds, Placeholders(dict.fromkeys(known, "X")))
    assert list(hidden[1].context.environment_variables.values()) == ["1", "2", "3"]
    unknown, called = (message.item for message in hidden[1].messages)
    assert list(msgpack.unpackb(unknown.raw)[2].values()) == ["1", "2", "3"]
    assert list(json.loads(called.arguments)["a"].values()) == ["1", "2", "3"]


def test_messages_are_hidden_as_they_are_read():
    made = session(said(TOKEN), said("x"))
    redaction = Redaction(find_in_session(made))
    hidden = redaction.messages(iter(made[1].messages))
    assert isinstance(next(hidden), MessageSnapshot)


def test_looking_stops_when_it_is_asked_to():
    made = session(*[said(TOKEN)] * 10)
    asked = iter([False] * 3 + [True] * 100)
    finds = find_secrets(made[0], lambda: made[1].messages, should_stop=lambda: next(asked))
    assert 0 < len(finds) < 10


def hidden_of(made):
    hidden, redaction = redact(made, find_in_session(made))
    return b"".join(map(to_json, hidden)), redaction


# Where a rule does not find it by itself: glued to a word, and without what names it.
GLUED = "sk-" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0u1V2"


@pytest.mark.parametrize(
    ("text", "secret", "times"),
    [
        (f"{TOKEN} and {TOKEN}", TOKEN, 2),
        (f"{TOKEN}{TOKEN[:0]} {TOKEN}\n{TOKEN}", TOKEN, 3),
        (f"export KEY={GLUED}; echo x{GLUED} y{GLUED}", GLUED, 3),
        (f"password={PASSWORD}\nand then {PASSWORD} again, {PASSWORD}", PASSWORD, 3),
    ],
)
def test_a_secret_is_hidden_as_often_as_a_message_has_it(text, secret, times):
    written, redaction = hidden_of(session(said(text)))
    assert secret.encode() not in written
    assert sum(redaction.counts.values()) == times


def test_a_secret_that_only_one_place_names_is_hidden_in_all_others():
    made = session(said(f"password={PASSWORD}"), said(f"try {PASSWORD}"), title=f"about {PASSWORD}")
    written, redaction = hidden_of(made)
    assert PASSWORD.encode() not in written
    assert sum(redaction.counts.values()) == 3


def test_what_a_command_was_before_it_was_edited_is_looked_through():
    call = ExecAction(["curl", "-H", f"Authorization: Bearer {TOKEN}"], None, None, None, None)
    shell = LocalShellCall(None, None, LocalShellStatus.COMPLETED, call)
    # Only the word before says what it is.
    words = ExecAction(["sshpass", "-p", PASSWORD], None, None, None, None)
    metadata, conversation, state = session(said("now"))
    message = conversation.messages[0]
    history = [
        (message.timestamp, shell),
        (message.timestamp, said(f"then {OTHER}")),
        (message.timestamp, RAW),
        (message.timestamp, replace(shell, action=words)),
    ]
    edited = replace(message, metadata=replace(message.metadata, edited=True, edit_history=history))
    made = metadata, replace(conversation, messages=[edited]), state
    written, redaction = hidden_of(made)
    assert TOKEN.encode() not in written
    assert OTHER.encode() not in written
    assert PASSWORD.encode() not in written
    assert redaction.counts == {"github-token": 3, "password": 1}
    (left,) = redact(made, find_in_session(made))[0][1].messages
    assert TOKEN.encode() not in bytes(left.metadata.edit_history[2][1].raw)


def test_a_variable_holds_a_secret_although_the_same_text_was_read_before_as_none():
    words = "correct-horse-battery"
    made = session(said("hello"), title=words, environment_variables={"DB_PASSWORD": words})
    finds = find_in_session(made)
    assert [(find.part, find.kind) for find in finds] == [
        ("metadata", "variable"),
        ("context", "variable"),
    ]


def test_what_a_check_that_fails_was_to_decide_is_hidden(monkeypatch):
    """An export goes on, and shows none of it."""

    def fails(*candidate):
        raise RecursionError

    key = "-----END RSA " + "PRIVATE KEY-----"
    made = session(
        said("password=hunter"), said(f"x\nAAAA\n{key}"), environment_variables={"A_TOKEN": "abcd"}
    )
    checked = [
        dataclasses.replace(rule, check=rule.check and fails, behind=rule.behind and fails)
        for rule in RULES
    ]
    monkeypatch.setattr(one_text, "RULES", tuple(checked))
    monkeypatch.setattr(find, "worth_hiding", fails)
    finds = find_in_session(made)
    assert {each.secret for each in finds} == {"hunter", f"x\nAAAA\n{key}", "abcd"}
    left = redact(made, finds)[0]
    assert not any(each.secret in repr(left) for each in finds)


def test_a_text_to_remove_that_is_a_role_leaves_the_role():
    metadata, conversation, _ = made = session(said("the user asks"))
    messages = conversation.messages
    finds = find_secrets(metadata, lambda: messages, known={"user": "text"}, by_rules=False)
    assert [find.field for find in finds] == ["item.content[0].text"]
    (message,) = redact(made, finds)[0][1].messages
    assert message.item == said("the [redacted text 1] asks")


def test_of_secrets_that_begin_alike_the_longer_is_hidden_whole():
    short, long = "alpha-12345", "alpha-12345-beta"
    kept = UnknownItem(msgpack.packb(["web_call", "id", {"q": f"{short} {long} {short}"}]))
    metadata, conversation, _ = made = session(kept, said(f"{long} {short}"))
    known = {short: "text", long: "text"}
    finds = find_secrets(metadata, lambda: conversation.messages, known=known, by_rules=False)
    for chosen in (finds, finds[::-1]):
        unknown, message = redact(made, chosen)[0][1].messages
        assert b"beta" not in unknown.item.raw
        assert b"alpha" not in unknown.item.raw
        (content,) = message.item.content
        assert "beta" not in content.text


@pytest.mark.parametrize(
    ("password", "use"),
    [
        ("Zq9@kk/Lw21", "psql postgres://me:{}@host/db"),
        ("Xy77 Zq88 Qr99", "sshpass -p {} ssh host"),
        ("k3y&Zq88Lw/21", "mysql -p{} -h host"),
    ],
)
def test_a_known_secret_is_hidden_whole_where_a_rule_sees_a_part_of_it(password, use):
    made = session(said(f"export DB_PASSWORD='{password}'"), said(use.format(password)))
    hidden, _ = redact(made, find_in_session(made))
    named, used = (text_of(each.item) for each in hidden.conversation.messages)
    assert named == "export DB_PASSWORD='[redacted password 1]'"
    assert used == use.format("[redacted password 1]")


def test_texts_that_overlap_leave_nothing_of_each_other():
    made = session(said("the red green blue house"))
    known = dict.fromkeys(["red green", "green blue"], "text")
    metadata, conversation, _ = made
    finds = find_secrets(metadata, lambda: conversation.messages, known=known, by_rules=False)
    hidden, _ = redact(made, finds)
    assert text_of(hidden.conversation.messages[0].item) == "the [redacted text 1] house"


def test_of_very_many_secrets_the_longest_are_looked_for_everywhere():
    """Each is one more search in every text."""
    secrets = [f"s3cret-{'x' * number}" for number in range(1, 301)]
    made = session(*(said(f"password={secret}") for secret in secrets))
    wanted = distinctive(find_in_session(made))
    assert list(wanted) == sorted(secrets, key=len, reverse=True)[:200]


def test_spans_in_the_place_of_finds_are_refused_by_their_name():
    text = f"say {TOKEN}"
    with pytest.raises(TypeError, match="find_in_session and find_secrets give finds, not Span"):
        redact(session(said(text)), one_text.spans(text))
