"""Calls that a script of the agent made: newer rollouts say of them only that they were completed."""

from __future__ import annotations

from typing import Any, NamedTuple

from agcx_format.importing.codex.outputs import output_text
from agcx_format.importing.draft import ImportDraft
from agcx_format.importing.fields import as_json, as_text, texts_in
from agcx_format.model import unchecked

__all__ = ["add_nested"]


class _Nested(NamedTuple):
    name: str
    arguments: Any
    output: str


def add_nested(draft: ImportDraft, item: dict[str, Any], number: int) -> bool:
    """Add the call that a completed item was, with its result; False if it is none, or was said before."""
    call_id, nested = as_text(item.get("id")), _nested(item)
    if nested is None or not call_id or draft.calls.position(call_id) is not None:
        return False
    draft.kept_as.add("call of a script: function_call and function_call_output")
    given = nested.arguments
    given = given if isinstance(given, str) else as_json(given or {})
    draft.add(unchecked.function_call(None, nested.name, given, call_id), number)
    draft.add(unchecked.function_call_output(call_id, nested.output), number)
    return True


def _nested(item: dict[str, Any]) -> _Nested | None:
    match item:
        case {"type": "McpToolCall", "server": str(server), "tool": str(tool)}:
            return _Nested(f"{server}.{tool}", item.get("arguments"), _returned(item))
        case {"type": "Extension", "kind": "web.search"}:
            # The action often says only that it is a search.
            action = item.get("action")
            said = action if isinstance(action, dict) else {}
            asked = {name: value for name, value in said.items() if value is not None}
            asked = {"query": item.get("query"), **asked}
            return _Nested("web_search", asked, output_text(item.get("results"))[0])
    return None


def _returned(item: dict[str, Any]) -> str:
    """What an MCP tool returned: text, or JSON if that has pictures, with which it is shown."""
    result, error = item.get("result"), item.get("error")
    if result is None:
        return as_text(error.get("message")) if isinstance(error, dict) else as_text(error)
    parts = result.get("content") if isinstance(result, dict) else None
    texts = list(texts_in(parts))
    is_text = isinstance(parts, list) and len(texts) == len(parts)
    return "\n".join(texts) if is_text else as_json(result)
