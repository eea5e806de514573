"""What a rule for secrets is: what they look like, and which part of a match is the secret.

Strategy: each rule has literal anchors, one of which every match contains. The pattern is tried only there:
text without secrets costs a few literal searches. To stay linear for any text, patterns match runs of
characters possessively and repeated groups atomically (`(?>(?:…)+)`; early releases of Python 3.11 get the
possessive form wrong), limit lazy matches, and start only where a token can start, so a run is examined once
and not once per character. Properties of a value (how random it looks, whether it is code) are tested by a
check.

A secret never begins or ends inside a JSON escape, and never contains an unescaped quotation mark: in JSON
text it can be replaced by plain ASCII, and the text is still JSON.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from agcx_format.redaction.matched import guarded

__all__ = ["ALONE", "ANYWHERE", "SecretRule", "context", "token"]

Check = Callable[[re.Match[str]], bool]

# Characters: the longest part of a secret before its anchor.
_LEAD = 65
# Characters: how much is hidden if `behind` fails.
_BEHIND = 8000


@dataclass(frozen=True, slots=True)
class SecretRule:
    """How to find secrets of one kind.

    Fields:
        anchors: literals, in lower case if the pattern ignores case.
        pattern: matched at an anchor; without anchors it must be fast by itself. Groups whose names
            begin with `secret` are the secret.
        check: rejects values that only look like a secret.
        lead: matches the part of a secret before its anchor, at most 65 characters.
        behind: finds where a secret begins before its anchor; None if nowhere.
        personal: whether the rule applies only on request.
        is_token: whether the secret is recognizable by itself, also where a line break is in it.
    """

    kind: str
    anchors: tuple[str, ...]
    pattern: re.Pattern[str]
    check: Check | None = None
    lead: re.Pattern[str] | None = None
    behind: Callable[[str, int], int | None] | None = None
    personal: bool = False
    is_token: bool = False

    @property
    def ignores_case(self) -> bool:
        return bool(self.pattern.flags & re.IGNORECASE)

    def begin(self, text: str, start: int) -> int | None:
        """Where the secret begins whose end the pattern matched; None if it is not one after all.

        `start` is where that end begins.
        """
        if self.behind is not None:
            return guarded(self.behind, max(0, start - _BEHIND), text, start)
        if self.lead is not None:
            found = self.lead.search(text, max(0, start - _LEAD), start)
            return None if found is None else found.start()
        return start


# Where a token can begin: not inside a word, but after `_` or `-`, an escape of JSON or of a URL, or a color
# code of a terminal. Never right after a backslash: that would be inside an escape.
_ESCAPE = (
    r"(?<=\\[nrtbf])|(?<=\\u[0-9a-fA-F]{4})|(?<=%[0-9A-Fa-f]{2})|(?<=\[m)|(?<=[\[;][0-9]m)"
    r"|(?<=[\[;0-9][0-9]{2}m)"
)
_START = rf"(?:(?<![A-Za-z0-9\\])|{_ESCAPE})"
# For unmistakable tokens.
ANYWHERE = r"(?<!\\)"
# For long runs of these characters, which would otherwise be examined once for every anchor in them.
ALONE = rf"(?:(?<![A-Za-z0-9_\\-])|{_ESCAPE})"


def token(kind: str, anchors: str, pattern: str, start: str = _START) -> SecretRule:
    """A rule for tokens that are recognizable by themselves; the whole match is the secret."""
    compiled = re.compile(f"{start}(?P<secret>{pattern})")
    return SecretRule(kind, tuple(anchors.split()), compiled, is_token=True)


def context(
    kind: str,
    anchors: str,
    pattern: str,
    check: Check | None = None,
    *,
    behind: Callable[[str, int], int | None] | None = None,
    personal: bool = False,
) -> SecretRule:
    """A rule for a value that is a secret because of the text around it."""
    compiled = re.compile(pattern, re.IGNORECASE | re.VERBOSE)
    return SecretRule(kind, _anchors(anchors), compiled, check, behind=behind, personal=personal)


def _anchors(anchors: str) -> tuple[str, ...]:
    """Split at blanks, or at bars if the anchors contain blanks."""
    return tuple(filter(None, anchors.split("|")) if "|" in anchors else anchors.split())
