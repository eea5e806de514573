"""The page shows every message, and nothing that a message holds can act in it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agcx_format import read_session
from agcx_format.exporting.choice import ExportChoice
from agcx_format.exporting.html import PAGE_END, html_parts, page_start, section_parts, to_html
from agcx_format.exporting.html.markdown import markdown_html, preformatted
from agcx_format.importing.draft import ImportDraft
from agcx_format.model.items import (
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
from tests.support.examples import some_of
from tests.support.golden_files import GOLDEN

# What breaks out of text, attributes, comments, and Markdown's own constructs in careless pages.
CORPUS = [
    "<script>alert(1)</script>", "</pre><script>alert(1)</script>", "</title><script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>", '"><svg onload=alert(1)>', "' onmouseover='alert(1)",
    "<!-- ", "-->", "<![CDATA[", "]]>", "<?php", "&lt;script&gt;", "&#60;script&#62;", "&amp;quot;",
    "[a](javascript:alert(1))", "[a](JaVaScRiPt:alert(1))", "[a](java\tscript:alert(1))",
    "[a](&#106;avascript:alert(1))", "[a](data:text/html,<script>alert(1)</script>)",
    "[a](vbscript:x)", "[a](file:///etc/passwd)", "[a](../../x)", "[a](//evil.example)", "[a](#m1)",
    '[a](http://x "onclick=alert(1)")', "[a](http://x\" onclick=\"alert(1))", "<javascript:alert(1)>",
    "![x](javascript:alert(1))", "![x](https://evil.example/track.png)",
    "![x](data:image/svg+xml;base64,PHN2Zz48L3N2Zz4=)", "![x](data:image/png;base64,QUJD)",
    '![" onerror="alert(1)](data:image/png;base64,QUJD)', "[a]: javascript:alert(1)\n\n[a]",
    "```\"><script>alert(1)</script>\ncode\n```", "```js onload=x\ncode\n```", "~~~\nleft open",
    "|a|b|\n|:-|-:|\n|<b>|`|`|", "1. a\n# h\n- <details>", "<details open><summary>x", "<base href=//x>",
    "<meta http-equiv=refresh content=0>", "<a href=http://ok.example>t</a>", "<https://ok.example/?a=1&b=2>",
    "mailto:a@b.example <a@b.example>", "\x00", "\x1b[31mred", "\u202eevil", "\ud800", "\u2028", "\x85",
    "x" * 300, "\n\n\n", "   ", "\n<b>first newline", "{{7*7}}", "${7*7}", "%00", "\\<b>", "**a*b**c*",
]  # fmt: skip

TAGS = {
    "html", "head", "meta", "title", "style", "body", "section", "h1", "h2", "h3", "h4", "h5", "h6", "dl",
    "dt", "dd", "article", "details", "summary", "p", "pre", "code", "a", "time", "span", "img", "em",
    "strong", "s", "ul", "ol", "li", "blockquote", "hr", "br", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
VOID = {"meta", "img", "hr", "br"}
CLASSES = {"user", "assistant", "tool", "other", "note", "failed", "rule"}
ATTRIBUTES = {
    "a": {"href", "rel"}, "img": {"src", "alt"}, "article": {"class", "id"}, "p": {"class"}, "ol": {"start"},
    "span": {"class"}, "h2": {"class"}, "summary": {"class"}, "html": {"lang"},
    "meta": {"charset", "http-equiv", "content", "name"},
}  # fmt: skip


class Page(HTMLParser):
    """The page as a browser takes it apart, refusing what is not on the lists."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.text: dict[str, str] = {}
        self.style = self.policy = ""
        self.headings = 0
        self._article = ""
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        assert tag in TAGS
        values = dict(attrs)
        assert values.keys() <= ATTRIBUTES.get(tag, set()), (tag, attrs)
        assert set(values.get("class", "").split()) <= CLASSES
        # The others say that a branch or another mode begins.
        self.headings += tag == "h2" and "class" not in values
        if tag == "a" and "href" in values:
            assert re.match(r"https?://|mailto:|#(s\d+-)?m\d+\Z", values["href"], re.IGNORECASE)
        if tag == "img":
            assert re.fullmatch(r"data:image/(png|gif|jpeg|webp);base64,[\w+/=]+", values["src"])
        if values.get("http-equiv"):
            assert values["http-equiv"] == "Content-Security-Policy"
            self.policy = values["content"]
        if tag == "article":
            self._article = values["id"]
            self.text[self._article] = ""
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "style":
            self.style += data
        elif "article" in self.open:
            self.text[self._article] += data

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data}")

    handle_decl_seen = 0

    def handle_decl(self, decl):
        self.handle_decl_seen += 1
        assert (decl, self.handle_decl_seen) == ("DOCTYPE html", 1)

    def handle_pi(self, data):
        raise AssertionError(f"an instruction: {data}")

    unknown_decl = handle_pi


