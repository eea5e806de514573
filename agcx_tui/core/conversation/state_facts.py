"""The state of the agent's window as facts: where it was, what was open, what was searched and filtered."""

from __future__ import annotations

from collections.abc import Iterator

from agcx_format import SessionState, ns_of
from agcx_tui.core.conversation.fact import Fact
from agcx_tui.core.words import format

__all__ = ["state_facts"]


def state_facts(state: SessionState) -> tuple[Fact, ...]:
    """Every field; what is not set is said as well."""
    return tuple(_facts(state))


def _facts(state: SessionState) -> Iterator[Fact]:
    yield Fact("cursor", f"{state.cursor_position:,}")
    yield Fact("scrolled to", f"{state.scroll_offset:,}")
    yield Fact("selected", str(state.selected_message or "no message"))
    expanded = [str(each) for each in state.expanded_messages]
    yield Fact("expanded", format.counted(len(expanded), "message"), copied="\n".join(expanded))
    yield Fact("panel", state.active_panel or "none")
    sizes = (f"{name} {size:g}" for name, size in sorted(state.panel_sizes.items()))
    yield Fact("panel sizes", ", ".join(sizes) or "none")
    yield Fact("search", state.search_query or "none")
    filters = state.filter_settings
    shown = {
        "system": filters.show_system,
        "tool calls": filters.show_tool_calls,
        "reasoning": filters.show_reasoning,
    }
    yield Fact("shows", ", ".join(name for name, is_on in shown.items() if is_on) or "nothing more")
    yield Fact("only role", filters.role_filter or "any")
    if filters.date_range is None:
        yield Fact("only between", "any time")
    else:
        moments = (format.exact(ns_of(each) // 1000) for each in filters.date_range)
        yield Fact("only between", " and ".join(moments))
