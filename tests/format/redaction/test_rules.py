"""The corpus of true and false finds, and time that grows with the text alone."""

from __future__ import annotations

import base64
import json
import math
import random
import time
from collections.abc import Iterator

import pytest

from agcx_format.redaction.one_text import spans
from agcx_format.redaction.rules import RULES
from tests.format.redaction import corpus, corpus_false
from tests.format.redaction.corpus import _GITHUB, PERSONAL
from tests.format.redaction.corpus_more import MORE, NOT_MORE

TRUE, FALSE = corpus.TRUE + MORE, corpus_false.FALSE + NOT_MORE
NAMES = [f"{kind}-{number}" for number, (kind, _, _) in enumerate(TRUE)]


@pytest.fixture(autouse=True)
def no_check_fails(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A check that fails hides the candidate, which looks like a find."""
    yield
    assert caplog.get_records("call") == []


def found(text: str, personal: bool = False) -> list[tuple[str, str]]:
    return [(span.kind, text[span.start : span.end]) for span in spans(text, personal=personal)]


@pytest.mark.parametrize(("kind", "text", "secret"), TRUE, ids=NAMES)
def test_a_secret_is_found_whole_and_nothing_else_with_it(kind, text, secret):
    assert found(text) == [(kind, secret)]


@pytest.mark.parametrize("text", FALSE, ids=range(len(FALSE)))
def test_what_only_looks_like_a_secret_is_left_alone(text):
    assert found(text) == []


@pytest.mark.parametrize(("kind", "text", "secret"), PERSONAL, ids=range(len(PERSONAL)))
def test_who_it_was_is_found_on_choice_alone(kind, text, secret):
    assert found(text) == []
    assert found(text, personal=True) == [(kind, secret)]


def test_the_corpus_is_found_in_one_text_as_well_as_by_itself():
    """The hit rate that the README may state: all of these, and none of those."""
    pieces = [text for _, text, _ in TRUE] + FALSE
    random.Random(7).shuffle(pieces)
    # A key that is cut off goes on to the end of the next one, unless there is a line between them.
    every = found("\n\n-----\n\n".join(pieces))
    assert sorted(secret for _, secret in every) == sorted(secret for _, _, secret in TRUE)


@pytest.mark.parametrize(("kind", "text", "secret"), TRUE, ids=NAMES)
def test_a_secret_is_found_in_the_json_of_a_call_and_taking_it_out_leaves_json(kind, text, secret):
    arguments = json.dumps({"command": ["bash", "-lc", text], "workdir": "/"})
    every = spans(arguments)
    assert every
    for span in reversed(every):
        arguments = arguments[: span.start] + "[redacted x 1]" + arguments[span.end :]
    left = json.loads(arguments)["command"][2]
    assert secret not in left
    assert "[redacted x 1]" in left


def test_two_tokens_that_fill_their_lines_are_two():
    one, other = (f"sk-ant-{each * 8}" for each in ("a1B2c3D4", "b1C2d3E4"))
    assert found(f"{one}\n{other}\n") == [("anthropic-key", one), ("anthropic-key", other)]


LATIN = base64.b64encode("jörg:hünter2".encode("latin-1")).decode()


def test_credentials_may_be_in_latin_1_where_a_header_says_that_they_are_some():
    assert found(f"Authorization: Basic {LATIN}") == [("basic-authorization", LATIN)]
    assert found(f"Basic {LATIN}") == []


@pytest.mark.parametrize(
    "text",
    [
        "PWD=/srv/mill PGPASS=/home/x/.pgpass PASSWORD_FILE=/run/secrets/db",
        "git@host.example:a/b.git and https://git@host.example/a",
    ],
)
def test_paths_and_the_user_of_every_repository_are_no_secrets(text):
    assert found(text) == []


@pytest.mark.parametrize(
    "before",
    [
        "-----END CERTIFICATE-----\n" + "the quick brown fox " * 6,
        "if line ==",
        "## How a key ends\n\nIt is base64, and then",
        "def end(self):\n    return [",
    ],
)
def test_the_end_of_a_key_without_one_before_it_is_no_secret(before):
    assert found(f"{before}\n-----END RSA " + "PRIVATE KEY-----") == []


@pytest.mark.parametrize("letters", range(1, 41))
def test_what_few_letters_make_is_not_random(letters):
    """40 characters of so many different ones: 3.2 bits are about nine of them."""
    alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP"[:letters]
    value = (alphabet * 40)[:40]
    every = found(f"SecretAccessKey: {value}")
    assert [kind for kind, _ in every if kind == "aws-secret-key"] == (
        ["aws-secret-key"] if letters >= 10 else []
    )


def test_every_rule_of_the_table_is_tried_by_the_corpus():
    assert {rule.kind for rule in RULES} == {kind for kind, _, _ in TRUE + PERSONAL}


# What makes careless patterns take forever: the beginnings of things, over and over.
HOSTILE = [
    "password=",
    'password="',
    "password '",
    "--password ",
    "password>aaaa",
    "password        ",
    "password=\\",
    "eyJ",
    "eyJaaaaaaaa.",
    "://a:b",
    "://",
    "-----BEGIN " + "PRIVATE KEY-----",
    "-----",
    "a@",
    "@",
    "a.b@c.",
    "ghp_",
    "sk-",
    "a",
    "M",
    "1",
    "bearer ",
    "basic aaaaaaaa ",
    "mysql ",
    "curl -u ",
    "secret_access_key=",
    "AKIA",
    "SK",
    "1234567890:AA",
    "token: 'a",
    "/home/a",
    "\\",
    "a.",
    "identified by '",
    "machine a login b password ",
    "password=abcd,1",
    "password='a ",
    "-sk-a",
    "_eyJ-",
    "1//0",
    "&sig=",
    "://a:@",
    "://a:b/",
    "://a:b@c",
    "\n-----END RSA " + "PRIVATE KEY-----",
    "-----END RSA " + "PRIVATE KEY-----",
    "-----BEGIN RSA " + "PRIVATE KEY-----\nx:1:" + "a" * 200,
    "---- BEGIN SSH2 " + "PRIVATE KEY ----\naaaaaaaaaaaaaaaa",
    '["-a",',
    '["-',
    '"-", "',
    '[ "-"',
    "['-', ",
    '\\"-\\", [',
    "cookie: a=",
    "authorization: a ",
    "AKIAAAAAAAAAAAAAAAAA,",
    "PASSWORD=${",
    "password=your-a",
    "password=/a",
    "sk-a1B2c3D4e5F6\n",
    "a1B2c3D4ghp_e5F6\n",
    "eyJa1B2c3D4e5F6g7\\n",
    "7z a -",
    "default login a ",
    ":*:a:",
    "curl -b a=bcde;",
    "mnemonic: abc abc ",
    "$2b$12$",
]


# Seconds of processor time that say nothing: a page fault, a cache that is cold.
_NOISE = 0.004


def work(unit: str, size: int) -> float:
    """Processor time that looking through so much of it takes."""
    text = unit * (size // len(unit))
    begun = time.thread_time()
    spans(text, personal=True)
    return time.thread_time() - begun


@pytest.mark.parametrize("unit", HOSTILE)
def test_a_text_of_beginnings_takes_work_that_grows_with_it_and_no_faster(unit):
    """Four times the text is four times the work; a pattern that goes back and forth takes sixteen."""
    less = work(unit, 1_000)
    for size in (4_000, 16_000, 64_000):
        most = 8 * max(less, _NOISE)
        # Others disturb: the least of some.
        less = next((t for t in (work(unit, size) for _ in range(3)) if t < most), math.inf)
        assert less < most, f"{size}: more than {most:.3f}"


def test_a_letter_that_lower_case_makes_two_of_moves_nothing():
    assert found("İİİ DB_PASSWORD=hunter2!x") == [("password", "hunter2!x")]


def test_an_encoded_key_may_be_cut_off_anywhere():
    pem = b"-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7bq1\n"
    key = base64.b64encode(pem).decode()
    for size in range(54, len(key) + 1):
        assert found(f"client-key-data: {key[:size]}\n") == [("private-key", key[:size])]


@pytest.mark.parametrize("form", ['PASSWORD="pre!{}!suf123x"', "https://me:pre!{}!s9@host.org/"])
def test_a_token_within_a_password_is_found_once_as_what_it_is(form):
    """Spans that overlap would put the end of the outer one back into the text."""
    text = form.format(_GITHUB)
    assert [(each.kind, text[each.start : each.end]) for each in spans(text)] == [
        ("github-token", _GITHUB)
    ]
