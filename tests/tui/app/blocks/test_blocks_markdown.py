"""Markdown is drawn whole, harmlessly, and in slices that lose nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from agcx_format.transcript.escaping import safe_line
from agcx_tui.app.blocks.block import Block, Part
from agcx_tui.app.blocks.links import followable
from agcx_tui.app.blocks.markdown import as_typed, markdown_parts, markdown_slices
from agcx_tui.app.blocks.palette import Palette
from tests.support.examples import some_of

# What brings an unsafe character about once a parser has read it.
REFERENCES = (
    "&#x202e;", "&#8238;", "&rlm;", "&lrm;", "&#x2066;", "&#x2028;", "&#xfeff;", "&#xE0041;", "&#13;",
    "&#12;", "<http://h/%E2%80%AE%C2%9B>", "%C2%9B",
)  # fmt: skip


def drawn(text: str, width: int = 60, draw=markdown_parts) -> list:
    return [strip for part in draw(text, width, Palette(), 2) for strip in part.draw()]


def words(text: str, **options) -> str:
    return "\n".join(strip.text[2:].rstrip() for strip in drawn(text, **options))


def links(text: str) -> set[str]:
    return {
        seg.style.link for strip in drawn(text) for seg in strip if seg.style and seg.style.link
    }


def test_html_is_shown_as_it_was_written():
    assert words("a <b>c</b>\n\n<img src=x onerror=alert(1)>") == (
        "a <b>c</b>\n\n<img src=x onerror=alert(1)>"
    )


@pytest.mark.parametrize("text", ["31.", "1)", "-", "#", "[grid]: http://h/", ">", "* *"])
def test_words_of_which_markdown_shows_nothing_are_shown_as_they_were_typed(text):
    """In a preview the mark of the message stands beside its first line: there must be one."""
    assert words(text) == text


@pytest.mark.parametrize("draw", [markdown_parts, as_typed])
@pytest.mark.parametrize(
    "text",
    ["\u200b", "\u200b" * 999, "\u0301", "e\u0301" + "\u0301" * 999],
    ids=["one", "many", "an accent", "accents"],
)
def test_a_text_of_marks_without_a_width_has_a_line(text, draw):
    assert drawn(text, draw=draw)


def test_only_web_addresses_can_be_followed():
    text = "[a](https://example.org/x?y=1) [b](src/a.py) [c](mailto:d@e.f) [d](http://h/)"
    assert links(text) == {"https://example.org/x?y=1", "http://h/"}
    assert words(text) == "a b (src/a.py) c (mailto:d@e.f) d"


@pytest.mark.parametrize("reference", REFERENCES)
@pytest.mark.parametrize(
    "form", ["a {} b", "# {}", "[{}](http://h/)", "[a](http://h/{})", "![{}](p)", "![a]({})", "[{}](p)",
             "| {} |\n|---|\n| {} |", "- {}", "```{}\n{}\n```", "`{}`"],
)  # fmt: skip
def test_what_the_parser_decodes_is_safe_and_in_its_own_cells(form, reference):
    for strip in drawn(form.replace("{}", reference), width=40):
        assert safe_line(strip.text) == strip.text
        assert strip.cell_length <= 42


def test_a_reference_in_code_is_shown_as_it_was_written():
    assert words("a `&#x202e;` b") == "a &#x202e; b"


def test_whatever_is_drawn_is_looked_at_last_of_all():
    link = Style(link="http://h/\x1b\\")
    lines = [Strip([Segment("a\x1b[2Jb\u202ec\n"), Segment("d", link)]), Strip([Segment("e")])]
    first, second = Block([Part(lambda: lines, 2)]).lines(0)
    assert first.text == "a␛[2Jb\ufffdc␊d"
    assert not any(segment.style and segment.style.link for segment in first)
    assert second.text == "e"


def test_an_image_says_where_it_lies():
    assert words("![a chart](pics/c.png)") == "[a chart: pics/c.png]"


@pytest.mark.parametrize(
    ("address", "followed"),
    [
        ("https://example.org/a%20b?c=d#e", "https://example.org/a%20b?c=d#e"),
        ("HTTP://x/", "HTTP://x/"),
        ("https://x/\x1b]8;;\x07", "https://x/%1B]8;;%07"),
        ("https://x/\x9cé\u202e", "https://x/%C2%9C%C3%A9%E2%80%AE"),
        ("javascript:alert(1)", None),
        ("file:///etc/passwd", None),
        ("https://" + "x" * 3000, None),
        ("https://x/\ud800", None),
    ],
)
def test_an_address_in_an_escape_sequence_holds_nothing_that_ends_it(address, followed):
    assert followable(address) == followed


@settings(deadline=None, max_examples=some_of(60))
@given(
    st.lists(
        st.sampled_from([*"ab *_`#[](){}<>!|-\n\t\x1b\x9b\x07\r\u202e\u2028中é>1.~&", *REFERENCES]),
        max_size=300,
    ).map("".join)
)
def test_no_text_brings_a_control_character_or_too_wide_a_line(text):
    for draw in (markdown_parts, as_typed):
        for strip in drawn(text, width=40, draw=draw):
            assert safe_line(strip.text) == strip.text
            assert strip.cell_length <= 42
            assert all(seg.control is None for seg in strip)


@settings(deadline=None, max_examples=some_of(40))
@given(
    st.lists(
        st.sampled_from(["word " * 40, "", "```py", "```", "- item", "x = 1", "z" * 9000]),
        max_size=200,
    )
)
def test_slices_hold_every_word_and_are_small(rows):
    text = "\n".join(rows)
    slices = list(markdown_slices(text))
    pieces = [each.text for each in slices]
    assert [each.start for each in slices] == sorted(each.start for each in slices)
    assert all(len(piece) <= 20_000 for piece in pieces)
    for character in ("z", "m", "="):
        assert "".join(pieces).count(character) == text.count(character)


def test_a_fence_that_is_cut_goes_on_as_code():
    text = "```py\n" + "x = 1\n" * 6000 + "```\nafter"
    first, second, *_ = (each.text for each in markdown_slices(text))
    assert first.startswith("```py\n")
    assert first.endswith("\n```")
    assert second.startswith("```py\n")


def test_what_a_person_typed_keeps_its_lines_and_characters():
    text = "# not a heading\n  indented\n* a\n__init__ `x` **b**\n```py\ndef f():\n    pass\n```"
    assert words(text, draw=as_typed) == text


def test_lists_tables_and_code_are_laid_out():
    shown = words(
        "# Plan\n\n1. one\n2. two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```rust\nfn f() {}\n```"
    )
    assert "Plan" in shown
    assert " 1 one\n 2 two" in shown.replace("  ", " ")
    assert "─" in shown
    table = words("| a | b | c |\n|:--|--:|:-:|\n| 1 | 2 | 3 |\n| wide | wide | wide |")
    assert " 1        2   3\n wide  wide  wide" in table
    # The mark of a message that begins with a table stands beside words.
    assert table.splitlines()[0].split() == ["a", "b", "c"]
    assert words("- [x] one\n- [ ] two").strip() == "• [x] one\n • [ ] two"
    assert "  fn f() {}" in shown


_DRAWN = """
import sys
from agcx_tui.app.blocks.markdown import markdown_parts, warm_up
from agcx_tui.app.blocks.palette import Palette
warm_up()
before = set(sys.modules)
for part in markdown_parts("# Plan\\n\\nSome *words*\\n\\n- one\\n", 60, Palette(), 2):
    assert part.draw()
new = set(sys.modules) - before
# The widths of characters are known to whoever has drawn anything.
print(*sorted(name for name in new if not name.startswith("rich._unicode_data")))
"""


def test_a_thread_can_import_all_that_drawing_needs():
    """What drawing imports itself keeps the keys waiting."""
    words = [sys.executable, "-c", _DRAWN]
    ran = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert (ran.stderr, ran.stdout.strip()) == ("", "")
