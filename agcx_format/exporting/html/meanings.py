"""What a tool call means, as HTML: a list with ticks, questions and answers, a plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from agcx_format.exporting.html.markdown import escaped, markdown_html
from agcx_format.transcript.answers import Answer
from agcx_format.transcript.meaning import (
    Checklist,
    Delegation,
    Meaning,
    Plan,
    Question,
    Questions,
    WebSearch,
)

__all__ = ["answers_html", "meaning_html"]


def meaning_html(meaning: Meaning) -> Iterator[str]:
    """Elements, in order."""
    match meaning:
        case Checklist(steps, note):
            if note:
                yield markdown_html(note)
            yield _list(f"{step.state.mark} {escaped(step.words)}" for step in steps)
        case Questions(asked):
            yield from (element for question in asked for element in _question(question))
        case Plan(text):
            yield markdown_html(text)
        case Delegation(task, prompt, agent):
            words = ": ".join(filter(None, (agent, task)))
            yield f'<p class="note">Subagent {escaped(words)}</p>'
            yield markdown_html(prompt)
        case WebSearch(about=about):
            yield _list(f"<code>{escaped(each)}</code>" for each in meaning.looked_for)
            if about:
                yield markdown_html(about)


def _question(question: Question) -> Iterator[str]:
    yield f"<p><strong>{escaped(question.words)}</strong></p>"
    if question.choices:
        yield _list(escaped(each.words) for each in question.choices)


def _list(entries: Iterable[str]) -> str:
    return f'<ul class="plain">{"".join(f"<li>{entry}</li>" for entry in entries)}</ul>'


def answers_html(answers: Iterable[Answer]) -> Iterator[str]:
    """The person's answers, each below its question."""
    for answer in answers:
        yield (
            f"<p><strong>{escaped(answer.question.words)}</strong><br>→ {escaped(answer.words)}</p>"
        )
