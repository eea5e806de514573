"""Whatever a conversation holds, no export has a character that a terminal obeys or that fools a reader.

Neither as it stands there, nor as a reader of Markdown or HTML decodes it.
"""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from functools import cache
from html import unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from msgspec.structs import replace

from agcx_format.exporting.codex import to_rollout
from agcx_format.exporting.html import to_html
from agcx_format.exporting.json_document import from_session_json, session_json
from agcx_format.exporting.markdown import to_markdown
from agcx_format.exporting.plain_text import jsonl_parts, to_text
from agcx_format.model.session import Session
from agcx_format.transcript.escaping import safe_line, safe_text
from agcx_format.transcript.words import text_of
from tests.format.exporting.test_markdown import draft, every_kind, noted
from tests.support.examples import some_of

DIRECTIONS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def is_unsafe(character: str) -> bool:
    """As Unicode has it: controls, line ends that are none, directions, tags, what is no character."""
    code = ord(character)
    return (
        unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
        or unicodedata.bidirectional(character) in DIRECTIONS
        or code in (0x061C, 0x200E, 0x200F, 0xFEFF, 0xFFFE, 0xFFFF)
        or 0xE0000 <= code < 0xE0080
    )


LINE_ENDS_AND_TABS = {"\n", "\t"}


@cache
def alone() -> list[str]:
    """The unsafe characters; of the many that are alike, the first and the last.

    It takes a look at every character that there is: not for every process that only collects tests.
    """
    return [
        c
        for c in map(chr, range(sys.maxunicode + 1))
        if is_unsafe(c)
        and c not in LINE_ENDS_AND_TABS
        and not 0xD800 < ord(c) < 0xDFFF
        and not 0xE0000 < ord(c) < 0xE007F
    ]


@cache
def references() -> list[str]:
    numbers = [f"&#{ord(c)};" for c in alone() if c != "\ud800"]
    others = ["&#x202E;", "&#X202e;", "&#x0000202e;", "&rlm;", "&lrm;", "&RightToLeftMark;"]
    return [r for r in numbers + others if unescape(r) != r and "\ufffd" not in unescape(r)]


def session(text: str) -> Session:
    made = draft(*every_kind(text))
    imported = made.finish(
        source=None, agent="", title=text, model=text, tags=[text], directory=text
    )
    messages = imported.conversation.messages
    messages[0] = replace(messages[0], metadata=replace(messages[0].metadata, **noted(text)))
    return imported.metadata, imported.conversation, imported.state


def exports(text: str) -> dict[str, str]:
    metadata, conversation, state = session(text)
    shown = {
        "md": to_markdown(metadata, conversation),
        "html": to_html(metadata, conversation),
        "txt": to_text(metadata, conversation),
    }
    if not any("\ud800" <= character <= "\udfff" for character in text):
        # A file cannot hold half a pair, and JSON could not be written with one.
        shown |= {
            "json": session_json(metadata, conversation, state).decode(),
            "jsonl": "".join(jsonl_parts(metadata, conversation.messages)),
            "codex": to_rollout(metadata, conversation),
        }
    return shown


def unsafe_in(text: str) -> set[str]:
    return {ascii(c) for c in set(text) - LINE_ENDS_AND_TABS if is_unsafe(c)}


def as_read(document: str) -> str:
    """What a reader of Markdown makes of it."""
    return MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(document)


def test_each_unsafe_character_alone_becomes_a_visible_one():
    assert len(alone()) > 60
    for character in alone():
        assert len(safe_line(character)) == len(safe_text(character)) == 1
        assert not unsafe_in(safe_line(character) + safe_text(character))
        assert safe_line(f"a{character}b")[::2] == safe_text(f"a{character}b")[::2] == "ab"
        for around in ("Wörter ohne Ende\n" * 20, "検索の遅さ" * 80, "words\n" * 100):
            assert safe_text(around) == around
            assert character not in safe_text(f"{around}{character}{around}")


def test_every_surrogate_and_tag_becomes_a_visible_character():
    for code in (*range(0xD800, 0xE000), *range(0xE0000, 0xE0080)):
        assert safe_line(chr(code)) == safe_text(chr(code)) == "\ufffd"


