"""What the person answered to the questions of an agent, read from the output of the call that asked.

Strategy: the output is JSON with the answers by the key, the words, or the number of their question, or a
sentence that holds all questions and answers, or lines with a heading each. The questions are known, so a
quotation mark in an answer does no harm. An output in an unknown form gives no answers,
and is shown unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from agcx_format.transcript.json_text import decoded_json
from agcx_format.transcript.meaning import Choice, Question

__all__ = ["Answer", "answers_in"]


class Answer(msgspec.Struct, frozen=True):
    """An answer of the person; `words` are a label of one or more choices, or their own."""

    question: Question
    words: str

    def chose(self, choice: Choice) -> bool:
        """Whether the person chose this one."""
        return f", {choice.label}, " in f", {self.words}, "


# All that an output says beside questions and answers.
_frame = re.compile(
    r"(?:The )?User has (?:answered your questions?|provided the following answers?)|"
    r"Your questions have been answered|You can now continue with the user's answers in mind"
)
# How an answer in quotation marks ends.
_end = re.compile(r'"(?=, "|\. ?(?:You can\b|\Z)|\s*\Z| (?:selected preview|user notes|notes):)')
_one = re.compile(r"\s*User (?:selected|responded|answered):\s*(.*)", re.DOTALL)


def answers_in(questions: tuple[Question, ...], output: str) -> tuple[tuple[Answer, ...], bool]:
    """The answers in the order of the questions, and whether they are all that the output says."""
    if output[:1] == "{" and (found := _from_json(questions, output)):
        return found, True
    if one := _one.fullmatch(output):
        words = one[1].strip()
        return (
            ((Answer(questions[0], words),), True) if len(questions) == 1 and words else ((), False)
        )
    answers: list[Answer] = []
    rest, at = [], 0
    for question, (start, end, words) in _quoted(questions, output) or _headed(questions, output):
        answers.append(Answer(question, words))
        rest.append(output[at:start])
        at = end
    rest.append(output[at:])
    left = _frame.sub("", "".join(rest))
    return tuple(answers), bool(answers) and not re.search(r"\w", left)


_Found = list[tuple[Question, tuple[int, int, str]]]


def _quoted(questions: Iterable[Question], output: str) -> _Found:
    """`"Which one?"="The first", "And now?"="Stop"`, with the places of each."""
    found: _Found = []
    at = 0
    for question in questions:
        opening = f'"{question.words}"="'
        start = output.find(opening, at)
        closing = _end.search(output, start + len(opening)) if start >= 0 else None
        if closing is None:
            continue
        words = output[start + len(opening) : closing.start()]
        at = closing.end()
        found.append((question, (start, at, words)))
    return found


def _headed(questions: Iterable[Question], output: str) -> _Found:
    """`**Header**: The first` or `[question] Which one?`, `[answer] The first`, an answer a line."""
    found: _Found = []
    at = 0
    for number, question in enumerate(questions, 1):
        heading = re.compile(
            rf"(?:^\*\*{re.escape(question.header or question.words)}\*\*: *"
            rf"|^\s*(?:{number}[.)])?\s*\[question\] *{re.escape(question.words)}\s*\n\s*\[answer\] *)(.+)$",
            re.MULTILINE,
        )
        if line := heading.search(output, at):
            at = line.end()
            found.append((question, (line.start(), at, line[1].strip())))
    return found


def _from_json(questions: tuple[Question, ...], output: str) -> tuple[Answer, ...]:
    try:
        match decoded_json(output):
            case {"answers": dict(given)}:
                return tuple(_by_key(questions, given))
    except ValueError:
        pass
    return ()


def _by_key(questions: tuple[Question, ...], given: dict[str, Any]) -> Iterable[Answer]:
    for number, question in enumerate(questions):
        keys = (question.key, question.words, question.header, str(number))
        value = next((given[key] for key in keys if key and key in given), None)
        if isinstance(value, dict):
            value = value.get("answers")
        words = [value] if isinstance(value, str) else value
        if isinstance(words, list) and (texts := [each for each in words if isinstance(each, str)]):
            yield Answer(question, ", ".join(texts))
