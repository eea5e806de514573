"""Arguments of a call are JSON also after their secrets are hidden."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agcx_format.model.items import FunctionCall
from agcx_format.redaction.find import find_in_session, find_secrets
from agcx_format.redaction.replace import redact
from tests.format.redaction.made import PASSWORD, TOKEN, session


@pytest.mark.parametrize("shape", [lambda a, b: [a, b], lambda a, b: {"a": a, "b": [{"c": b}]}])
def test_a_key_in_parts_is_hidden_whole_and_leaves_json(shape):
    body = "\n".join(TOKEN[4:] * 2 for _ in range(4))
    end = f"{body}\n-----END RSA " + "PRIVATE KEY-----"
    arguments = json.dumps(shape("-----BEGIN RSA " + "PRIVATE KEY-----", end))
    made = session(FunctionCall(None, "f", arguments, "c"))
    hidden, _ = redact(made, find_in_session(made))
    left = hidden[1].messages[0].item.arguments
    assert json.loads(left)
    assert TOKEN[4:] not in left


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
_PIECES = [
    "password",
    "token",
    "secret",
    "=",
    ": ",
    '"',
    "'",
    "\\",
    "\n",
    "\t",
    TOKEN,
    PASSWORD,
    "Bearer ",
    " ",
    "--",
    ",",
    "/",
    "\u20ac",
    "a1B2c3D4e5F6g7H8",
    "://u:",
    "@host",
    "{",
    "}",
    "[",
    "-----BEGIN " + "PRIVATE KEY-----",
    "é",
    "curl",
    "-u",
    "Cookie: a=",
    "u:" + PASSWORD,
]
hostile = st.lists(st.sampled_from(_PIECES), max_size=12).map("".join)


@given(
    st.dictionaries(hostile | st.text(max_size=5), hostile | json_values, max_size=4), st.booleans()
)
def test_arguments_are_json_after_it_whatever_was_in_them(value, ascii_only):
    arguments = json.dumps(value, ensure_ascii=ascii_only)
    made = session(FunctionCall(None, "f", arguments, "c"))
    hidden, _ = redact(made, find_in_session(made, personal=True))
    again = json.loads(hidden[1].messages[0].item.arguments)
    assert len(again) <= len(value)
    assert json.dumps(again, ensure_ascii=False).count(TOKEN) == 0 or "\\" in arguments


def test_a_secret_that_ends_within_an_escape_is_hidden_in_names_as_well():
    secret = "alpha-12345\\"
    call = FunctionCall(None, "shell", json.dumps({secret: [secret, 1]}), "c")
    metadata, conversation, _ = made = session(call)
    known = {secret: "text"}
    finds = find_secrets(metadata, lambda: conversation.messages, known=known, by_rules=False)
    (message,) = redact(made, finds)[0][1].messages
    assert json.loads(message.item.arguments) == {"[redacted text 1]": ["[redacted text 1]", 1]}
