"""Whatever a message says, it is drawn: within its width, with a line for its mark, and without raising."""

from __future__ import annotations

import json
from unicodedata import category

from hypothesis import example, given
from hypothesis import strategies as st

from agcx_format.model.items import MessageSnapshot
from agcx_tui.app.blocks.look import Around, Fold, Look
from agcx_tui.app.blocks.message import draw_message
from agcx_tui.app.blocks.palette import Palette
from tests.slow.fuzz.strategies import values
from tests.support.messages import assistant, call, output, thought, user

# What Markdown, terminals, and counts of cells trip over, to be put one after the other.
FRAGMENTS = [
    "31.", "1)", "- ", "# ", "> ", "```", "```py\n", "~~~", "|a|b|\n|-|-|\n", "* *", "---", "***",
    "[a]: http://h/", "[x](http://h/)", "![i](p.png)", "<b>", "<!--", "&amp;", "\\", "`", "**", "__",
    "\n", "\n\n", "\r\n", "\t", "    ", " ", "word", "x" * 130, "$", "@@ -1 +1 @@", "+a", "-b",
    "*** Update File: a",
    "\0", "\x1b[31m", "\x07", "\x9b", "\u200b", "\u200d", "\u0301", "\ufe0f", "\u202e", "\ufeff", "\u2028",
    "漢", "ﬁ", "\U0001f469\u200d\U0001f4bb", "\U0001f1e9\U0001f1ea", "\U000e0001", "ﷺ", "\u1160", "\t" * 9,
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=3), max_size=9).map("".join)
ARGUMENTS = st.one_of(
    TEXTS,
    st.dictionaries(
        st.sampled_from(["command", "cmd", "input", "plan", "file_path", "questions", "todos", "prompt"]),
        st.one_of(TEXTS, st.lists(TEXTS, max_size=3), st.integers(), st.none()),
        max_size=3,
    ).map(json.dumps),
)  # fmt: skip
NAMES = st.sampled_from(
    ["shell", "apply_patch", "update_plan", "Edit", "TodoWrite", "AskUserQuestion", "ExitPlanMode",
     "Task", "WebSearch", "Read", "odd\x1bname", ""]
)  # fmt: skip
MESSAGES = st.one_of(
    TEXTS.map(user),
    TEXTS.map(assistant),
    TEXTS.map(thought),
    TEXTS.map(output),
    st.builds(lambda arguments, name: call(arguments, name=name), ARGUMENTS, NAMES),
    values(MessageSnapshot),
)


@given(MESSAGES, st.none() | MESSAGES, st.none() | MESSAGES, st.integers(44, 130))
@example(assistant("31."), None, None, 40)
def test_any_message_is_drawn_within_its_width(
    message: MessageSnapshot,
    previous: MessageSnapshot | None,
    partner: MessageSnapshot | None,
    width: int,
):
    around = Around(0, previous=previous, partner=partner, adjacent=partner is not None)
    for how in Fold:
        for compact in (False, True):
            block = draw_message(message, around, Look(width, Palette(), compact=compact), how)
            lines = [strip for part in range(len(block.parts)) for strip in block.lines(part)]
            assert block.height == len(lines)
            # What its call shows is not repeated.
            assert len(lines) > block.head or not block.parts
            for strip in lines:
                assert strip.cell_length <= width, strip.text
                assert not [each for each in strip.text if category(each) == "Cc"]
