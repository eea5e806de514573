"""Converts the items of usual lines, whose fields are checked (see `usual`), as `items` does all others."""

from __future__ import annotations

from agcx_format.importing.codex.items import Items
from agcx_format.importing.codex.plans import proposal_in
from agcx_format.importing.codex.speakers import PASSTHROUGH, spoken
from agcx_format.importing.codex.usual import (
    Called,
    CustomCalled,
    CustomReturned,
    OutputText,
    Returned,
    Said,
    Thought,
    UsualItem,
)
from agcx_format.importing.fields import as_json
from agcx_format.model import unchecked
from agcx_format.model.items import ContentPart

__all__ = ["add_usual"]


def add_usual(items: Items, payload: UsualItem, number: int) -> None:
    """Add the item `payload` of line `number`."""
    items.number = number
    if type(payload) is Returned:
        items.returned(payload.call_id, payload.output)
    elif type(payload) is Called:
        called = unchecked.function_call(
            payload.id, payload.name, payload.arguments, payload.call_id
        )
        items.draft.add(called, number)
        if payload.status:
            items.draft.left_out["function_call.status"] += 1
    elif type(payload) is Thought:
        item_id = payload.id or items.made_id("rs")
        summary = [unchecked.summary_text(part.text) for part in payload.summary]
        items.say(unchecked.reasoning(item_id, summary, None, payload.encrypted_content))
    elif type(payload) is Said:
        _message(items, payload)
    elif type(payload) is CustomReturned:
        items.note("custom_tool_call_output: function_call_output")
        items.returned(payload.call_id, payload.output)
    elif type(payload) is CustomCalled:
        items.note("custom_tool_call: function_call")
        arguments = as_json({"input": payload.input})
        items.add(unchecked.function_call(payload.id, payload.name, arguments, payload.call_id))
        if payload.status:
            items.draft.left_out["custom_tool_call.status"] += 1
    if payload.passthrough:
        kind = type(payload).__struct_config__.tag
        items.draft.left_out[f"{kind}.{PASSTHROUGH}"] += 1


def _message(items: Items, payload: Said) -> None:
    content: list[ContentPart] = [
        (unchecked.output_text if type(part) is OutputText else unchecked.input_text)(part.text)
        for part in payload.content
    ]
    if payload.role == "assistant" and (proposal := proposal_in(content)):
        items.propose(payload.id, proposal)
    else:
        message = unchecked.message(payload.id, payload.role, content)
        items.say(spoken(message, payload.passthrough))
    if payload.phase:
        items.draft.left_out["message.phase"] += 1
