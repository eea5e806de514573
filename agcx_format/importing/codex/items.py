"""Converts one `response_item` of a Codex rollout to items of AGCX.

Strategy: AGCX has the item types that Codex had in the middle of 2025. Newer types are expressed in these, so
that every reader of AGCX can show them: tools of any kind become function calls and outputs. An item of an
unknown type becomes a function call or output that contains it as JSON. The draft counts every item that is
not kept unchanged.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agcx_format.importing.codex.answers import answers_in
from agcx_format.importing.draft import ImportDraft
from agcx_format.importing.fields import as_json, as_text, optional_text
from agcx_format.importing.notices import notice
from agcx_format.model.items import (
    ContentPart,
    ExecAction,
    FunctionCall,
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
    SummaryText,
)
from agcx_format.transcript.words import OUTPUT_IMAGE

__all__ = ["PLACEHOLDERS", "add_item"]

_NO_PICTURE = "[image: not in the file]"
_ENCRYPTED = "[encrypted content]"
# What stands in place of a part that has no text.
PLACEHOLDERS = frozenset({_NO_PICTURE, _ENCRYPTED})

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


@dataclass(frozen=True)
class _Line:
    """The line that an item is from, and the draft that it goes into."""

    draft: ImportDraft
    number: int
    heard: Callable[[Item], None]

    def add(self, item: Item) -> None:
        self.heard(item)
        self.draft.add(item, self.number)

    def made_id(self, prefix: str) -> str:
        return self.draft.made_id(prefix, self.number)

    def note(self, what: str) -> None:
        self.draft.kept_as[what] += 1


def add_item(
    draft: ImportDraft,
    payload: dict[str, Any],
    number: int,
    heard: Callable[[Item], None] = lambda item: None,
) -> None:
    """Add the item `payload` of line `number` to the draft, as one or more messages.

    `heard` is called with each message before it is added.
    """
    kind = as_text(payload.get("type"))
    if kind in _WITHOUT_CONVERSATION:
        draft.skipped.add(f"response_item.{kind}", number, payload)
        return
    if kind not in _CONVERT:
        draft.unknown.add(f"response_item.{kind}", number, payload)
    convert = _CONVERT.get(kind, _unknown)
    for name in payload.keys() - _FIELDS.get(kind, payload.keys()):
        if payload[name] not in (None, "", [], {}):
            draft.left_out[f"{kind}.{name}"] += 1
    convert(_Line(draft, number, heard), payload)


# --- messages


def _message(line: _Line, payload: dict[str, Any]) -> None:
    role = as_text(payload.get("role")) or "user"
    content = _content(line, payload.get("content"), role)
    line.add(Message(optional_text(payload.get("id")), role, content))


def _content(line: _Line, content: Any, role: str) -> list[ContentPart]:
    said = OutputText if role == "assistant" else InputText
    if isinstance(content, str):
        line.note("message with bare text: a text part")
        return [said(content)]
    if not isinstance(content, list):
        return [] if content is None else [said(as_json(content))]
    return [_part(line, part, said) for part in content]


def _part(line: _Line, part: Any, said: Callable[[str], ContentPart]) -> ContentPart:
    match part:
        case {"type": "input_text", "text": str(text)}:
            return InputText(text)
        case {"type": "output_text", "text": str(text)}:
            return OutputText(text)
        case {"type": "input_image", "image_url": str(url) | {"url": str(url)}} if url:
            return InputImage(url)
        case {"type": "input_image"}:
            line.note("input_image without a picture: a placeholder")
            return said(_NO_PICTURE)
        case {"type": str(kind), "text": str(text)}:
            line.note(f"content part {kind}: text")
            return said(text)
        case {"type": "encrypted_content"}:
            line.note("content part encrypted_content: a placeholder")
            return said(_ENCRYPTED)
    line.note("content part of an unknown kind: JSON")
    return said(as_json(part))


def _agent_message(line: _Line, payload: dict[str, Any]) -> None:
    """A message from one agent to another."""
    line.note("agent_message: message")
    ends = [as_text(payload.get(name)) or "?" for name in ("author", "recipient")]
    content = _content(line, payload.get("content"), "assistant")
    heading = OutputText(f"[{ends[0]} → {ends[1]}]")
    line.add(Message(optional_text(payload.get("id")), "assistant", [heading, *content]))


# --- reasoning


def _reasoning(line: _Line, payload: dict[str, Any]) -> None:
    item_id = as_text(payload.get("id")) or line.made_id("rs")
    summary = [SummaryText(text) for text in _texts(payload.get("summary"))]
    encrypted = optional_text(payload.get("encrypted_content"))
    line.add(Reasoning(item_id, summary, _reasoning_content(line, payload), encrypted))


def _reasoning_content(
    line: _Line, payload: dict[str, Any]
) -> list[ReasoningText | PlainText] | None:
    """None, or a list that contains a `reasoning_text`: the Rust reader rejects any other list."""
    parts = payload.get("content")
    if not isinstance(parts, list) or not parts:
        return None
    whole = any(isinstance(p, dict) and p.get("type") == "reasoning_text" for p in parts)
    if not whole:
        line.note("reasoning content of plain text: reasoning_text")
    plain = [whole and isinstance(p, dict) and p.get("type") == "text" for p in parts]
    texts = map(_only_text, parts)
    return [
        PlainText(text) if is_plain else ReasoningText(text)
        for text, is_plain in zip(texts, plain, strict=True)
    ]


def _texts(parts: Any) -> list[str]:
    if parts in (None, "", []):
        return []
    return [_only_text(part) for part in (parts if isinstance(parts, list) else [parts])]


def _only_text(part: Any) -> str:
    text = part.get("text") if isinstance(part, dict) else part
    return text if isinstance(text, str) else as_json(part)


# --- tools


def _local_shell_call(line: _Line, payload: dict[str, Any]) -> None:
    action = payload.get("action")
    if not isinstance(action, dict):
        return _unknown(line, payload)
    try:
        status = LocalShellStatus(payload.get("status") or "completed")
        command = action["command"] if action["type"] == "exec" else None
    except (ValueError, KeyError, TypeError):
        return _unknown(line, payload)
    if not isinstance(command, list) or not all(isinstance(word, str) for word in command):
        return _unknown(line, payload)
    timeout, env = action.get("timeout_ms"), action.get("env")
    known_env = isinstance(env, dict) and all(isinstance(v, str) for v in env.values())
    line.add(
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


def _function_call(line: _Line, payload: dict[str, Any]) -> None:
    name = as_text(payload.get("name")) or "unknown"
    if namespace := as_text(payload.get("namespace")):
        line.note("function_call with a namespace: in the name")
        name = f"{namespace}.{name}"
    _call(line, payload, name, _arguments(payload.get("arguments")))


def _custom_tool_call(line: _Line, payload: dict[str, Any]) -> None:
    line.note("custom_tool_call: function_call")
    arguments = as_json({"input": payload.get("input")})
    _call(line, payload, as_text(payload.get("name")) or "unknown", arguments)


def _tool_search_call(line: _Line, payload: dict[str, Any]) -> None:
    line.note("tool_search_call: function_call")
    _call(line, payload, "tool_search", _arguments(payload.get("arguments")))


def _tool_search_output(line: _Line, payload: dict[str, Any]) -> None:
    line.note("tool_search_output: function_call_output")
    line.add(FunctionCallOutput(_call_id(line, payload), as_json(payload.get("tools"))))


def _web_search_call(line: _Line, payload: dict[str, Any]) -> None:
    """Codex has one item for the call and its end."""
    line.note("web_search_call: function_call and function_call_output")
    call_id = _call(line, payload, "web_search", _arguments(payload.get("action")))
    line.add(FunctionCallOutput(call_id, as_text(payload.get("status")) or "completed"))


def _image_generation_call(line: _Line, payload: dict[str, Any]) -> None:
    line.note("image_generation_call: function_call, function_call_output and image")
    arguments = as_json({"prompt": payload.get("revised_prompt")})
    call_id = _call(line, payload, "image_generation", arguments)
    line.add(FunctionCallOutput(call_id, as_text(payload.get("status")) or "completed"))
    if picture := as_text(payload.get("result")):
        url = picture if picture.startswith("data:") else f"data:image/png;base64,{picture}"
        _add_images(line, "image_generation", [url])


def _call(line: _Line, payload: dict[str, Any], name: str, arguments: str) -> str:
    call_id = _call_id(line, payload)
    line.add(FunctionCall(optional_text(payload.get("id")), name, arguments, call_id))
    return call_id


def _call_id(line: _Line, payload: dict[str, Any]) -> str:
    given = as_text(payload.get("call_id")) or as_text(payload.get("id"))
    return given or line.made_id("call")


def _output(line: _Line, payload: dict[str, Any]) -> None:
    call_id = as_text(payload.get("call_id")) or line.made_id("call")
    text, images = _output_text(line, payload.get("output"))
    line.add(FunctionCallOutput(call_id, text))
    if said := answers_in(line.draft.calls.get(call_id), text):
        line.add(notice(said))
    if images:
        _add_images(line, call_id, images)


def _custom_tool_call_output(line: _Line, payload: dict[str, Any]) -> None:
    line.note("custom_tool_call_output: function_call_output")
    _output(line, payload)


def _output_text(line: _Line, output: Any) -> tuple[str, list[str]]:
    """The text of a tool's output, and the URLs of the pictures in it."""
    if isinstance(output, str):
        return output, []
    if output is None:
        return "", []
    line.note("tool output that is no text: text")
    if isinstance(output, dict):
        inner = output.get("content", output)
        output = [inner] if isinstance(inner, dict) else inner
    if isinstance(output, str):
        return output, []
    if not isinstance(output, list):
        return as_json(output), []
    images, texts = [], []
    for part in output:
        match part:
            case {"type": "input_image", "image_url": str(url) | {"url": str(url)}} if url:
                images.append(url)
                texts.append("[image: in the next message]")
            case {"text": str(text)}:
                texts.append(text)
            case str():
                texts.append(part)
            case _:
                texts.append(as_json(part))
    return "\n".join(texts), images


def _add_images(line: _Line, origin: str, images: list[str]) -> None:
    """Add a message with the pictures that a tool returned, marked as not written by the user."""
    line.note("image of a tool: a message of its own")
    words = InputText(f"<{OUTPUT_IMAGE}>{origin}</{OUTPUT_IMAGE}>")
    line.add(Message(None, "user", [words, *map(InputImage, images)]))


def _unknown(line: _Line, payload: dict[str, Any]) -> None:
    """Keep an item of an unknown type as JSON."""
    kind = as_text(payload.get("type")) or "untyped"
    function = payload.get("function")
    name = as_text(payload.get("name")) or (
        as_text(function.get("name")) if isinstance(function, dict) else ""
    )
    if kind.endswith(("_output", "_result")):
        line.note(f"unknown item {kind}: function_call_output with its JSON")
        line.add(FunctionCallOutput(_call_id(line, payload), as_json(payload)))
    else:
        line.note(f"unknown item {kind}: function_call with its JSON")
        _call(line, payload, name or kind, as_json(payload))


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
