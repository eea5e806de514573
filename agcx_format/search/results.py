"""What a search gives: hits, the sessions that hold them, and how much was searched.  Values only."""

from __future__ import annotations

import os
from uuid import UUID

import msgspec

from agcx_format.disk.durable import Signature
from agcx_format.errors import PersistenceError
from agcx_format.store.paths import id_of

__all__ = ["Hit", "SearchProgress", "SessionHits", "SessionRef", "Unsearched"]


class SessionRef(msgspec.Struct, frozen=True, gc=False):
    """A session file to search, as a list knows it; without a signature the file is looked at."""

    path: str
    signature: Signature | None = None

    @property
    def size(self) -> int | None:
        """In bytes, when it was listed; None where it was not looked at."""
        return None if self.signature is None else self.signature.size


class Hit(msgspec.Struct, frozen=True, gc=False):
    """One match.

    Fields:
        path: of the session's file.
        title: of the session.
        message: the number of the message, from 0; None for a match in the title.
        role: `user`, `assistant`, … of a message; `reasoning`, `tool`, `title`.
        time: of the message, as the file has it; empty for a title.
        start: where the match begins, in characters of the text as read.
        end: where it ends.
        line: the line in which it begins; of a very long one, the part around the match.
        line_start: where `line` begins in the text, so that the match is `start - line_start` within it.
        before: lines before it, as many as were asked for.
        after: lines after it.
    """

    path: str
    title: str
    message: int | None
    role: str
    time: str
    start: int
    end: int
    line: str
    line_start: int
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()

    @property
    def session(self) -> UUID | None:
        """The id of the session; None where the file's name is no id."""
        return id_of(self.path)


class SessionHits(msgspec.Struct, frozen=True, gc=False):
    """One session that a query fits.

    Fields:
        path, title: of the session.
        updated: when it last changed, as its metadata have it; may be empty.
        hits: as many as were asked for, in the order of the conversation: the first ones, of several words
            the best (see `best_lines`); none when the query only excludes.
        count: how many there are, of all words together.
        exact: whether `count` is all of them; else there may be more.
        score: how well it fits, for the order `best`.
        direct: whether it was searched without the index.
        worth: of several words, for each hit how much those in its line say, the rare ones more: 1 where all
            of them stand in it.  Empty where all say as much.
    """

    path: str
    title: str
    updated: str
    hits: tuple[Hit, ...]
    count: int
    exact: bool = True
    score: float = 0.0
    direct: bool = False
    worth: tuple[float, ...] = ()

    @property
    def id(self) -> UUID | None:
        """None where the file's name is no id."""
        return id_of(self.path)


class Unsearched(msgspec.Struct, frozen=True):
    """A session of which a part, or all, could not be searched.

    Fields:
        path: of the file.
        error: why, and where the damage lies.
        messages: how many messages before it were searched; 0 when nothing could be.
    """

    path: str
    error: PersistenceError
    messages: int = 0

    @property
    def name(self) -> str:
        """The file's name, without its folder."""
        return os.path.basename(self.path)


class SearchProgress(msgspec.Struct, frozen=True):
    """How far a search is, and how much of what it was to search it could.

    Fields:
        total: sessions that were to be searched; those deleted meanwhile are not among them.
        searched: those that were, wholly or in part, or were proved by the index to hold nothing.
        direct: how many of these were searched without the index.
        sessions: those that fit.
        hits: matches in them.
        exact: whether `hits` is all of them.
        partial: searched up to the damage.
        unreadable: not searched at all.
        done: whether it ended; false also for a search that was stopped.
    """

    total: int = 0
    searched: int = 0
    direct: int = 0
    sessions: int = 0
    hits: int = 0
    exact: bool = True
    partial: tuple[Unsearched, ...] = ()
    unreadable: tuple[Unsearched, ...] = ()
    done: bool = False
