"""Converts one `response_item` of a Codex rollout to items of AGCX.

Strategy: AGCX has the item types that Codex had in the middle of 2025. Newer types are expressed in these, so
that every reader of AGCX can show them: tools of any kind become function calls and outputs. An item of an
unknown type becomes a function call or output that contains it as JSON. The draft counts every item that is
not kept unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import Any

from agcx_format.importing.codex.answers import TELLING, answers_in, started_by
from agcx_format.importing.codex.content import content_in
from agcx_format.importing.codex.family import Letter
from agcx_format.importing.codex.outputs import output_text
from agcx_format.importing.codex.plans import Plans, Proposal, proposal_in
from agcx_format.importing.codex.speakers import PASSTHROUGH, spoken
from agcx_format.importing.draft import ImportDraft
from agcx_format.importing.fields import as_json, as_text, optional_text
from agcx_format.importing.notices import notice
from agcx_format.model import unchecked
from agcx_format.model.items import (
    ExecAction,
    FunctionCallOutput,
    InputImage,
    InputText,
    Item,
    LocalShellCall,
    LocalShellStatus,
    Message,
    OutputText,
    PlainText,
    Reasoning,
    ReasoningText,
)
from agcx_format.transcript.words import OUTPUT_IMAGE, genuine_user_text, text_of

__all__ = ["Items"]

_WITHOUT_CONVERSATION = frozenset(
    {
        "additional_tools",
        "compaction",
        "compaction_summary",
        "compaction_trigger",
        "configuration_update",
        "context_compaction",
        "ghost_snapshot",
    }
)

# The fields of each type that are converted below, and the type itself. Other fields are counted as left
# out.
_FIELDS = {
    "message": {"type", "id", "role", "content"},
    "reasoning": {"type", "id", "summary", "content", "encrypted_content"},
    "local_shell_call": {"type", "id", "call_id", "status", "action"},
    "function_call": {"type", "id", "name", "namespace", "arguments", "call_id"},
    "function_call_output": {"type", "call_id", "output"},
    "custom_tool_call": {"type", "id", "call_id", "name", "namespace", "input"},
    "custom_tool_call_output": {"type", "call_id", "output"},
    "web_search_call": {"type", "id", "call_id", "action", "status"},
    "tool_search_call": {"type", "id", "call_id", "arguments"},
    "tool_search_output": {"type", "call_id", "tools"},
    "image_generation_call": {"type", "id", "call_id", "revised_prompt", "result", "status"},
    "agent_message": {"type", "id", "author", "recipient", "content"},
}


class Items:
    """Adds the items of one rollout to its draft, each as one or more messages.

    `heard` is called with what was said or thought before it is added.

    Fields:
        number: of the line that is read.
        plans: that the agent proposed.
        letters: to an agent from the one above it.
        sent: the ids and words of messages between agents.
    """

    def __init__(
        self, draft: ImportDraft, heard: Callable[[Item], None] = lambda item: None
    ) -> None:
        self.draft, self._heard = draft, heard
        self.number = 0
        self.plans = Plans(draft)
        self.letters: list[Letter] = []
        self.sent: set[tuple[str, str]] = set()

    def line(self, payload: dict[str, Any], number: int) -> None:
        """Add the item `payload` of line `number`."""
        self.number = number
        kind = as_text(payload.get("type"))
        if (fields := _FIELDS.get(kind)) is None:
            self._other(kind, payload)
            return
        if not fields.issuperset(payload):
            self._count_left_out(kind, payload, fields)
        _CONVERT[kind](self, payload)

    def _count_left_out(self, kind: str, payload: dict[str, Any], fields: Set[str]) -> None:
        for name in payload:
            if name not in fields and payload[name] not in (None, "", [], {}):
                self.draft.left_out.add(f"{kind}.{name}")

    def _other(self, kind: str, payload: dict[str, Any]) -> None:
        if kind in _WITHOUT_CONVERSATION:
            self.draft.skipped.add(f"response_item.{kind}", self.number, payload)
            return
        self.draft.unknown.add(f"response_item.{kind}", self.number, payload)
        _unknown(self, payload)

    def say(self, item: Message | Reasoning) -> None:
        """Add what was said or thought, which events may repeat."""
        self._heard(item)
        if self.plans.is_open and type(item) is Message and item.role == "user":
            self.plans.answered(genuine_user_text(item), self.number)
        self.draft.add(item, self.number)

    def propose(self, item_id: str | None, proposal: Proposal) -> None:
        """Add an answer with a plan, which events repeat without it."""
        text = unchecked.output_text(f"{proposal.before}\n{proposal.after}")
        self._heard(unchecked.message(item_id, "assistant", [text]))
        self.plans.propose(item_id, proposal, self.number)

    def add(self, item: Item) -> None:
        self.draft.add(item, self.number)

    def returned(self, call_id: str, output: str) -> None:
        """Add what a tool returned, and use what it means."""
        entry = self.draft.add(unchecked.function_call_output(call_id, output), self.number)
        called = self.draft.call_of(entry)
        # Most calls are of tools whose output means no more than it says.
        if called is None or not getattr(called.item, "name", "").endswith(TELLING):
            return
        if said := answers_in(called, output):
            self.say(notice(said))
        if started := started_by(called, output):
            self.draft.subagents[call_id] = started

    def made_id(self, prefix: str) -> str:
        return self.draft.made_id(prefix, self.number)

    def note(self, what: str) -> None:
        self.draft.kept_as.add(what)


# --- messages


def _message(items: Items, payload: dict[str, Any]) -> None:
    role = as_text(payload.get("role")) or "user"
    content = content_in(payload.get("content"), role, items.note)
    item_id = optional_text(payload.get("id"))
    if role == "assistant" and (proposal := proposal_in(content)):
        items.propose(item_id, proposal)
    else:
        message = unchecked.message(item_id, role, content)
        items.say(spoken(message, payload.get(PASSTHROUGH)))


def _agent_message(items: Items, payload: dict[str, Any]) -> None:
    """A message from one agent to another, which a line of another type can repeat."""
    item_id = optional_text(payload.get("id"))
    ends = [as_text(payload.get(name)) or "?" for name in ("author", "recipient")]
    content = content_in(payload.get("content"), "assistant", items.note)
    heading = OutputText(f"[{ends[0]} → {ends[1]}]")
    message = Message(item_id, "assistant", [heading, *content])
    said = (item_id or "", text_of(message))
    if item_id and said in items.sent:
        items.draft.duplicates.add("response_item.agent_message", items.number, payload)
        return
    items.sent.add(said)
    items.note("agent_message: message")
    if ends[1].startswith(f"{ends[0]}/"):
        items.letters.append(Letter(len(items.draft.entries), ends[1]))
    items.say(message)


# --- reasoning


def _reasoning(items: Items, payload: dict[str, Any]) -> None:
    item_id = as_text(payload.get("id")) or items.made_id("rs")
    summary = [unchecked.summary_text(text) for text in _texts(payload.get("summary"))]
    encrypted = optional_text(payload.get("encrypted_content"))
    items.say(unchecked.reasoning(item_id, summary, _reasoning_content(items, payload), encrypted))


def _reasoning_content(
    items: Items, payload: dict[str, Any]
) -> list[ReasoningText | PlainText] | None:
    """None, or a list that contains a `reasoning_text`: the Rust reader rejects any other list."""
    parts = payload.get("content")
    if not isinstance(parts, list) or not parts:
        return None
    whole = any(isinstance(p, dict) and p.get("type") == "reasoning_text" for p in parts)
    if not whole:
        items.note("reasoning content of plain text: reasoning_text")
    plain = [whole and isinstance(p, dict) and p.get("type") == "text" for p in parts]
    texts = map(_only_text, parts)
    return [
        PlainText(text) if is_plain else ReasoningText(text)
        for text, is_plain in zip(texts, plain, strict=True)
    ]


def _texts(parts: Any) -> list[str]:
    if isinstance(parts, list):
        return [_only_text(part) for part in parts]
    if parts in (None, ""):
        return []
    return [_only_text(parts)]


def _only_text(part: Any) -> str:
    text = part.get("text") if isinstance(part, dict) else part
    return text if isinstance(text, str) else as_json(part)


# --- tools


def _local_shell_call(items: Items, payload: dict[str, Any]) -> None:
    action = payload.get("action")
    if not isinstance(action, dict):
        return _unknown(items, payload)
    try:
        status = LocalShellStatus(payload.get("status") or "completed")
        command = action["command"] if action["type"] == "exec" else None
    except (ValueError, KeyError, TypeError):
        return _unknown(items, payload)
    if not isinstance(command, list) or not all(isinstance(word, str) for word in command):
        return _unknown(items, payload)
    timeout, env = action.get("timeout_ms"), action.get("env")
    known_env = isinstance(env, dict) and all(isinstance(v, str) for v in env.values())
    items.add(
        LocalShellCall(
            optional_text(payload.get("id")),
            optional_text(payload.get("call_id")),
            status,
            ExecAction(
                command,
                timeout if type(timeout) is int and 0 <= timeout < 2**64 else None,
                optional_text(action.get("working_directory")),
                env if known_env else None,
                optional_text(action.get("user")),
            ),
        )
    )


def _function_call(items: Items, payload: dict[str, Any]) -> None:
    name = as_text(payload.get("name")) or "unknown"
    if namespace := as_text(payload.get("namespace")):
        items.note("function_call with a namespace: in the name")
        name = f"{namespace}.{name}"
    _call(items, payload, name, _arguments(payload.get("arguments")))


def _custom_tool_call(items: Items, payload: dict[str, Any]) -> None:
    items.note("custom_tool_call: function_call")
    arguments = as_json({"input": payload.get("input")})
    _call(items, payload, as_text(payload.get("name")) or "unknown", arguments)


def _tool_search_call(items: Items, payload: dict[str, Any]) -> None:
    items.note("tool_search_call: function_call")
    _call(items, payload, "tool_search", _arguments(payload.get("arguments")))


def _tool_search_output(items: Items, payload: dict[str, Any]) -> None:
    items.note("tool_search_output: function_call_output")
    items.add(FunctionCallOutput(_call_id(items, payload), as_json(payload.get("tools"))))


def _web_search_call(items: Items, payload: dict[str, Any]) -> None:
    """Codex has one item for the call and its end."""
    items.note("web_search_call: function_call and function_call_output")
    call_id = _call(items, payload, "web_search", _arguments(payload.get("action")))
    items.add(FunctionCallOutput(call_id, as_text(payload.get("status")) or "completed"))


def _image_generation_call(items: Items, payload: dict[str, Any]) -> None:
    items.note("image_generation_call: function_call, function_call_output and image")
    arguments = as_json({"prompt": payload.get("revised_prompt")})
    call_id = _call(items, payload, "image_generation", arguments)
    items.add(FunctionCallOutput(call_id, as_text(payload.get("status")) or "completed"))
    if picture := as_text(payload.get("result")):
        url = picture if picture.startswith("data:") else f"data:image/png;base64,{picture}"
        _add_images(items, "image_generation", [url])


def _call(items: Items, payload: dict[str, Any], name: str, arguments: str) -> str:
    call_id = _call_id(items, payload)
    items.add(unchecked.function_call(optional_text(payload.get("id")), name, arguments, call_id))
    return call_id


def _call_id(items: Items, payload: dict[str, Any]) -> str:
    given = as_text(payload.get("call_id")) or as_text(payload.get("id"))
    return given or items.made_id("call")


def _output(items: Items, payload: dict[str, Any]) -> None:
    call_id = as_text(payload.get("call_id")) or items.made_id("call")
    output = payload.get("output")
    if output is not None and not isinstance(output, str):
        items.note("tool output that is no text: text")
    text, images = output_text(output)
    items.returned(call_id, text)
    if images:
        _add_images(items, call_id, images)


def _custom_tool_call_output(items: Items, payload: dict[str, Any]) -> None:
    items.note("custom_tool_call_output: function_call_output")
    _output(items, payload)


def _add_images(items: Items, origin: str, images: list[str]) -> None:
    """Add a message with the pictures that a tool returned, marked as not written by the user."""
    items.note("image of a tool: a message of its own")
    words = InputText(f"<{OUTPUT_IMAGE}>{origin}</{OUTPUT_IMAGE}>")
    items.say(Message(None, "user", [words, *map(InputImage, images)]))


def _unknown(items: Items, payload: dict[str, Any]) -> None:
    """Keep an item of an unknown type as JSON."""
    kind = as_text(payload.get("type")) or "untyped"
    function = payload.get("function")
    name = as_text(payload.get("name")) or (
        as_text(function.get("name")) if isinstance(function, dict) else ""
    )
    if kind.endswith(("_output", "_result")):
        items.note(f"unknown item {kind}: function_call_output with its JSON")
        items.add(FunctionCallOutput(_call_id(items, payload), as_json(payload)))
    else:
        items.note(f"unknown item {kind}: function_call with its JSON")
        _call(items, payload, name or kind, as_json(payload))


def _arguments(arguments: Any) -> str:
    if arguments is None:
        return "{}"
    return arguments if isinstance(arguments, str) else as_json(arguments)


_CONVERT = {
    "message": _message,
    "agent_message": _agent_message,
    "reasoning": _reasoning,
    "local_shell_call": _local_shell_call,
    "function_call": _function_call,
    "function_call_output": _output,
    "custom_tool_call": _custom_tool_call,
    "custom_tool_call_output": _custom_tool_call_output,
    "web_search_call": _web_search_call,
    "tool_search_call": _tool_search_call,
    "tool_search_output": _tool_search_output,
    "image_generation_call": _image_generation_call,
}
