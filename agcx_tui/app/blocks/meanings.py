"""What a call means as lines: a list with ticks, questions with the person's answers, a plan.

Strategy: questions, their answers, and plans were said in the conversation, so they are shown while the call
is folded too; opened, a question shows all that could be chosen.  A checklist, a search, and work for a
subagent are one line until they are opened.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial

from rich.style import Style
from textual.strip import Strip

from agcx_format.counting import counted
from agcx_format.transcript import (
    Answer,
    Checklist,
    Delegation,
    Meaning,
    Plan,
    Question,
    Questions,
    StepState,
    WebSearch,
    safe_line,
    safe_text,
)
from agcx_tui.app.blocks.block import Part
from agcx_tui.app.blocks.lines import Piece, hang, indent
from agcx_tui.app.blocks.look import Fold, Look
from agcx_tui.app.blocks.markdown import markdown_parts

__all__ = ["meaning_parts", "meaning_summary", "prose_parts"]

# Steps and questions that are drawn.
_MOST = 200
_SUMMARY = 400


def meaning_summary(meaning: Meaning) -> str:
    """The call in one safe line; empty where its parts say it anyway."""
    match meaning:
        case Questions(asked):
            return counted(len(asked), "question") if len(asked) > 1 else ""
        case Plan():
            return ""
    return safe_line(meaning.gist[:_SUMMARY])


def meaning_parts(
    meaning: Meaning, answers: tuple[Answer, ...], look: Look, by: int, how: Fold
) -> list[Part]:
    """What is shown below the line of a call, moved right by `by` cells."""
    match meaning:
        case Questions(asked):
            return [Part.of(indent(_questions(asked[:_MOST], answers, look, by, how), by))]
        case Plan(text):
            return markdown_parts(text, look.width, look.palette, by)
        case Checklist() if how:
            return [Part.of(indent(_checklist(meaning, look, by), by))]
        case Delegation(_, prompt) if how:
            return prose_parts(prompt, look, by)
        case WebSearch(queries, _, about) if how:
            rows = queries[1:] if len(queries) > 1 else ()
            rows = (*rows, *filter(None, [about]))
            return [Part.of(indent(_rows(rows, look, by), by))] if rows else []
    return []


def prose_parts(text: str, look: Look, by: int, starts_at: int | None = None) -> list[Part]:
    """Markdown that an agent wrote for another: quieter than what it says to the person."""
    parts = markdown_parts(text, look.width, look.palette, by, starts_at)
    return [replace(part, draw=partial(_quietly, part, look.palette.output)) for part in parts]


def _quietly(part: Part, style: Style) -> list[Strip]:
    return [strip.apply_style(style) for strip in part.draw()]


def _rows(texts: Iterable[str], look: Look, by: int) -> list[Strip]:
    return [
        strip
        for text in texts
        for strip in _hanging(("", look.palette.text), text, look.palette.output, look, by)
    ]


def _hanging(mark: Piece, text: str, style: Style, look: Look, by: int) -> list[Strip]:
    return hang(mark, safe_text(text.strip()), style, max(8, look.width - by))


def _checklist(meaning: Checklist, look: Look, by: int) -> Iterator[Strip]:
    palette = look.palette
    if meaning.note:
        yield from _rows([meaning.note], look, by)
    for step in meaning.steps[:_MOST]:
        style = palette.text if step.state is StepState.DOING else palette.output
        yield from _hanging((f"{step.state.mark} ", palette.muted), step.words, style, look, by)


def _questions(
    asked: tuple[Question, ...], answers: tuple[Answer, ...], look: Look, by: int, how: Fold
) -> Iterator[Strip]:
    palette = look.palette
    for question in asked:
        yield from _hanging(("", palette.text), question.words, palette.text, look, by)
        answer = next((each for each in answers if each.question == question), None)
        if how:
            yield from _choices(question, answer, look, by)
        if answer is not None:
            yield from _hanging(("→ ", palette.user), answer.words, palette.user, look, by)


def _choices(question: Question, answer: Answer | None, look: Look, by: int) -> Iterator[Strip]:
    palette = look.palette
    for choice in question.choices[:_MOST]:
        is_chosen = answer is not None and answer.chose(choice)
        mark = f"  {'●' if is_chosen else '○'} ", palette.muted
        style = palette.text if is_chosen else palette.output
        yield from _hanging(mark, choice.words, style, look, by)
