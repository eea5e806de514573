"""Markdown shows every message under its heading, and no message reaches into another."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from uuid import UUID

import msgpack
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from agcx_format.codec import messagepack
from agcx_format.exporting.embedding import code_span, embedded, fenced, one_line
from agcx_format.exporting.markdown import markdown_parts, to_markdown
from agcx_format.importing.draft import ImportDraft
from agcx_format.model.items import (
    ExecAction,
    FileContext,
    FunctionCall,
    FunctionCallOutput,
    InputImage,
    InputText,
    LocalShellCall,
    LocalShellStatus,
    Message,
    OutputText,
    Reasoning,
    SummaryText,
    ToolCallMetadata,
    UnknownItem,
)
from agcx_format.model.timestamps import Timestamp
from agcx_format.transcript.escaping import visible
from agcx_format.transcript.wording import describe_image
from tests.support.examples import some_of

# Pieces that open or close something in Markdown, alone and at the beginning of lines.
_PIECES = [
    "```", "~~~", "````", "    ```", "   ```", " ~~~", "- ```", "> ```", "1. ~~~", "`", "``", "\\`",
    "<details>", "</details>", "<!--", "-->", "<script>", "<?", "<![CDATA[", "<a", ">", "<https://x>",
    "# head", "## 1. User · now", "head", "---", "===", "-", "=", "[a]: http://x", "[a](`", "](", "[",
    "\n", "\n", "\n", "\n\n", "\r", "\r\n", " ", "  ", "    ", "\t", "- ", "> ", "1. ", "* * *", "|a|",
    "text", "\x0b", "\x0c", "\u2028", "\0", "&lt;", "$$", "\\", "*", "_",
]  # fmt: skip
hostile = st.lists(st.sampled_from(_PIECES), max_size=14).map("".join) | st.text(max_size=30)


# What YAML 1.2 calls printable, less the characters that some readers take for line ends.
_not_yaml = re.compile(
    "[^\t\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
).search


def draft(*items) -> ImportDraft:
    made = ImportDraft(UUID(int=7), Timestamp("2025-08-26T04:12:50.123Z"))
    for number, item in enumerate(items, 1):
        made.add(item, number)
    return made


def markdown(*items, title: str = "Fix it", noted: Mapping | None = None) -> str:
    """`noted` are fields of the first message's metadata."""
    made = draft(*items)
    imported = made.finish(
        source=None, agent="", title=title, model="m", tags=["a: b"], directory="/src"
    )
    messages = imported.conversation.messages
    notes = msgspec.structs.replace(messages[0].metadata, **(noted or {}))
    messages[0] = msgspec.structs.replace(messages[0], metadata=notes)
    return to_markdown(imported.metadata, imported.conversation)


def parsed(document: str) -> list:
    """The tokens after the front matter, which is not Markdown."""
    return MarkdownIt("commonmark").parse(document.split("\n---\n", 1)[1])


def headings(document: str) -> list[tuple[str, str]]:
    tokens = parsed(document)
    return [
        (token.tag, tokens[index + 1].content)
        for index, token in enumerate(tokens)
        if token.type == "heading_open" and token.level == 0 and token.tag in ("h1", "h2")
    ]


def every_kind(text: str) -> list:
    return [
        Message(None, "user", [InputText(text), InputImage("data:" + text)]),
        Message(None, "assistant", [OutputText(text)]),
        Reasoning("r", [SummaryText(text), SummaryText("after")], None, None),
        FunctionCall(None, text, json.dumps({"command": ["bash", "-lc", text]}), "c"),
        FunctionCall(None, "patch", json.dumps({"input": text}), "c2"),
        FunctionCallOutput("c", text),
        Message(None, text, [OutputText(text)]),
        Message(None, "assistant", [OutputText("the end")]),
    ]


def noted(text: str) -> dict:
    before = Timestamp("2025-08-26T04:12:00Z"), Message(None, "user", [InputText(text)])
    return {
        "edit_history": [before],
        "tool_calls": [ToolCallMetadata("t", 1, False, text)],
        "file_context": [FileContext(text, None, text, None)],
    }