def page(*items, title: str = "Fix it", choice: ExportChoice | None = None) -> str:
    draft = ImportDraft(UUID(int=7), Timestamp("2025-08-26T04:12:50.123Z"))
    for number, item in enumerate(items, 1):
        draft.add(item, number)
    made = draft.finish(
        source=None,
        agent="",
        title=title,
        model=title,
        tags=[title],
        directory=title,
    )
    return to_html(made.metadata, made.conversation, choice or ExportChoice())


def every_kind(text: str) -> list:
    return [
        Message(
            None, "user", [InputText(text), InputImage(text), InputImage("data:image/png" + text)]
        ),
        Message(None, "assistant", [OutputText(text)]),
        Message(None, text, [OutputText(text)]),
        Message(None, "developer", [InputText(text)]),
        Reasoning("r", [SummaryText(text)], None, None),
        FunctionCall(
            None, text, json.dumps({"command": ["bash", "-lc", text], "workdir": text}), text
        ),
        FunctionCall(None, "patch", text, "c2"),
        FunctionCallOutput(text, text),
        Message(None, "assistant", [OutputText("the end")]),
    ]


@pytest.mark.parametrize("text", CORPUS)
def test_nothing_of_the_escaping_corpus_gets_out_of_its_message(text):
    found = Page(page(*every_kind(text), title=text))
    assert found.headings == len(found.text) == 9
    assert found.text["m9"].endswith("the end\n\n")


@settings(max_examples=some_of(300))
@given(st.lists(st.sampled_from(CORPUS) | st.text(max_size=20), max_size=6).map("".join))
def test_no_mixture_of_it_does_either(text):
    found = Page(page(*every_kind(text), title=text))
    assert found.headings == len(found.text) == 9


