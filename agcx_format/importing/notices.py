"""What happened in a conversation beside what was said, as short messages of the system."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agcx_format.importing.draft import ImportDraft
from agcx_format.importing.environment import count_of
from agcx_format.importing.fields import as_json, as_text
from agcx_format.model.items import InputText, Message

__all__ = ["add_notice", "add_unknown", "answers", "compacted", "notice", "summary"]

# Fields in which a line of an unknown type may hold its text, the best first.
_TEXTS = ("text", "message", "content", "summary", "title", "reason")


def notice(words: str) -> Message:
    return Message(None, "system", [InputText(words)])


def add_notice(draft: ImportDraft, words: str, number: int) -> None:
    draft.add(notice(words), number)


def summary(words: str) -> Message:
    """What takes the place of a compacted conversation: long, and not written by the person."""
    return Message(None, "developer", [InputText(words)])


def compacted(trigger: Any, before: Any, after: Any = None) -> str:
    """A line on a compaction; `before` and `after` are numbers of tokens, if known."""
    how = {"auto": " automatically", "manual": " on request"}.get(as_text(trigger), "")
    sizes = [f"{count:,}" for count in (count_of(before), count_of(after)) if count]
    tokens = f": {' → '.join(sizes)} tokens" if sizes else ""
    return f"Context compacted{how}{tokens}"


def answers(given: Mapping[str, Any]) -> str:
    """Questions of the agent and the person's answers."""
    lines = []
    for question, answer in given.items():
        texts = answer if isinstance(answer, list) else [answer]
        words = ", ".join(text if isinstance(text, str) else as_json(text) for text in texts)
        lines.append(f"Asked: {question}\nAnswered: {words}")
    return "\n".join(lines)


def add_unknown(draft: ImportDraft, kind: str, value: dict[str, Any], number: int) -> None:
    """Keep a line of an unknown type as readable text; one without any field is only counted."""
    draft.unknown.add(kind, number, value)
    if not value:
        return
    payload = value.get("payload")
    fields = payload if isinstance(payload, dict) else value
    texts = [fields[name] for name in _TEXTS if as_text(fields.get(name)).strip()]
    words = texts[0] if texts else as_json(fields)
    add_notice(draft, f"[{kind}] {words}", number)