@settings(max_examples=some_of(400))
@given(hostile)
def test_hostile_text_changes_no_heading(text):
    items = every_kind(text)
    found = headings(markdown(*items, title=text or "x", noted=noted(text)))
    assert [tag for tag, _ in found] == ["h1"] + ["h2"] * len(items)
    numbers = [int(content.split(".")[0]) for tag, content in found if tag == "h2"]
    assert numbers == list(range(1, len(items) + 1))


@settings(max_examples=some_of(400))
@given(hostile)
def test_hostile_text_brings_no_html_of_its_own(text):
    """The only HTML is the folding around reasoning and context, in pairs."""
    html = []
    for token in parsed(markdown(*every_kind(text), noted=noted(text))):
        if token.type == "html_block":
            html.append(token.content.strip())
        html += [child.content for child in token.children or [] if child.type == "html_inline"]
    names = ("Reasoning", "Context", "Instructions", "Until 2025-08-26 04:12:00 UTC")
    folding = {f"<details>\n<summary>{name}</summary>" for name in names}
    opened = [piece for piece in html if piece in folding]
    assert html == [piece for start in opened for piece in (start, "</details>")]


@given(hostile)
def test_a_text_is_as_it_was_but_for_headings_and_rules(text):
    kept = embedded(text)
    if kept != fenced(text, "text"):
        lines = [line for line in kept.split("\n") if line.strip(" \t")]
        given_lines = [line for line in re.split(r"\r\n|\n|\r", text) if line.strip(" \t")]
        plain = [
            [line.replace("#", "").replace("<", "&lt;") for line in each]
            for each in (lines, given_lines)
        ]
        assert plain[0] == plain[1]


def test_ordinary_answers_stay_markdown():
    answer = (
        "# Summary\n\nUse `Vec<String>` here:\n\n```html\n<div>\n# not a heading\n```\n\n"
        "1. Then\n   ```sh\n   ls\n   ```\n\nSee <https://example.org>."
    )
    assert embedded(answer) == answer.replace("# Summary", "### Summary")


@pytest.mark.parametrize(
    "text",
    [
        "```\nleft open",
        "a \\<details> b",
        "a\n\n    <details>",
        "a <b\n\n[x]: y",
        "[1]: http://example.org",
        "- ```\n  ```\n  <script>\n  ```",
        "- a\n\n  ```\nfoo\n<details>",
        "a `\n` <b> `",
        "para\n    ```\n    <b>\n    ```",
    ],
)
def test_what_could_reach_beyond_its_message_is_fenced(text):
    assert embedded(text) == fenced(text, "text")


def test_raw_html_in_a_paragraph_is_text_and_the_rest_stays_markdown():
    answer = "- **Put** it in <details>, not `<b>`\n- <https://example.org>\n\n<!-- done"
    kept = embedded(answer)
    assert kept == answer.replace("<details>", "&lt;details>").replace("<!--", "&lt;!--")
    html = [token for token in MarkdownIt("commonmark").parse(kept) if token.type == "html_block"]
    assert html == []


def test_a_line_of_dashes_below_text_is_a_rule_and_no_heading():
    assert [t.type for t in MarkdownIt().parse(embedded("text\n---\nmore"))].count("hr") == 1
    assert "heading_open" not in {t.type for t in MarkdownIt().parse(embedded("text\r  ==\rmore"))}


@given(st.text(alphabet="`~ab\n"))
def test_a_fence_is_longer_than_any_inside(text):
    tokens = MarkdownIt().parse(fenced(text, "text"))
    assert [token.type for token in tokens] == ["fence"]
    assert tokens[0].content.rstrip("\n") == text.rstrip("\n")


@given(st.text(min_size=1))
def test_a_code_span_is_one_code_span(text):
    children = MarkdownIt("commonmark").parseInline(code_span("x" + text))[0].children
    assert [child.type for child in children] == ["code_inline"]


