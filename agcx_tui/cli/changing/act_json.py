"""A change as JSON: what `--json` of the commands that make, undo, and list changes prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from agcx_tui.cli.common import print_json

if TYPE_CHECKING:
    from agcx_format import Act

json_option = click.option(
    "--json", "as_json", is_flag=True, help="What was changed as one JSON object."
)


def print_act(act: Act) -> None:
    """Print a change in one line; `act` is null if nothing changed."""
    from agcx_tui.core.words.acts import describe

    sessions: list[dict[str, Any]] = []
    if act.emptied_at is None:
        sessions = [
            {"id": each.id or None, "title": each.title, "bytes": each.size}
            for each in act.sessions
        ]
    print_json(
        {
            "act": act.id or None,
            "kind": act.kind,
            "created_at": act.created_at,
            "description": describe(act),
            "fields": list(act.edit.fields) if act.edit else [],
            "sessions": sessions,
            "count": act.count if act.id else 0,
            "bytes": act.size if act.id else 0,
            "undone": act.undone,
            "emptied_at": act.emptied_at,
            "problem": act.problem,
        }
    )
