"""One-to-many notification: followers subscribe, and are called with every published value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["Signal"]

T = TypeVar("T")


class Signal(Generic[T]):
    """Followers are called in the order in which they subscribed, in the publishing thread."""

    def __init__(self) -> None:
        self._followers: list[Callable[[T], None]] = []

    def subscribe(self, follower: Callable[[T], None]) -> Callable[[], None]:
        """Call `follower` with every value from now on; call what is returned to end that."""
        self._followers.append(follower)

        def unsubscribe() -> None:
            # Bound methods are equal, not identical; and to unsubscribe twice is no error.
            if follower in self._followers:
                self._followers.remove(follower)

        return unsubscribe

    def publish(self, value: T) -> None:
        # A copy: a follower may subscribe or unsubscribe others.
        for follower in list(self._followers):
            follower(value)