@given(st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"]) | st.just("\n")))
def test_text_that_is_no_markdown_reads_as_it_is(text):
    said = []
    reading = HTMLParser(convert_charrefs=True)
    reading.handle_data = said.append
    reading.feed(preformatted(text))
    reading.close()
    assert "".join(said) == "\n" + text.rstrip()


def test_no_control_character_and_no_override_of_direction_is_in_the_page():
    hostile = "".join(map(chr, range(0x20))) + "\x7f\x85\u202e\u2066\ud800"
    made = page(*every_kind(hostile), title=hostile)
    assert (
        re.findall("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", made)
        == []
    )
    assert made.encode()


def test_the_policy_allows_the_style_sheet_that_is_there_and_pictures_in_the_page_alone():
    found = Page(page())
    allowed = base64.b64encode(hashlib.sha256(found.style.encode()).digest()).decode()
    assert found.policy.split("; ") == [
        "default-src 'none'", f"style-src 'sha256-{allowed}'", "img-src data:", "base-uri 'none'",
        "form-action 'none'",
    ]  # fmt: skip


def test_the_style_sheet_asks_for_nothing():
    assert not re.search(r"url\(|@import|http", Page(page()).style)


def test_markdown_is_rendered_below_the_headings_of_the_page():
    html = markdown_html(
        "# Now\n\n**bold** `code`\n\n```rust\nlet a = 1 < 2;\n```\n\n[x](https://a.example)"
    )
    assert "<h3>Now</h3>" in html
    assert "<strong>bold</strong> <code>code</code>" in html
    assert "<pre>\nlet a = 1 &lt; 2;\n</pre>" in html
    assert '<a href="https://a.example" rel="noopener noreferrer">x</a>' in html


def test_a_picture_of_the_session_is_in_the_page_and_a_drawing_that_can_act_is_not():
    raster, drawing = "data:image/png;base64,QUJD", "data:image/svg+xml;base64,QUJD"
    made = page(Message(None, "user", [InputImage(raster), InputImage(drawing)]))
    assert f'<img src="{raster}" alt="image/png, 3 bytes">' in made
    assert drawing not in made
    assert "image/svg+xml, 3 bytes" in made


def test_without_images_no_picture_is_in_the_page():
    items = Message(None, "user", [InputText("see"), InputImage("data:image/png;base64,QUJD")])
    assert "<img" not in page(items, choice=ExportChoice(images=False))


def test_a_text_of_megabytes_is_shown_as_it_is():
    text = "**a** " * 100_000
    assert markdown_html(text) == preformatted(text)


def test_tools_and_reasoning_are_folded_and_what_was_said_is_not():
    made = page(*every_kind("some words"))
    articles = re.findall(r'<article class="(\w+)".*?\n(<details>|<h2>)', made)
    assert articles == [
        ("user", "<h2>"), ("assistant", "<h2>"), ("other", "<h2>"), ("other", "<details>"),
        ("other", "<details>"), ("tool", "<details>"), ("tool", "<details>"), ("tool", "<details>"),
        ("assistant", "<h2>"),
    ]  # fmt: skip


def test_a_folded_call_says_what_it_is_about():
    calls = {
        '{"file_path": "/a/b", "limit": 3}': "/a/b",
        '{"command": ["bash", "-lc", "ls\\npwd"]}': "ls",
        '{"query": "grid"}': "grid",
        '{"depth": 3}': "{&quot;depth&quot;: 3}",
        '{"input": "*** Begin Patch\\n*** Update File: a.py\\n*** Add File: b.py"}': "a.py and 1 more",
        "no JSON\nat all": "no JSON",
    }
    made = page(*[FunctionCall(None, "Read", arguments, "c") for arguments in calls])
    assert re.findall(r"</h2> <code>(.*?)</code></summary>", made) == list(calls.values())
    assert "Tool call: Read" in made
    assert re.search(r"\b6 messages, \d turns?</dd>", made)


def test_the_page_is_made_a_message_at_a_time():
    draft = ImportDraft(UUID(int=7), Timestamp("2025-08-26T04:12:50.123Z"))
    for number in range(3):
        draft.add(Message(None, "user", [InputText("x")]), number)
    made = draft.finish(source=None, agent="", title="t", model="", tags=[], directory="")
    seen = []
    parts = html_parts(made.metadata, (seen.append(m) or m for m in made.conversation.messages))
    while not next(parts).startswith("<article"):
        pass
    assert len(seen) == 1


def test_several_conversations_in_one_page_have_anchors_of_their_own():
    draft = ImportDraft(UUID(int=7), Timestamp("2025-08-26T04:12:50.123Z"))
    draft.add(Message(None, "user", [InputText("x")]), 1)
    made = draft.finish(source=None, agent="", title="t", model="", tags=[], directory="")
    sections = [
        part
        for prefix in ("s1-", "s2-")
        for part in section_parts(
            made.metadata, made.conversation.messages, None, ExportChoice(), prefix
        )
    ]
    found = Page("".join([page_start("Two"), *sections, PAGE_END]))
    assert list(found.text) == ["s1-m1", "s2-m1"]


@pytest.mark.parametrize(
    "path",
    sorted((GOLDEN / "v1").glob("*.agcx")),
    ids=lambda p: p.stem[:8],
)
def test_every_golden_session_becomes_a_page(path):
    metadata, conversation, _ = read_session(path)
    made = to_html(metadata, conversation)
    assert Page(made).headings == len(conversation.messages)
    assert made.encode()
