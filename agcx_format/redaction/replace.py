"""Replaces secrets by placeholders.

Strategy: a `Redaction` takes the finds to hide and changes one value at a time, so that a session of any size
can be written as it is read. A secret gets the same placeholder everywhere, in all sessions that share their
`Placeholders`, so a reader can still see that two places held the same. A placeholder is plain ASCII without
quotation marks; text that was JSON stays JSON.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from msgspec.structs import replace

from agcx_format.model.items import MessageSnapshot
from agcx_format.model.session import Session
from agcx_format.model.streamed import made_of
from agcx_format.redaction.find import Find
from agcx_format.redaction.texts import TextPath, named, put, texts

__all__ = ["Placeholders", "Redaction", "is_redacted", "redact"]

_T = TypeVar("_T")

_BEGINNING = "[redacted "


def is_redacted(text: str) -> bool:
    """Whether a text holds a placeholder, unless a person chose another one."""
    return _BEGINNING in text


class Placeholders:
    """A placeholder for each secret, numbered by kind: `[redacted github-token 1]`.

    `chosen` are the placeholders of texts for which a person chose them.
    """

    def __init__(self, chosen: Mapping[str, str] | None = None) -> None:
        self._of: dict[str, str] = dict(chosen or {})
        self._numbers: Counter[str] = Counter()

    def of(self, kind: str, secret: str) -> str:
        """The placeholder of a secret; a new one if it has none yet."""
        if secret not in self._of:
            self._numbers[kind] += 1
            self._of[secret] = f"{_BEGINNING}{kind} {self._numbers[kind]}]"
        return self._of[secret]


class Redaction:
    """Hides exactly the secrets of these finds.

    Raises:
        TypeError: one of them is not a `Find`.
    """

    def __init__(self, finds: Iterable[Find], placeholders: Placeholders | None = None) -> None:
        self._placeholders = placeholders or Placeholders()
        self._finds: dict[tuple[str, int | None], dict[TextPath, list[Find]]] = {}
        self._counts: Counter[str] = Counter()
        for find in finds:
            if not isinstance(find, Find):
                raise TypeError(f"find_in_session and find_secrets give finds, not {find!r:.80}")
            self._placeholders.of(find.kind, find.secret)
            self._counts[find.kind] += 1
            in_part = self._finds.setdefault((find.part, find.message), {})
            in_part.setdefault(find.path, []).append(find)

    @property
    def counts(self) -> dict[str, int]:
        """The number of hidden finds of each kind, the most frequent kind first."""
        return dict(self._counts.most_common())

    def part(self, name: str, value: _T) -> _T:
        """`metadata`, `context`, or `state` without its secrets."""
        changed: _T = self._changed((name, None), value)
        return changed

    def message(self, index: int, message: MessageSnapshot) -> MessageSnapshot:
        """Message `index` of the session, from 0, without its secrets."""
        changed: MessageSnapshot = self._changed(("message", index), message)
        return changed

    def messages(self, messages: Iterable[MessageSnapshot]) -> Iterator[MessageSnapshot]:
        """All messages of the session, from the first."""
        for index, message in enumerate(messages):
            yield self.message(index, message)

    def _changed(self, place: tuple[str, int | None], value: Any) -> Any:
        finds = self._finds.get(place)
        if not finds:
            return value
        was = {path: text for path, text, _ in texts(value) if path in finds}
        changes = {path: self._text(was[path], finds[path]) for path in was}
        inside_unknown = [f for path, some in finds.items() if "raw" in path for f in some]
        return put(value, changes, lambda text: self._everywhere(text, inside_unknown))

    def _text(self, text: str, finds: list[Find]) -> str:
        parts, at = [], 0
        for find in sorted(finds, key=lambda find: find.start):
            parts += [text[at : find.start], self._placeholders.of(find.kind, find.secret)]
            at = find.end
        changed = "".join([*parts, text[at:]])
        if text.lstrip()[:1] in ("{", "[") and not _is_json(changed) and _is_json(text):
            # A secret can span strings. Replace it in each string, or else make the text one string: it is
            # JSON still, and without the secret.
            plain = _through(json.loads(text), lambda each: self._everywhere(each, finds))
            by_value = json.dumps(plain, ensure_ascii=False)
            hidden = (self._placeholders.of(find.kind, find.secret) for find in finds)
            return by_value if all(map(by_value.__contains__, hidden)) else json.dumps(changed)
        return changed

    def _everywhere(self, text: str, finds: list[Find]) -> str:
        for find in sorted(finds, key=lambda find: len(find.secret), reverse=True):
            text = text.replace(find.secret, self._placeholders.of(find.kind, find.secret))
        return text


def redact(
    session: Session, finds: Iterable[Find], placeholders: Placeholders | None = None
) -> tuple[Session, Redaction]:
    """A session without the secrets of these finds, and the redaction that was applied.

    Raises:
        TypeError: one of them is not a `Find`.
    """
    metadata, conversation, state = session
    redaction = Redaction(finds, placeholders)
    messages = conversation.messages
    hidden = replace(
        conversation,
        messages=made_of(messages, count=len(messages), make=lambda: redaction.messages(messages)),
        context=redaction.part("context", conversation.context),
    )
    session = Session(redaction.part("metadata", metadata), hidden, redaction.part("state", state))
    return session, redaction


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _through(plain: Any, change: Callable[[str], str]) -> Any:
    match plain:
        case str():
            return change(plain)
        case list():
            return [_through(each, change) for each in plain]
        case dict():
            return named((change(name), _through(each, change)) for name, each in plain.items())
    return plain
