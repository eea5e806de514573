"""Words for made-up sessions: text that compresses about as real conversations do.

Strategy: a vocabulary of some thousand words, drawn with the frequencies that words have (the
n-th at 1/n), with numbers, paths and lines of code between.  A store needs little of it and draws
it word by word; a huge session takes slices of one long text.
"""

from __future__ import annotations

from itertools import accumulate
from random import Random


def _listed(text: str, separator: str | None = None) -> list[str]:
    return text.split(separator)


VERBS = _listed(
    "Fix Add Trace Explain Rename Speed Review Port Split Restore Measure Document Remove Upgrade"
)
_THINGS = _listed(
    "the parser|a crash at start|grid layout|the storage layer|tests for export|tokenizer bug|"
    "Parquet export|queue stall|cache index|retry policy|date handling|the migration|login form|"
    "memory use|search ranking|naïve résumé parsing|検索の遅さ|CSV import|the release script",
    "|",
)
_PLACES = _listed(
    "|in CI|on Windows|for large files|behind a proxy|in the worker|after the upgrade|at midnight|"
    "with two writers|in the mobile view 📱|for the demo",
    "|",
)
# Matches any title, and nothing else that a program shows.
ANY_TITLE = rf"\b(?:{'|'.join(VERBS)}) (?:{'|'.join(thing.split()[0] for thing in _THINGS)})\b"
MODELS = ("gpt-5-codex", "gpt-5", "gpt-5-mini", "o4-mini", "claude-sonnet-4")
TAGS = _listed("ui bug perf docs release infra spike review urgent later")
_COMMON = _listed(
    "the of and to a in is that it for on with as this be are not from file line if return value "
    "test error then which when we function type path list data can use now one only before after"
)
_SYLLABLES = _listed(
    "ba con der ex fi gra hol in ju ker lo mo ne or pla qui ro sta ti un ver wi xa yo ze"
)
_EXTENSIONS = ("py", "rs", "ts", "toml", "md")
_LONG = 4_000_000


class Prose:
    """A source of text that is the same for the same seed."""

    def __init__(self, random: Random) -> None:
        self.random = random
        own = {"".join(random.choices(_SYLLABLES, k=random.randint(2, 4))) for _ in range(6000)}
        self._words = _COMMON + sorted(own)
        self._weights = list(accumulate(1 / (n + 4) for n in range(len(self._words))))
        self._long = ""

    def title(self) -> str:
        choose = self.random.choice
        return f"{choose(VERBS)} {choose(_THINGS)} {choose(_PLACES)}".rstrip()

    def path(self) -> str:
        a, b = self._draw(2)
        return f"src/{a}/{b}.{self.random.choice(_EXTENSIONS)}"

    def sentences(self, size: int) -> str:
        """About `size` characters of prose with some Markdown in it."""
        parts, length = [], 0
        while length < size:
            words = self._draw(self.random.randint(6, 18))
            if self.random.random() < 0.3:
                words[-1] = f"`{words[-1]}()`"
            line = " ".join(words).capitalize() + self.random.choice((". ", ". ", ".\n\n", ":\n- "))
            parts.append(line)
            length += len(line)
        return "".join(parts)[: max(1, size)]

    def code(self, size: int) -> str:
        """About `size` characters like the output of a search or a test run."""
        random, parts, length = self.random, [], 0
        while length < size:
            words = self._draw(random.randint(2, 7))
            number = random.randint(1, 900)
            line = f"{self.path()}:{number}: {words[0]}({', '.join(words[1:])}) = {random.random():.6f}\n"
            parts.append(line)
            length += len(line)
        return "".join(parts)[: max(1, size)]

    def slice(self, size: int) -> str:
        """`size` characters at once, from one long text that comes round again."""
        if not self._long:
            chunk = 40_000
            half = range(_LONG // (2 * chunk))
            self._long = "".join(self.sentences(chunk) + self.code(chunk) for _ in half)
        text = self._long
        start = self.random.randrange(len(text))
        found = text[start : start + size]
        while len(found) < size:
            found += text[: size - len(found)]
        return found

    def _draw(self, count: int) -> list[str]:
        return self.random.choices(self._words, cum_weights=self._weights, k=count)
