"""What became of a tool call: the one answer that every view, export, and filter gives.

Strategy: the facts about a call lie in up to four places: the call, its output, the wrapping around the
output's text, and the records in the metadata of either message. `tool_call` merges them. Where they
contradict each other, an exit code is believed first, and a failure before a success.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec
from msgspec.structs import replace

from agcx_format.errors import PersistenceError
from agcx_format.model.items import (
    FunctionCall,
    FunctionCallOutput,
    InputImage,
    InputText,
    LocalShellCall,
    LocalShellStatus,
    MessageMetadata,
    MessageSnapshot,
    ToolCallMetadata,
)
from agcx_format.transcript.answers import Answer, answers_in
from agcx_format.transcript.meaning import Delegation, Meaning, Questions, WebSearch
from agcx_format.transcript.outputs import CallOutcome, Output, read_output
from agcx_format.transcript.tools import Call, read_call
from agcx_format.transcript.web_links import with_list_of_links

__all__ = [
    "CallReader",
    "ToolCall",
    "outcome_of_record",
    "outcome_of_records",
    "paired_calls",
    "tool_call",
    "tool_call_of_item",
]


# What the provider of the model runs; an agent learns of it that it ended.
_PROVIDERS_TOOLS = frozenset(("web_search", "image_generation"))

# Not unions, which would be built for each message.
_CALLS = (FunctionCall, LocalShellCall)
_IN_PROSE = (Delegation, WebSearch)


class ToolCall(msgspec.Struct, frozen=True, gc=False):
    """A tool call, its output, or both, and how it went.

    Fields:
        name: of the tool; empty if only an output is known, and not which tool it is of.
        call_id: pairs the call with its output; None for a call without one.
        call: what was asked; None for an output alone.
        output: what came back; None for a call alone.
        outcome: how it went, from all sources.
        errors: the lines of `outcome.error`, one for each source that has one.
        files: paths of the files that it names or that are attached to its messages.
        meaning: of the call, also for an output alone whose call is known.
        answers: of the person, if the call asked questions and the output is known.
        is_all_answers: whether the output says nothing else.
    """

    name: str
    call_id: str | None
    call: Call | None
    output: Output | None
    outcome: CallOutcome
    errors: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    meaning: Meaning | None = None
    answers: tuple[Answer, ...] = ()
    is_all_answers: bool = False

    @property
    def command(self) -> str | None:
        """The shell command as one would type it."""
        return self.call.command if self.call else None

    @property
    def directory(self) -> str | None:
        """Where the command ran; None if the call does not say."""
        return self.call.directory if self.call else None

    @property
    def failed(self) -> bool:
        """Whether the call is known to have failed; False while that is unknown."""
        return self.outcome.success is False

    @property
    def shown_output(self) -> tuple[InputText | InputImage, ...]:
        """The texts and pictures that came back, for people: without what `answers` say, links as a list."""
        if self.output is None or self.is_all_answers:
            return ()
        if not isinstance(self.meaning, WebSearch):
            return self.output.content
        return tuple(
            InputText(with_list_of_links(each.text)) if isinstance(each, InputText) else each
            for each in self.output.content
        )

    @property
    def answers_in_prose(self) -> bool:
        """Whether what came back was written by a model: by a subagent, or about what a search found."""
        return isinstance(self.meaning, _IN_PROSE)

    @property
    def is_only_status(self) -> bool:
        """Whether the output only says that the call is done: a provider's own tool reports no more."""
        return (
            self.name in _PROVIDERS_TOOLS
            and self.output is not None
            and self.output.text.strip() == "completed"
        )

    @property
    def unsaid_errors(self) -> tuple[str, ...]:
        """The errors that neither the exit code nor the output's text already say."""
        said = self.output.text if self.output is not None else ""
        return tuple(e for e in self.errors if _code_in(e) is None and e not in said)


def tool_call(
    call: MessageSnapshot | None = None, output: MessageSnapshot | None = None
) -> ToolCall | None:
    """A tool call from its message, its output's message, or both; None if neither is one."""
    asked = _of_call(call.item, call.metadata) if call is not None else None
    if output is None or not isinstance(output.item, FunctionCallOutput):
        return asked
    remembered = _remembered(call, asked) if call is not None else None
    answered = _of_output(output.item, output.metadata, remembered)
    return answered if asked is None else _joined(asked, answered)


def _joined(asked: ToolCall, answered: ToolCall) -> ToolCall:
    files = tuple(dict.fromkeys((*asked.files, *answered.files)))
    return replace(answered, call=asked.call, files=files)


def tool_call_of_item(item: object) -> ToolCall | None:
    """A call or output alone, without metadata: an earlier version of an edited message, for example."""
    if isinstance(item, FunctionCallOutput):
        return _of_output(item, None, None)
    return _of_call(item, None)


class CallReader:
    """Reads the calls and outputs of a conversation in order, and pairs them by their call id.

    It remembers a few words of each call, so its memory grows with the number of calls alone.
    """

    def __init__(self) -> None:
        self._calls: dict[str, _Remembered] = {}

    def read(self, message: MessageSnapshot) -> ToolCall | None:
        """The call or output that the message holds, None for any other message.

        For an output, `name` and `outcome` include what was read of its call before.
        """
        item = message.item
        if isinstance(item, FunctionCallOutput):
            return _of_output(item, message.metadata, self._calls.get(item.call_id))
        found = _of_call(item, message.metadata)
        asked = _remembered(message, found)
        if asked is not None and asked.call_id:
            self._calls[asked.call_id] = asked
        return found


