"""What the beginning of a session says: its first words, its directory, and its branch.

Strategy: a list is complete without it, so it is read last and by a module of its own; what it needs, which
is all that reads messages, is not loaded before.
"""

from __future__ import annotations

from collections.abc import Mapping

from agcx_format.catalog.projects import Opening, project_directory
from agcx_format.errors import PersistenceError
from agcx_format.model.items import MessageSnapshot
from agcx_format.session.lazy import SessionFile
from agcx_format.session.source import Pending
from agcx_format.transcript.words import genuine_user_text
from agcx_format.variables import BRANCH, COST_USD, TOKENS_INPUT, TOKENS_OUTPUT

__all__ = ["read_opening"]

# How many characters of a conversation's first words are kept, and in how many messages to look.
LONGEST = 200
_MESSAGES, _PIECES = 24, 4
# Layout 2 stores the directory after all messages.
_LARGEST_FOR_DIRECTORY = 1 << 22
_TOKENS = (TOKENS_INPUT, TOKENS_OUTPUT)
# No session has more tokens.
_MOST = 1 << 48


def read_opening(path: str) -> Opening:
    """First words, directory, project, and branch of a session; empty where unknown.

    Reads only the first pieces of the messages, and the context.
    """
    words = ""
    try:
        with SessionFile(path, use_mmap=False) as session:
            words = _first_words(session)
            if not session.has_context_apart and session.size > _LARGEST_FOR_DIRECTORY:
                return Opening(words)
            context = session.context
    except PersistenceError:
        return Opening(words, is_damaged=True)
    directory = context.working_directory
    noted = context.environment_variables
    return Opening(
        words,
        directory,
        project_directory(directory),
        noted.get(BRANCH, ""),
        min(sum(int(_amount(noted, name)) for name in _TOKENS), _MOST),
        _amount(noted, COST_USD),
    )


def _amount(noted: Mapping[str, str], name: str) -> float:
    """The number in a variable; 0 if there is none."""
    try:
        amount = float(noted.get(name, "0"))
    except ValueError:
        return 0.0
    return amount if 0 <= amount < _MOST else 0.0


def _first_words(session: SessionFile) -> str:
    number = pieces = 0
    while number < _MESSAGES:
        if number >= session.known():
            pieces += 1
            if pieces > _PIECES or not session.read_more():
                break
            continue
        message = session.get(number)
        if isinstance(message, Pending):
            # Of a large session, any message is known at once, and read when it is fetched.
            pieces += 1
            if pieces > _PIECES:
                break
            session.fetch(number)
            continue
        said = isinstance(message, MessageSnapshot) and genuine_user_text(message.item)
        if said:
            return " ".join(said[: 4 * LONGEST].split())[:LONGEST]
        number += 1
    return ""