@given(st.text())
def test_front_matter_strings_are_quoted_so_that_any_text_fits(text):
    document = markdown(Message(None, "user", [InputText("hi")]), title=text or "x")
    front = document.split("\n---\n", 1)[0]
    (line,) = [line for line in front.split("\n") if line.startswith("title: ")]
    assert json.loads(line.removeprefix("title: ")) == (text or "x")
    assert not _not_yaml(line)


def test_a_conversation_reads_from_the_first_message_to_the_last():
    document = markdown(
        Message(
            None, "user", [InputText("Fix the grid"), InputImage("data:image/png;base64,QUJD")]
        ),
        FunctionCall(None, "shell", '{"command":["bash","-lc","rg grid | head"]}', "c1"),
        FunctionCallOutput(
            "c1", '{"output":"a.css","metadata":{"exit_code":1,"duration_seconds":2}}'
        ),
        Reasoning("r", [], None, "gAAA"),
        Message(None, "assistant", [OutputText("**Done.**")]),
    )
    assert [content for _, content in headings(document)] == [
        "Fix it",
        "1. User · 2025-08-26 04:12:50 UTC",
        "2. Tool call: shell · 2025-08-26 04:12:50 UTC",
        "3. Tool output: shell · 2025-08-26 04:12:50 UTC",
        "4. Reasoning · 2025-08-26 04:12:50 UTC",
        "5. Assistant · 2025-08-26 04:12:50 UTC",
    ]
    assert "```sh\nrg grid | head\n```" in document
    assert "*exit 1 · 2.0 s*\n\n```text\na.css\n```" in document
    assert "`image/png, 3 bytes`" in document
    assert "*Encrypted, 4 characters*" in document
    assert document.endswith("\n**Done.**\n")


def test_a_picture_is_never_in_the_document():
    url = "data:image/png;base64," + "QUJD" * 100_000
    document = markdown(Message(None, "user", [InputImage(url)]))
    assert "image/png, 300,000 bytes" in document
    assert len(document) < 1000


def test_an_image_elsewhere_is_named_by_its_url():
    assert describe_image("https://example.org/a.png") == "https://example.org/a.png"
    assert len(describe_image("https://example.org/" + "a" * 5000)) < 250


def test_edits_branches_and_files_are_mentioned():
    old = (Timestamp("2025-08-26T04:12:00Z"), Message(None, "user", [InputText("before")]))
    notes = {
        "edited": True, "edit_history": [old], "branch_point": True, "branch_id": UUID(int=9),
        "file_context": [FileContext("a.py", (1, 9), "x = 1", "python")],
    }  # fmt: skip
    document = markdown(Message(None, "user", [InputText("now")]), noted=notes)
    until = "<details>\n<summary>Until 2025-08-26 04:12:00 UTC</summary>\n\nbefore\n\n</details>"
    assert until in document
    assert "*Edited, last 2025-08-26 04:12:00 UTC*" in document
    assert "*Branch point*" in document
    assert "## — Branch “now” —" in document
    assert str(UUID(int=9)) not in document
    assert "`a.py`, lines 1 to 9, python\n\n```\nx = 1\n```" in document


def test_why_a_tool_failed_is_told_unless_the_result_says_it():
    notes = {"tool_calls": [ToolCallMetadata("t", 1, False, "no such `file`")]}
    assert "*Error:* `` no such `file` ``" in markdown(FunctionCallOutput("c", "x"), noted=notes)
    said = markdown(FunctionCallOutput("c", "it says: no such `file`"), noted=notes)
    assert "*Error:*" not in said


@given(st.text(alphabet=st.characters(categories=["Cc", "Cf", "Zl", "Zp"]), min_size=1))
def test_nothing_in_a_document_is_obeyed_by_a_terminal(text):
    document = markdown(*every_kind(text), title=text, noted=noted(text))
    assert visible(document) == document


def test_an_item_of_an_unknown_kind_is_shown_as_json():
    raw = msgpack.packb(["web_search_call", "id", {"q": "x"}])
    document = markdown(UnknownItem(raw))
    assert '"type": "web_search_call"' in document


