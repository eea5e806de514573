"""Makes the screen of one conversation, which is imported when the first one is opened."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from textual.app import App

    from agcx_format.search import Query
    from agcx_tui.app.screens.conversation.conversation import ConversationScreen
    from agcx_tui.app.screens.conversation.search import MatchPlace
    from agcx_tui.app.services import Services
    from agcx_tui.core.store.act_queue import ActQueue

__all__ = ["conversation_screen"]


def conversation_screen(
    app: App[object],
    services: Services,
    path: str,
    acts: ActQueue | None = None,
    *,
    fixed: str = "",
    message: int | None = None,
    search: Query | None = None,
    at: MatchPlace | None = None,
    beyond: Callable[[int], bool] | None = None,
) -> ConversationScreen:
    """The screen of a session's file; `acts` are those of the store that it is from.

    Without them it cannot be changed; `fixed` says why, if the reason is not that there is no store.  With
    `message`, a number from 0, it begins there, and where the reader was stays remembered; likewise
    with `search`, a query that is searched for from the match `at` on.  See `ConversationScreen`.
    """
    from agcx_tui.app.dialogs.run_export import export_file
    from agcx_tui.app.screens.conversation.checkpoint import show_checkpoint
    from agcx_tui.app.screens.conversation.conversation import ConversationScreen
    from agcx_tui.app.screens.conversation.derived_sessions import DerivedSessions
    from agcx_tui.app.screens.conversation.session_acts import SessionActs
    from agcx_tui.core.local.reading_positions import ReadingPositions

    positions = None
    if message is None and search is None and services.state is not None:
        positions = ReadingPositions(services.state)

    def open_file(other: str, subagent: UUID | None) -> None:
        screen = conversation_screen(app, services, other, acts, fixed=fixed)
        screen.file.subagents.came_from = subagent
        app.push_screen(screen)

    return ConversationScreen(
        path,
        DerivedSessions(
            path,
            SessionActs(
                acts,
                fixed,
                services.now,
                state=services.state,
                cache=services.cache,
                opening=services.opening,
            ),
        ),
        positions=positions,
        export=partial(export_file, app, services.opening),
        follow=services.store,
        message=message,
        search=search,
        at=at,
        beyond=beyond,
        open_file=open_file,
        show_checkpoint=show_checkpoint,
    )
