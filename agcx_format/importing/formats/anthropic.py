"""Content blocks of the Messages API of Anthropic, which several agents write unchanged.

Those of a widely used library, `tool-call` and `tool-result`, say the same.
"""

from __future__ import annotations

from typing import Any

from agcx_format.importing.fields import as_text
from agcx_format.importing.formats.parts import text_in
from agcx_format.importing.formats.reading import Reading, as_dict, outcome_of

__all__ = ["add_answer", "add_results"]


def add_answer(reading: Reading, content: Any, item_id: Any = None) -> None:
    """What the agent said, thought, and called, in its order."""
    for block in content if isinstance(content, list) else [content]:
        match block:
            case {"type": "thinking", "thinking": thought}:
                reading.thought(thought)
                if as_dict(block).get("signature"):
                    reading.draft.left_out["thinking.signature"] += 1
            case {"type": "reasoning", "text": thought}:
                reading.thought(thought)
            case {"type": "redacted-reasoning" | "redacted_thinking"}:
                reading.thought("", as_dict(block).get("data"))
            case {"type": "tool_use", "name": name}:
                given = as_dict(block).get("input", as_dict(block).get("args"))
                reading.call(as_dict(block).get("id"), name, given)
            case {"type": "tool-call", "toolName": name}:
                about = as_dict(block)
                reading.call(about.get("toolCallId"), name, about.get("args", about.get("input")))
            case {"type": "tool_result" | "tool-result"}:
                add_results(reading, [block])
            case _:
                reading.said(block, item_id)


def add_results(reading: Reading, content: Any) -> list[Any]:
    """The results of tools among the blocks; the blocks that are something else are returned."""
    others = []
    for block in content if isinstance(content, list) else [content]:
        about = as_dict(block)
        if about.get("type") not in ("tool_result", "tool-result"):
            others.append(block)
            continue
        failed = about.get("is_error", about.get("isError"))
        output = next((about[n] for n in ("content", "result", "output") if about.get(n)), "")
        given = as_text(about.get("tool_use_id")) or as_text(about.get("toolCallId"))
        success = not failed if isinstance(failed, bool) else None
        reading.result(given, output, outcome_of(success, text_in(output)))
    return others
