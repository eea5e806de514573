"""Calls that a script of the agent made: newer rollouts say of them only that they were completed."""

from __future__ import annotations

from typing import Any

from agcx_format.importing.codex.outputs import output_text
from agcx_format.importing.draft import ImportDraft
from agcx_format.importing.fields import as_json, as_text
from agcx_format.model import unchecked

__all__ = ["add_nested"]


def add_nested(draft: ImportDraft, item: dict[str, Any], number: int) -> bool:
    """Add the call that a completed item was, with its result; False if it is none, or was said before."""
    call_id = as_text(item.get("id"))
    match item:
        case {"type": "McpToolCall", "server": str(server), "tool": str(tool)}:
            name, arguments, result = f"{server}.{tool}", item.get("arguments"), item.get("result")
        case {"type": "Extension", "kind": "web.search"}:
            name, arguments = "web_search", item.get("action") or {"query": item.get("query")}
            result = item.get("results")
        case _:
            return False
    if not call_id or draft.calls.position(call_id) is not None:
        return False
    draft.kept_as.add("call of a script: function_call and function_call_output")
    given = arguments if isinstance(arguments, str) else as_json(arguments or {})
    draft.add(unchecked.function_call(None, name, given, call_id), number)
    if isinstance(result, dict) and isinstance(inner := result.get("Ok"), dict):
        result = inner
    draft.add(unchecked.function_call_output(call_id, output_text(result)[0]), number)
    return True