def test_the_document_is_made_a_message_at_a_time():
    made = draft(*every_kind("x"))
    imported = made.finish(
        source=None, agent="", title="t", model="", tags=[], directory="",
    )  # fmt: skip
    seen = []
    messages = (seen.append(m) or m for m in imported.conversation.messages)
    parts = markdown_parts(imported.metadata, messages)
    next(parts), next(parts), next(parts)
    assert len(seen) == 1


def test_items_of_markdown_tests_can_be_stored():
    """So that the hostile texts above are ones that a file can hold."""
    made = draft(*every_kind("x")).finish(
        source=None, agent="", title="t", model="m", tags=[], directory=""
    )
    assert messagepack.encode_messages(made.conversation.messages)


@pytest.mark.parametrize(
    "arguments", ['{"command": "\\ud83d"}', '{"a": "\\ud83d"}', '{"\\ud83d": 1}']
)
def test_half_a_surrogate_pair_in_arguments_does_not_spoil_the_document(arguments):
    document = markdown(FunctionCall(None, "shell", arguments, "c"), FunctionCallOutput("c", "x"))
    assert "\ufffd" in document
    assert document.encode()


def test_pages_of_context_are_folded_and_a_line_of_it_is_not():
    long, short = "<skill>" + "x" * 1000 + "</skill>", "<skill>x</skill>"
    document = markdown(*[Message(None, "user", [InputText(text)]) for text in (long, short)])
    assert document.count("<summary>Context</summary>") == 1


def test_a_title_of_megabytes_does_not_make_a_heading_of_megabytes():
    first = markdown(Message(None, "user", [InputText("x")]), title="long " * 500_000)
    (title,) = [line for line in first.split("\n") if line.startswith("# ")]
    assert len(title) < 300


# CommonMark has U+FFFD for the character 0.
@given(st.text(alphabet=st.characters(exclude_characters="\0")) | st.text(alphabet="_*a `[]()<>!&"))
def test_a_text_in_a_heading_reads_as_it_is(text):
    children = MarkdownIt("commonmark").parseInline(one_line("x" + text))[0].children
    assert {child.type for child in children} <= {"text", "text_special"}
    assert "".join(child.content for child in children) == " ".join(("x" + text).split())


def test_the_names_of_tools_stay_readable():
    assert one_line("exec_command") == "exec_command"


def test_the_result_of_a_shell_is_told_to_be_of_that_shell():
    action = ExecAction(["rg", "grid"], None, None, None, None)
    document = markdown(
        Message(None, "user", [InputText("a")]),
        LocalShellCall(None, "c7", LocalShellStatus.COMPLETED, action),
        FunctionCall(None, "other", "{}", "c8"),
        FunctionCallOutput("c7", "a.css"),
    )
    names = [content for _, content in headings(document)]
    assert "shell" in names[4]


@pytest.mark.parametrize("indent", range(4))
@pytest.mark.parametrize("inner", range(5))
@pytest.mark.parametrize("marks", ["```", "~~~"])
def test_a_fence_that_is_indented_is_closed_by_its_like_alone(indent, inner, marks):
    """Whatever closes it for a reader, no heading of the text may become one of the document."""
    lines = [
        f"{' ' * indent}{marks}",
        f"{' ' * indent}a",
        f"{' ' * inner}{marks}",
        "# not ours",
        marks,
    ]
    document = markdown(
        Message(None, "user", [InputText("\n".join(lines))]),
        Message(None, "assistant", [OutputText("the end")]),
    )
    assert [tag for tag, _ in headings(document)] == ["h1", "h2", "h2"]
    assert headings(document)[-1][1].startswith("2.")


@pytest.mark.parametrize(
    "text",
    [
        "- a\n\n  ```\n  x\n```",
        "1. a\n\n   ~~~\n   x\n~~~",
        "```\nx\n    ```",
        "  ```\n  x\n    ```\n  y",
    ],
)
def test_only_what_a_reader_takes_for_the_end_of_a_fence_is_its_end(text):
    after = MarkdownIt("commonmark").parse(f"{embedded(text)}\n\n## After\n")
    assert [t.type for t in after[-3:]] == ["heading_open", "inline", "heading_close"]
    assert after[-2].content == "After"
