"""Reads what some outputs of tools of Codex mean: a person's answers, a subagent that was started."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from agcx_format.importing.draft_entry import DraftEntry
from agcx_format.importing.fields import as_text
from agcx_format.importing.notices import answers
from agcx_format.model.ids import session_id
from agcx_format.model.items import FunctionCall
from agcx_format.transcript.json_text import decoded_json

__all__ = ["TELLING", "answers_in", "started_by"]

# How the names of the tools end that these read the output of.
TELLING = ("request_user_input", "spawn_agent")


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


def started_by(called: DraftEntry | None, output: str) -> UUID | None:
    """The session of the subagent that a call has started; None if the call was for something else."""
    item = called and called.item
    if not isinstance(item, FunctionCall) or item.name.rpartition(".")[2] != "spawn_agent":
        return None
    match _parsed(output):
        case {"agent_id": str(agent)}:
            return session_id(agent, "") if agent else None
    return None


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
        return decoded_json(text)
    except ValueError:
        return None
