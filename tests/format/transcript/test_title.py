"""A title is the first sentence that a person wrote, as far as there is room."""

from __future__ import annotations

import pytest

from agcx_format.transcript import short_title


@pytest.mark.parametrize(
    ("words", "title"),
    [
        ("\n \n  Fix the  parser\n\nIt fails on tabs.", "Fix the parser"),
        ("I want to migrate this app from\n  @old/client to prisma.\nPlan it.",
         "I want to migrate this app from @old/client to prisma."),
        ("Create a new \n  package for\n\nlater", "Create a new package for"),
        ("Quality score\n- one widget", "Quality score"),
        ("Do this:\nfirst that", "Do this:"),
        ("Hello\nWorld", "Hello"),
        ("word " * 30, "word " * 15 + "word…"),
        ("x" * 100 + "\nand more", "x" * 79 + "…"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_title_is_the_first_sentence_that_was_written(words, title):
    assert short_title(words) == title
    assert len(title) <= 80