def paired_calls(messages: Iterable[MessageSnapshot]) -> Iterator[tuple[int, ToolCall]]:
    """Every tool call once, with its output: the number of its message, from 0, and the call.

    A call comes when its output is reached, those without one last; an output without a call is alone.

    Raises:
        PersistenceError: the one of `messages`, after all calls before it.
    """
    reader = CallReader()
    waiting: dict[str, tuple[int, ToolCall]] = {}
    try:
        for number, message in enumerate(messages):
            found = reader.read(message)
            if found is None:
                continue
            before = waiting.pop(found.call_id, None) if found.call_id else None
            if found.output is None:
                if before is not None:
                    # The id was used before, and nothing answered that call.
                    yield before
                if found.call_id:
                    waiting[found.call_id] = number, found
                else:
                    yield number, found
            elif before is None:
                yield number, found
            else:
                yield before[0], _joined(before[1], found)
    except PersistenceError:
        yield from waiting.values()
        raise
    yield from waiting.values()


class _Remembered(msgspec.Struct, frozen=True, gc=False):
    """What an output needs to know of its call."""

    name: str
    call_id: str | None
    records: tuple[ToolCallMetadata, ...]
    status: str | None
    meaning: Meaning | None


def _remembered(message: MessageSnapshot, call: ToolCall | None) -> _Remembered | None:
    if call is None or call.call is None:
        return None
    return _Remembered(
        call.name, call.call_id, _records(message.metadata), _status(message.item), call.meaning
    )


def _status(item: object) -> str | None:
    """What a call says of its end; None once it has ended normally, or if it never says."""
    if not isinstance(item, LocalShellCall) or item.status is LocalShellStatus.COMPLETED:
        return None
    return str(item.status.value)


def _records(metadata: MessageMetadata | None) -> tuple[ToolCallMetadata, ...]:
    return tuple(metadata.tool_calls) if metadata is not None else ()


def _of_call(item: object, metadata: MessageMetadata | None) -> ToolCall | None:
    if not isinstance(item, _CALLS):
        return None
    call = read_call(item)
    outcome, errors = _outcome(_records(metadata), _status(item), None)
    files = _files(call.files, metadata)
    return ToolCall(
        call.name, item.call_id, call, None, outcome, errors, files, meaning=call.meaning
    )


def _of_output(
    item: FunctionCallOutput, metadata: MessageMetadata | None, asked: _Remembered | None
) -> ToolCall:
    records, output = _records(metadata), read_output(item.output)
    name = asked.name if asked else next((r.tool_name for r in records if r.tool_name), "")
    # A program may record the same call on both messages: the later record is the complete one.
    outcome, errors = _outcome(
        records or (asked.records if asked else ()), asked.status if asked else None, output
    )
    meaning = asked.meaning if asked else None
    answers: tuple[Answer, ...] = ()
    is_all = False
    if isinstance(meaning, Questions):
        answers, is_all = answers_in(meaning.asked, output.text)
    return ToolCall(
        name,
        item.call_id,
        None,
        output,
        outcome,
        errors,
        _files((), metadata),
        meaning,
        answers,
        is_all,
    )


def _files(named: tuple[str, ...], metadata: MessageMetadata | None) -> tuple[str, ...]:
    attached = metadata.file_context if metadata is not None else ()
    return tuple(dict.fromkeys((*named, *(file.path for file in attached)))) if attached else named


def outcome_of_record(record: ToolCallMetadata) -> CallOutcome:
    """What one record in a message's metadata says. A time of 0 counts as not measured."""
    return CallOutcome(
        success=record.success,
        exit_code=_code_in(record.error) if record.error else None,
        seconds=record.execution_time_ms / 1000 or None,
        error=record.error or None,
    )


def outcome_of_records(records: Sequence[ToolCallMetadata]) -> CallOutcome:
    """What the records of a message that holds neither a call nor an output say together."""
    return _outcome(records, None, None)[0]


def _outcome(
    records: Sequence[ToolCallMetadata], asked_status: str | None, output: Output | None
) -> tuple[CallOutcome, tuple[str, ...]]:
    """The outcome, and its errors one by one; `asked_status` is what the call says of its end."""
    own = output.outcome if output is not None else _UNKNOWN
    if not records and own.status is None and asked_status is None:
        # Nothing contradicts or completes it, as of most.
        return own, (own.error,) if own.error else ()
    recorded = [outcome_of_record(record) for record in records]
    if len(recorded) == 1 and own is _UNKNOWN and asked_status is None:
        # The only one that says anything, as for many calls.
        return recorded[0], (recorded[0].error,) if recorded[0].error else ()
    verdicts = [each.success for each in (own, *recorded)]
    codes = [each.exit_code for each in (own, *recorded) if each.exit_code is not None]
    times = [each.seconds for each in recorded if each.seconds is not None]
    status = own.status
    if status is None and own.success is None:
        status = asked_status
    success = False if False in verdicts else True if True in verdicts else None
    if success and status in _NOT_ENDED:
        success = None
    recorded_errors = [each.error for each in recorded if each.error]
    errors = tuple(dict.fromkeys(recorded_errors or filter(None, [own.error])))
    outcome = CallOutcome(
        success=success,
        exit_code=codes[0] if codes else None,
        seconds=own.seconds if own.seconds is not None else sum(times) or None,
        error="\n".join(errors) or None,
        status=status,
    )
    return outcome, errors


_UNKNOWN = CallOutcome()
_NOT_ENDED = frozenset({"in_progress", "incomplete"})

_exit_code = re.compile(r"exit(?:ed with)? (?:code|status) (-?\d{1,10})").fullmatch


def _code_in(error: str) -> int | None:
    code = _exit_code(error)
    return int(code[1]) if code else None
