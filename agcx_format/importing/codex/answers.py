"""Reads the questions that Codex asked a person, and the answers."""

from __future__ import annotations

from typing import Any

import msgspec

from agcx_format.importing.draft_entry import DraftEntry
from agcx_format.importing.fields import as_text
from agcx_format.importing.notices import answers
from agcx_format.model.items import FunctionCall

__all__ = ["answers_in"]


def answers_in(called: DraftEntry | None, output: str) -> str:
    """The questions of the agent with the person's answers; empty if the call was for something else."""
    item = called and called.item
    if not isinstance(item, FunctionCall) or item.name != "request_user_input":
        return ""
    match _parsed(output):
        case {"answers": dict(given)}:
            questions = _questions(_parsed(item.arguments))
            return answers(
                {questions.get(str(name)) or str(name): _answer(a) for name, a in given.items()}
            )
    return ""


def _questions(arguments: Any) -> dict[str, str]:
    match arguments:
        case {"questions": list(questions)}:
            return {
                as_text(each.get("id")): as_text(each.get("question")) or as_text(each.get("id"))
                for each in questions
                if isinstance(each, dict)
            }
    return {}


def _answer(given: Any) -> Any:
    return given["answers"] if isinstance(given, dict) and "answers" in given else given


def _parsed(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return None
