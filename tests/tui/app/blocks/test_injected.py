"""What a program added to a person's message is one line in plain words, or not shown until it is opened."""

from __future__ import annotations

from agcx_format.model.items import InputImage, InputText, Message
from agcx_tui.app.blocks.look import Around, Fold, Look
from agcx_tui.app.blocks.message import draw_message
from agcx_tui.app.blocks.palette import Palette
from tests.support.messages import snapshot


def drawn(*parts, how=Fold.FOLDED) -> str:
    message = snapshot(Message(None, "user", list(parts)))
    block = draw_message(message, Around(0), Look(80, Palette(), compact=True), how)
    rows = [strip.text for part in range(len(block.parts)) for strip in block.lines(part)]
    return "\n".join(rows)


def test_a_command_without_words_is_shown_as_it_was_typed():
    text = InputText("<command-name>/clear</command-name>\n<command-args></command-args>")
    assert "command  /clear" in drawn(text)
    assert "<command-name>" not in drawn(text)
    assert "<command-name>" in drawn(text, how=Fold.OPEN)


def test_the_marks_around_a_picture_are_not_among_the_words():
    marks = InputText("<image name=[Image #1]>"), InputText("</image>")
    said = marks[0], InputImage("data:image/png;base64,iVBORw0KGgo="), marks[1], InputText("Why?")
    folded = drawn(*said)
    assert "PNG image" in folded
    assert "Why?" in folded
    assert "<image" not in folded
    assert "</image>" not in folded
    assert "<image name" in drawn(*said, how=Fold.OPEN)
