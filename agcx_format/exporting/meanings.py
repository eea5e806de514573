"""What a tool call means, as Markdown: a list with ticks, questions and answers, a plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from agcx_format.exporting.embedding import code_span, embedded, one_line
from agcx_format.transcript.answers import Answer
from agcx_format.transcript.meaning import (
    Checklist,
    Delegation,
    Meaning,
    Plan,
    Question,
    Questions,
    Step,
    StepState,
    WebSearch,
)

__all__ = ["answers_markdown", "meaning_markdown"]


def meaning_markdown(meaning: Meaning) -> Iterator[str]:
    """Blocks of Markdown that do not affect what follows them."""
    match meaning:
        case Checklist(steps, note):
            if note:
                yield embedded(note)
            yield "\n".join(map(_step, steps))
        case Questions(asked):
            yield from (block for question in asked for block in _question(question))
        case Plan(text):
            yield embedded(text)
        case Delegation(task, prompt, agent):
            named = f"{code_span(agent)}: " if agent else ""
            if named or task:
                yield f"*Subagent* {named}{one_line(task)}".rstrip(": ")
            yield embedded(prompt)
        case WebSearch(about=about):
            yield "\n".join(f"- {code_span(each)}" for each in meaning.looked_for)
            if about:
                yield embedded(about)


_REMARKS = {StepState.DOING: " *(in progress)*", StepState.DROPPED: " *(dropped)*"}


def _step(step: Step) -> str:
    tick = "x" if step.state is StepState.DONE else " "
    return f"- [{tick}] {one_line(step.words)}{_REMARKS.get(step.state, '')}"


def _question(question: Question) -> Iterator[str]:
    yield f"**{one_line(question.words)}**"
    if question.choices:
        yield "\n".join(
            f"- {one_line(each.label)}"
            f"{f': {one_line(each.description)}' if each.description else ''}"
            for each in question.choices
        )


def answers_markdown(answers: Iterable[Answer]) -> Iterator[str]:
    """The person's answers, each below its question."""
    for answer in answers:
        yield f"**{one_line(answer.question.words)}**\n\n→ {one_line(answer.words)}"
