"""Hides the secrets of a session in pieces of its text.

Strategy: secrets are found by looking at a whole session, since a word that is harmless by itself is known
by another place that names it as a password.  What was found is kept for as long as the file is the same.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from agcx_format.disk import Signature
from agcx_format.errors import PersistenceError

if TYPE_CHECKING:
    from agcx_format.redaction import Find, Placeholders

__all__ = ["NoSecrets", "Secrets"]

# As many as one list names.
_MOST_SESSIONS = 200
# A line of a secret of several lines is a secret too, unless it is too short to be one.
_SHORTEST_LINE = 6

Hide = Callable[[str], str]


class NoSecrets:
    """Hides nothing."""

    def of(self, path: str) -> Hide:
        return self.hide

    def hide(self, text: str) -> str:
        return text


class Secrets:
    """Functions that hide the secrets of a session, by its path."""

    def __init__(self) -> None:
        from agcx_format.redaction import Placeholders

        self._placeholders = Placeholders()
        self._known: OrderedDict[tuple[str, Signature | None], Hide] = OrderedDict()

    def of(self, path: str) -> Hide:
        """Hides the secrets of this session, in its texts and in pieces of them.

        Raises:
            PersistenceError: the file cannot be opened.
        """
        key = path, Signature.of_target(path)
        if key not in self._known:
            self._known[key] = _hider(_finds(path), self._placeholders)
            while len(self._known) > _MOST_SESSIONS:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return self._known[key]

    def hide(self, text: str) -> str:
        """The text without what is a secret by itself."""
        return _without_spans(text, self._placeholders)


def _finds(path: str) -> list[Find]:
    """All secrets in a session, as far as it can be read."""
    from agcx_format import MessageSnapshot, SessionFile
    from agcx_format.redaction import find_secrets

    def readable() -> Iterable[MessageSnapshot]:
        try:
            yield from file
        except PersistenceError:
            return

    with SessionFile(path) as file:
        return find_secrets(file.metadata, readable)


def _hider(finds: list[Find], placeholders: Placeholders) -> Hide:
    hidden: dict[str, str] = {}
    for find in finds:
        placeholder = placeholders.of(find.kind, find.secret)
        for line in (find.secret, *find.secret.splitlines()):
            if line == find.secret or len(line.strip()) >= _SHORTEST_LINE:
                hidden.setdefault(line, placeholder)
    longest_first = sorted(hidden, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, longest_first))) if hidden else None

    def hide(text: str) -> str:
        if pattern is not None:
            text = pattern.sub(lambda match: hidden[match[0]], text)
        # And text that is only a secret when decoded, such as the lines of a JSON argument.
        return _without_spans(text, placeholders)

    return hide


def _without_spans(text: str, placeholders: Placeholders) -> str:
    from agcx_format.redaction import spans

    parts, at = [], 0
    for span in spans(text):
        parts += [text[at : span.start], placeholders.of(span.kind, text[span.start : span.end])]
        at = span.end
    return "".join([*parts, text[at:]])
