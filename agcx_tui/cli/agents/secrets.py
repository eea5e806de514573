"""Hides the secrets of a session in pieces of its text.

Strategy: secrets are found by looking at a whole session, since a word that is harmless by itself is known
by another place that names it as a password.  They are looked for in what the file holds and in its texts as
they are read, since a key of several lines is one line in JSON.  Of a text that was cut, what is left of a
secret at its ends is hidden too.  What was found is kept for as long as the file is the same.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from agcx_format.disk import Signature
from agcx_format.errors import PersistenceError
from agcx_tui.cli.reading.show import selected_messages

if TYPE_CHECKING:
    from agcx_format.redaction import Placeholders

__all__ = ["NoSecrets", "Secrets"]

# As many as one list names.
_MOST_SESSIONS = 200
# A line of a secret of several lines is a secret too, unless it is too short to be one.
_SHORTEST_LINE = 6
# A text with this many characters may have been cut from a longer one.
_LONG = 240
# This many characters of a secret, at an end of such a text, count as a part of it.
_SHORTEST_PART = 4

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
            self._known[key] = _hider(_found(path, self._placeholders), self._placeholders)
            while len(self._known) > _MOST_SESSIONS:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return self._known[key]

    def hide(self, text: str) -> str:
        """The text without what is a secret by itself."""
        return _without_spans(text, self._placeholders)


def _found(path: str, placeholders: Placeholders) -> dict[str, str]:
    """All secrets in a session, as far as it can be read, and their placeholders."""
    from agcx_format import MessageSnapshot, SessionFile
    from agcx_format.redaction import find_secrets, spans
    from agcx_format.search import read_messages

    def readable() -> Iterator[MessageSnapshot]:
        # Those after a damaged one are shown too.
        for _, message in selected_messages(file, (0, None)):
            if not isinstance(message, PersistenceError):
                yield message

    found: dict[str, str] = {}
    with SessionFile(path) as file:
        context = None
        with suppress(PersistenceError):
            context = file.context
        for find in find_secrets(file.metadata, readable, context):
            found[find.secret] = placeholders.of(find.kind, find.secret)
        for text in (file.metadata.title, *(said.text for said in read_messages(readable()))):
            for span in spans(text):
                secret = text[span.start : span.end]
                found.setdefault(secret, placeholders.of(span.kind, secret))
    return found


def _hider(found: dict[str, str], placeholders: Placeholders) -> Hide:
    hidden = dict(found)
    for secret, placeholder in found.items():
        for line in secret.splitlines():
            if len(line.strip()) >= _SHORTEST_LINE:
                hidden.setdefault(line, placeholder)
    longest_first = sorted(hidden, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, longest_first))) if hidden else None

    def hide(text: str) -> str:
        if pattern is not None:
            text = pattern.sub(lambda match: hidden[match[0]], text)
        # And text that is only a secret when decoded, such as the lines of a JSON argument.
        text = _without_spans(text, placeholders)
        return _without_parts(text, hidden) if len(text) >= _LONG else text

    return hide


def _without_parts(text: str, hidden: dict[str, str]) -> str:
    """A text that may have been cut, without the part of a secret at each of its ends."""
    if whole := next((hidden[secret] for secret in hidden if text in secret), None):
        return whole
    body = text.removesuffix("…")
    for secret, placeholder in hidden.items():
        at = 0
        while (at := secret.find(body[:_SHORTEST_PART], at + 1)) > 0:
            if body.startswith(secret[at:]):
                body = placeholder + body[len(secret) - at :]
                break
        at = len(secret)
        while (at := secret.rfind(body[-_SHORTEST_PART:], 0, at + _SHORTEST_PART - 1)) >= 0:
            begun = secret[: at + _SHORTEST_PART]
            if len(begun) < len(secret) and body.endswith(begun):
                body = body[: -len(begun)] + placeholder
                break
    return body + text[len(text.removesuffix("…")) :]


def _without_spans(text: str, placeholders: Placeholders) -> str:
    from agcx_format.redaction import spans

    parts, at = [], 0
    for span in spans(text):
        parts += [text[at : span.start], placeholders.of(span.kind, text[span.start : span.end])]
        at = span.end
    return "".join([*parts, text[at:]])