def test_in_a_line_newlines_and_tabs_are_visible_and_in_a_block_they_stay():
    assert safe_line("a\nb\tc") == "a␊b␉c"
    assert safe_text("a\r\nb\n") == "a\nb\n"
    assert safe_text("\tc") == "    c"


def test_what_people_write_stays_as_it_is():
    text = "naïve 日本語 עברית العربية 👩‍👩‍👧 e\u0301 ไทย 한국어 \u200b\u00ad"
    assert safe_line(text) == safe_text(text) == text


def test_each_unsafe_character_alone_is_in_no_export():
    for character in alone():
        for name, document in exports(f"a{character}b").items():
            assert not unsafe_in(document), (ascii(character), name)


def test_exports_for_programs_read_back_what_was_there():
    for character in alone():
        if "\ud800" <= character <= "\udfff":
            continue
        text = f"a{character}b"
        metadata, conversation, state = session(text)
        document = exports(text)
        assert from_session_json(document["json"]) == (metadata, conversation, state)
        assert json.loads(document["jsonl"].split("\n")[1])["content"] == text
        lines = [json.loads(line) for line in document["codex"].splitlines()]
        assert text_of(conversation.messages[1].item) == text
        assert any(line["payload"].get("message") == text for line in lines)


FORMS = [
        "a{}b", "# a{}b", "- a{}b", "> {}", "**{}**", "[{}](http://h/)", "[a](http://h/{})", "![{}](p)",
        '[a](http://h/ "{}")', "| {} | b |\n|---|---|\n| c | {} |", "`{}` and {}", "```{}\nx\n```",
        "    {}", "- a\n\n      {}", "`a\n{}` b", "\\{}", "a ` {} b", "[{}]: http://h/\n\n[{}]", "<b>{}</b>",
    ]  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_no_reference_brings_one_back(form, request):
    """In the quick form a third of the references in each form, in every three forms all."""
    third = slice(FORMS.index(form) % 3, None, 3)
    every = form == "a{}b" or request.config.getoption("--full")
    for reference in references()[slice(None) if every else third]:
        text = form.replace("{}", reference)
        shown = exports(text)
        for name, document in shown.items():
            assert not unsafe_in(document), (text, name)
        assert not unsafe_in(as_read(shown["md"].partition("\n---\n")[2])), text


@pytest.mark.parametrize("encoded", ["%E2%80%AE", "%C2%9B", "%E2%81%A6", "%F3%A0%81%81", "%0D"])
def test_no_encoded_address_brings_one_back(encoded):
    for text in (f"<http://h/{encoded}>", f"[http://h/{encoded}](http://h/{encoded})"):
        shown = exports(text)
        for name, document in shown.items():
            assert not unsafe_in(document), (text, name)
        assert not unsafe_in(as_read(shown["md"].partition("\n---\n")[2])), text


def test_a_reference_in_code_reads_as_it_was_written():
    text = '`&#x202e;` is the override\n\n```c\nputs("&#x202e;");\n```'
    assert text in exports(text)["md"]
    page = exports(text)["html"]
    assert re.findall(r"<code>(.*?)</code> is", page) == ["&amp;#x202e;"] * 5


def test_a_reference_to_what_people_write_stays_one():
    text = "a &amp; b &nbsp; &copy; &#233; &lt;b&gt;"
    assert text in exports(text)["md"]


_PIECES = [
    "&", "#x202e;", "&#", "x202e;", "`", "``", "\n", "\n\n", "    ", "- ", "> ", "\\",
    "```", "~~~", "[", "](", ")", "<http://h/%E2%80%AE>", "|", "*", "a", " ", "&lrm;", "<", ">", "1. ", "\t",
]  # fmt: skip


@settings(max_examples=some_of(300))
@given(st.deferred(lambda: st.lists(st.sampled_from([*references()[::17], *_PIECES]), max_size=12)))
def test_no_mixture_of_references_and_marks_brings_one_back(pieces):
    shown = exports("".join(pieces))
    for document in shown.values():
        assert not unsafe_in(document)
    assert not unsafe_in(as_read(shown["md"].partition("\n---\n")[2]))
