"""Values to begin with: what a session has that nobody has looked at yet."""

from __future__ import annotations

from agcx_format.model.session import FilterSettings, SessionState

__all__ = ["initial_state"]


def initial_state() -> SessionState:
    """The state of a session that no window has shown yet."""
    filters = FilterSettings(True, True, True, None, None)
    return SessionState(0, 0, None, [], "", {}, None, filters)
