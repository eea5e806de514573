"""Finds the secrets in one text.

Strategy: one table holds all rules, and one search finds where any of them may begin. The words of a command
are searched one by one and as a line, since `-p` says what the next word is.
"""

from __future__ import annotations

import bisect
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from agcx_format.redaction.anchors import AnyWord, Words
from agcx_format.redaction.matched import guarded, secret_span
from agcx_format.redaction.rule import SecretRule
from agcx_format.redaction.rules import RULES
from agcx_format.redaction.wrapped import broken_token, wrapped_end

__all__ = ["Found", "Span", "spans", "spans_in_line"]

# No secret is shorter than this together with its name.
_SHORTEST = 6


@dataclass(frozen=True, slots=True)
class Span:
    """A secret in a text; offsets in characters."""

    kind: str
    start: int
    end: int


def spans(text: str, *, personal: bool = False) -> list[Span]:
    """The secrets in a text in order, without overlaps; with `personal` also names and addresses.

    Takes time linear in the length of the text.
    """
    if len(text) < _SHORTEST:
        return []
    found = _matched(text, personal)
    for lists in _LISTS:
        if lists.option in text:
            for span in lists.spans(text):
                found.add(span)
    return found.spans


def _matched(text: str, personal: bool = False) -> Found:
    matches = list(_RULES.matches(text))
    if personal:
        matches += _PERSONAL.matches(text)
    found = Found()
    # In the order of the rules: where two match, the more specific one wins.
    for rule, start, end in sorted(matches):
        found.add(Span(RULES[rule].kind, start, end))
    return found


class _Lists:
    """Lists of words in quotation marks of one kind, as in JSON.

    Their elements are bounded in length, and text that only begins like a list is skipped at once.

    Fields:
        option: how a word begins that is an option; a text without it has no such list.
    """

    def __init__(self, quote: str) -> None:
        self.option = quote + "-"
        mark, blank = re.escape(quote), r"(?>(?:\s|\\{1,3}[nt]){0,40})"
        escaped = r"\\{3}\"|" if quote == '\\"' else ""
        word = rf'{mark}(?>(?:{escaped}(?!{mark})(?:\\[^\n]|[^"\\\n])){{0,400}}){mark}'
        self._list = re.compile(
            rf"\[{blank}(?P<words>{word}(?>(?:{blank},{blank}{word}){{1,60}}))(?P<end>{blank}\])?"
        )
        self._word = re.compile(word)
        self._quote = len(quote)

    def spans(self, text: str) -> Iterator[Span]:
        """The secrets in the words of a command, found in the line that they make."""
        for match in self._list.finditer(text):
            if match["end"] is None:
                continue
            places = [
                (word.start() + self._quote, word.end() - self._quote)
                for word in self._word.finditer(text, *match.span("words"))
            ]
            for number, span in spans_in_line([text[start:end] for start, end in places]):
                at = places[number][0]
                yield Span(span.kind, at + span.start, at + span.end)


_LISTS = tuple(map(_Lists, ('"', "'", '\\"', '\\\\\\"')))


def spans_in_line(words: list[str]) -> Iterator[tuple[int, Span]]:
    """The same for the words by themselves: the number of the word, and where in it.

    A value at the start of a word is the whole word, even if a shell would parse the line otherwise.
    """
    if not any(word.startswith("-") for word in words):
        return
    starts = list(itertools.accumulate((len(word) + 1 for word in words[:-1]), initial=0))
    for span in _matched(" ".join(words)).spans:
        number = bisect.bisect(starts, span.start) - 1
        start, end = span.start - starts[number], span.end - starts[number]
        word = words[number]
        if " " not in word[:start] and start < len(word):
            yield number, Span(span.kind, start, len(word))
        elif start < len(word):
            yield number, Span(span.kind, start, min(end, len(word)))


# The number of a rule, and where the secret is.
_Match = tuple[int, int, int]


class _Table:
    """Rules whose anchors are searched for together."""

    def __init__(self, personal: bool) -> None:
        numbers = [n for n, rule in enumerate(RULES) if rule.personal is personal]
        self._fast = [n for n in numbers if not RULES[n].anchors]
        exact = [n for n in numbers if RULES[n].anchors and not RULES[n].ignores_case]
        self._exact = _Anchors(exact)
        self._lowered = _Anchors([n for n in numbers if RULES[n].ignores_case])
        self._any = AnyWord(self._exact.words, self._lowered.words)

    def matches(self, text: str) -> Iterator[_Match]:
        for number in self._fast:
            for match in RULES[number].pattern.finditer(text):
                yield number, *secret_span(match)
        if not self._any.may_occur(text):
            return
        yield from self._exact.matches(text, text)
        yield from self._lowered.matches(text, _lowered(text))


class _Anchors:
    """One search for all anchors of these rules.

    Longer anchors come first; where one matches, the rules of its prefixes are tried as well.
    """

    def __init__(self, numbers: list[int]) -> None:
        anchors = sorted({a for n in numbers for a in RULES[n].anchors}, key=len, reverse=True)
        self.words = anchors
        self._words = Words(anchors)
        self._rules = {
            anchor: [n for n in numbers if anchor.startswith(RULES[n].anchors)]
            for anchor in anchors
        }

    def matches(self, text: str, where: str) -> Iterator[_Match]:
        # The end of the last match of each rule.
        taken: dict[int, int] = {}
        for at, anchor in self._words.places(where):
            for number in self._rules[anchor]:
                if at >= taken.get(number, 0) and (span := _match(RULES[number], text, at)):
                    taken[number] = span[1]
                    yield number, *span


def _match(rule: SecretRule, text: str, at: int) -> tuple[int, int] | None:
    match = rule.pattern.match(text, at)
    if match is None:
        return broken_token(rule, text, at) if rule.is_token else None
    if not (rule.check is None or guarded(rule.check, True, match)):
        return None
    start, end = secret_span(match)
    begin = rule.begin(text, start)
    return None if begin is None else (begin, wrapped_end(rule, text, start, end))


def _lowered(text: str) -> str:
    """Lower case with unchanged offsets: one letter would become two."""
    return text.replace("\u0130", "i").lower()


_RULES, _PERSONAL = _Table(personal=False), _Table(personal=True)


class Found:
    """Spans in order, without overlaps."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self._starts: list[int] = []

    def add(self, span: Span) -> bool:
        index = bisect.bisect(self._starts, span.start)
        if index and self.spans[index - 1].end > span.start:
            return False
        if index < len(self.spans) and self.spans[index].start < span.end:
            return False
        self._starts.insert(index, span.start)
        self.spans.insert(index, span)
        return True

    def cover(self, span: Span) -> tuple[Span | None, list[Span]]:
        """Add a span together with those that it overlaps, as one.

        Returns what was added, None if one of them covers it, and those that are no more.
        """
        first = bisect.bisect(self._starts, span.start)
        if first and self.spans[first - 1].end > span.start:
            first -= 1
        end = bisect.bisect_left(self._starts, span.end, first)
        over = self.spans[first:end]
        start = min(each.start for each in (span, *over))
        stop = max(each.end for each in (span, *over))
        if any((each.start, each.end) == (start, stop) for each in over):
            return None, []
        whole = Span(span.kind, start, stop)
        self.spans[first:end], self._starts[first:end] = [whole], [start]
        return whole, over
