"""The fast libraries behind a search, stringzilla and google-re2, and what takes their place without them.

Strategy: both are imported when they are first needed.  Without stringzilla, ASCII is lowered and searched
by Python, and everything else is left to `folding`, which is the truth anyway.  Without google-re2 there
are no regular expressions: Python's own can take forever on a hostile text, and hold every thread meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Protocol

__all__ = [
    "Pattern", "cased_spans", "casefold", "compile_regex", "count", "find", "has_uncased", "missing", "numpy",
    "translate", "uncased_count", "uncased_find", "uncased_spans",
]  # fmt: skip

# Python searches this many bytes in the time in which stringzilla prepares the needle, as it does each time.
_SHORT = 512
# What a compiled expression and its automata may take, in bytes.
_REGEX_MEMORY = 32 << 20


@cache
def _stringzilla() -> ModuleType | None:
    try:
        stringzilla = import_module("stringzilla")
    except ImportError:
        return None
    return stringzilla if hasattr(stringzilla, "utf8_uncased_search") else None


@cache
def _re2() -> ModuleType | None:
    try:
        return import_module("re2")
    except ImportError:
        return None


@cache
def numpy() -> ModuleType | None:
    """For building an index; never needed to search one."""
    try:
        return import_module("numpy")
    except ImportError:
        return None


def missing() -> tuple[str, ...]:
    """The packages that are not installed and would make a search faster or richer."""
    found = {"stringzilla": _stringzilla(), "google-re2": _re2()}
    return tuple(name for name, module in found.items() if module is None)


# --- without regard to case


def has_uncased(payload: bytes) -> bool:
    """Whether these bytes can be searched here at all; else their text has to be folded."""
    return _stringzilla() is not None or payload.isascii()


def uncased_find(payload: bytes, needle: bytes) -> int:
    """Where `needle`, which is folded, begins in UTF-8 without traits that matter to it; -1 for nowhere."""
    sz = _stringzilla()
    if sz is None or (len(payload) <= _SHORT and payload.isascii()):
        return payload.lower().find(needle)
    return int(sz.utf8_uncased_search(payload, needle))


def uncased_count(payload: bytes, needle: bytes) -> int:
    sz = _stringzilla()
    if sz is not None:
        return int(sz.count(sz.utf8_uncased_fold(payload), needle))
    return payload.lower().count(needle)


def uncased_spans(payload: bytes, needle: bytes) -> Iterator[tuple[int, int]]:
    """Start and end in bytes of every match."""
    sz = _stringzilla()
    if sz is not None:
        whole = sz.Str(payload)
        for match in sz.utf8_uncased_matches(whole, needle):
            start = match.offset_within(whole)
            yield start, start + match.nbytes
        return
    yield from cased_spans(payload.lower(), needle)


def cased_spans(payload: bytes, needle: bytes) -> Iterator[tuple[int, int]]:
    """The same where case counts."""
    at, size = payload.find(needle), len(needle)
    while at >= 0:
        yield at, at + size
        at = payload.find(needle, at + size)


def casefold(payload: bytes) -> bytes:
    """UTF-8 folded as Unicode says, nothing composed."""
    sz = _stringzilla()
    if sz is not None:
        return bytes(sz.utf8_uncased_fold(payload))
    if payload.isascii():
        return payload.lower()
    return payload.decode().casefold().encode()


def find(payload: bytes, part: bytes) -> int:
    """`payload.find(part)`, which is slow for short parts."""
    sz = _stringzilla()
    return payload.find(part) if sz is None else int(sz.find(payload, part))


def count(payload: bytes, part: bytes, start: int, end: int) -> int:
    """`payload.count(part, start, end)`, which is slow for short parts."""
    sz = _stringzilla()
    if sz is None:
        return payload.count(part, start, end)
    return int(sz.count(payload, part, start, end))


def translate(payload: bytes, table: bytes) -> bytes:
    """`payload.translate(table)`, which goes through it byte by byte."""
    sz = _stringzilla()
    return payload.translate(table) if sz is None else bytes(sz.translate(payload, table))


# --- regular expressions


class _Found(Protocol):
    def span(self) -> tuple[int, int]: ...


class _Compiled(Protocol):
    """An expression of google-re2, which has no types of its own."""

    def search(self, text: bytes) -> _Found | None: ...

    def finditer(self, text: bytes) -> Iterator[_Found]: ...


class Pattern:
    """A compiled expression.

    Fields:
        cased: whether case counts.
        anchored: whether it speaks of the beginning or the end of the whole text.
    """

    def __init__(self, compiled: _Compiled, *, cased: bool, anchored: bool) -> None:
        self._compiled = compiled
        self.cased = cased
        self.anchored = anchored

    def search(self, payload: bytes) -> bool:
        return self._compiled.search(payload) is not None

    def first(self, payload: bytes) -> tuple[int, int] | None:
        """The first that `spans` yields, sooner."""
        match = self._compiled.search(payload)
        if match is None:
            return None
        start, end = match.span()
        return (start, end) if end > start else next(self.spans(payload), None)

    def spans(self, payload: bytes) -> Iterator[tuple[int, int]]:
        """Start and end in bytes of every match that is not empty."""
        for match in self._compiled.finditer(payload):
            start, end = match.span()
            if end > start:
                yield start, end


def compile_regex(pattern: str, *, cased: bool) -> Pattern:
    """Raises `ValueError` with the reason when that is not possible."""
    from agcx_format.search.regex_syntax import is_anchored, what_is_refused

    re2 = _re2()
    if re2 is None:
        raise ValueError("regular expressions need the package google-re2, which is not installed")
    options = re2.Options()
    options.case_sensitive = cased
    options.log_errors = False
    options.max_mem = _REGEX_MEMORY
    try:
        raw = pattern.encode()
    except UnicodeEncodeError:
        raise ValueError("it holds half a character") from None
    try:
        # By itself first, so that a stray parenthesis cannot close what is put around it.
        re2.compile(raw, options)
        compiled = re2.compile(b"(?m:" + raw + b")", options)
    except re2.error as error:
        reason = error.args[0] if error.args else "invalid"
        text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise ValueError(what_is_refused(pattern) or text) from None
    if refused := what_is_refused(pattern):
        raise ValueError(refused)
    return Pattern(compiled, cased=cased, anchored=is_anchored(pattern))
