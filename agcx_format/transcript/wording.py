"""Short plain-text descriptions that all views of a conversation share: who speaks, when, how a call went.

Text that comes from the session is not made safe here: what shows it knows for which medium.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from agcx_format.model.items import (
    FileContext,
    FunctionCall,
    FunctionCallOutput,
    LocalShellCall,
    Message,
    Reasoning,
    ReasoningWithoutContent,
    ToolCallMetadata,
    UnknownItem,
)
from agcx_format.transcript.answers import Answer
from agcx_format.transcript.arguments import readable_arguments
from agcx_format.transcript.meaning import (
    Checklist,
    Delegation,
    Meaning,
    Plan,
    Questions,
    WebSearch,
)
from agcx_format.transcript.outputs import CallOutcome
from agcx_format.transcript.tool_calls import outcome_of_record
from agcx_format.transcript.tools import Call
from agcx_format.transcript.words import genuine_user_text, is_tool_image

__all__ = [
    "answer_lines", "call_parts", "describe_extent", "describe_file", "describe_image", "describe_outcome",
    "describe_record", "describe_speaker", "describe_time", "is_context", "is_instruction", "shortened",
]  # fmt: skip

# The end of a title, name, or URL longer than this adds nothing.
_LONGEST_LINE = 200

_ROLES = {"user": "User", "assistant": "Assistant", "system": "System", "developer": "Developer"}


def shortened(text: str) -> str:
    """At most what one line should hold."""
    return text if len(text) <= _LONGEST_LINE else f"{text[:_LONGEST_LINE]}…"


def is_instruction(message: Message) -> bool:
    """Whether it instructs the agent how to behave."""
    return message.role in ("system", "developer")


def is_context(message: Message) -> bool:
    """Whether the agent, not the person, wrote this message of the role `user`."""
    return message.role == "user" and bool(message.content) and genuine_user_text(message) is None


def describe_speaker(item: object, tool: str = "") -> str:
    """Who or what a message is from, on one line; `tool` is the name of the tool it belongs to."""
    return " ".join(shortened(_speaker(item, tool)).split())


def _speaker(item: object, tool: str) -> str:
    match item:
        case Message() if is_tool_image(item):
            return "Tool image"
        case Message() if is_context(item):
            return "Context"
        case Message():
            return _ROLES.get(item.role) or item.role or "Message"
        case Reasoning() | ReasoningWithoutContent():
            return "Reasoning"
        case FunctionCall() | LocalShellCall():
            return f"Tool call: {tool}"
        case FunctionCallOutput():
            return f"Tool output: {tool}" if tool else "Tool output"
        case UnknownItem():
            return f"Item of an unknown kind: {item.tag}"
    return "Other"


def describe_time(moment: str) -> str:
    """UTC to the second: a document goes to people in other time zones."""
    date, _, rest = moment.partition("T")
    return f"{date} {rest[:8]} UTC"


def describe_image(url: str) -> str:
    """Media type and size of a `data:` URL; another URL, shortened."""
    if url[:5].lower() != "data:":
        return shortened(url)
    head, _, data = url[5 : 5 + _LONGEST_LINE].partition(",")
    media_type = head.split(";")[0] or "text/plain"
    size = len(url) - 5 - len(head) - 1 if data else 0
    if head.endswith(";base64"):
        size = size * 3 // 4 - url[-2:].count("=")
    return f"{media_type}, {max(0, size):,} bytes"


def describe_outcome(outcome: CallOutcome) -> str:
    """How a call went and how long it took: `exit 2 · 0.4 s`; empty where nothing is known."""
    return " · ".join(filter(None, (outcome.word, _duration(outcome.seconds))))


def _duration(seconds: float | None) -> str:
    if not seconds:
        return ""
    return f"{seconds:.1f} s" if seconds >= 0.1 else f"{seconds * 1000:.0f} ms"


def describe_record(record: ToolCallMetadata) -> str:
    """A record of a tool call in a message that holds neither a call nor an output."""
    return f"{shortened(record.tool_name) or 'Tool'}: {describe_outcome(outcome_of_record(record))}"


def describe_file(file: FileContext) -> str:
    """Path, lines, and language of a file that is attached to a message, on one line."""
    path = " ".join(shortened(file.path).split()) or "(no path)"
    return ", ".join(filter(None, (path, describe_extent(file))))


def describe_extent(file: FileContext) -> str:
    """Lines and language of an attached file: `lines 3 to 9, rust`; empty if neither is given."""
    lines = ""
    if file.line_range is not None:
        lines = f"lines {file.line_range[0]} to {file.line_range[1]}"
    language = " ".join(shortened(file.language or "").split())
    return ", ".join(filter(None, (lines, language)))


def call_parts(call: Call, *, as_json: bool = False) -> Iterator[str]:
    """What a call asks for, a part at a time: where, with which settings, and the command or arguments.

    `as_json` keeps the arguments as one JSON document; else long texts in them are beside it.
    """
    if call.directory:
        yield f"in {call.directory}"
    if call.settings:
        yield f"with {', '.join(call.settings)}"
    if call.meaning is not None:
        yield from _meaning_lines(call.meaning)
        return
    if call.command is not None:
        yield f"$ {call.command}"
    elif call.text or as_json:
        yield call.text or call.arguments
    else:
        yield from _argument_parts(call)


def _argument_parts(call: Call) -> Iterator[str]:
    arguments, passages = readable_arguments(call)
    yield arguments
    for passage in passages:
        if passage.name:
            yield f"{passage.name}:"
        yield passage.text


def _meaning_lines(meaning: Meaning) -> Iterator[str]:
    match meaning:
        case Checklist(steps, note):
            if note:
                yield note
            yield from (f"{step.state.mark} {step.words}" for step in steps)
        case Questions(asked):
            for question in asked:
                yield question.words
                yield from (f"  - {choice.words}" for choice in question.choices)
        case Plan(text):
            yield text
        case Delegation(task, prompt, agent):
            yield ": ".join(filter(None, (agent, task)))
            yield prompt
        case WebSearch(about=about):
            yield from (*meaning.looked_for, *filter(None, [about]))


def answer_lines(answers: Iterable[Answer]) -> Iterator[str]:
    """The person's answers, each below its question."""
    for answer in answers:
        yield answer.question.words
        yield f"→ {answer.words}"
