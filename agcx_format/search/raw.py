"""Whether a session's file may hold what is looked for, judged by its raw bytes before anything is decoded.

Strategy: what is looked for without an index is mostly a word that few sessions have.  A run of ASCII
letters in it must be in the decompressed section as it is, since JSON and MessagePack escape none of them.
Where it is not, other forms of its letters (of full width, a dotted capital I) are replaced and it is
looked for again; where they could be escaped in JSON, the session is decoded.  So is one that turns out to
be damaged.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from agcx_format import layout
from agcx_format.codec.zstd import frames
from agcx_format.disk.durable import open_regular, read_exactly
from agcx_format.errors import PersistenceError
from agcx_format.search import native
from agcx_format.search.asides import MADE_WORDS
from agcx_format.search.matchers import Literal
from agcx_format.search.query import Query
from agcx_format.search.said import storable

__all__ = ["may_hold", "runs_of"]

# A shorter run is in the base64 of encrypted content by chance.  Of a longer one only the middle is looked
# for: a needle is prepared for each text, which takes four times as long for twice as many letters.
_SHORTEST, _LONGEST = 5, 8
# What is larger is decoded piece by piece.
_LARGEST_FILE, _LARGEST_TEXT = 8 << 20, 64 << 20
_runs = re.compile(r"[0-9a-z_]+", re.ASCII).findall
# Without a letter that no number has, it could be written otherwise: 1e5 for 100000.0.
_letter = re.compile(r"[a-df-z_]").search
# Escapes of JSON for letters and digits, `_`, and what folds to them.
_ESCAPE = b"\\u"
_escaped = re.compile(
    rb"\\u(?i:00(?:3\d|[46][1-9a-f]|[57][0-9a]|5f|df)|ff|fb0|1e9|212a|017f|0130|0149|0307)"
).search
# The same of full width, all of which begin alike.
_WIDE = b"\xef"
_WIDES = (b"\xef\xbc", b"\xef\xbd")
_WIDTH = ord("\uff21") - ord("A")
_wide = re.compile(rb"\xef(?:\xbc[\x90-\x99\xa1-\xba\xbf]|\xbd[\x81-\x9a])")
# Punctuation of full width that is passed one by one.
_FEW = 8
# An i may have a dot of its own, or be a capital one with a dot.
_DOTTED = (b"i\xcc\x87", b"I\xcc\x87", b"\xc4\xb0")


def runs_of(query: Query) -> tuple[bytes, ...]:
    """A run for each word that has one; nothing when a session has to be decoded in any case."""
    found = []
    for matcher in query.matchers:
        if isinstance(matcher, Literal):
            runs = [run for run in _runs(matcher.text.lower()) if _letter(run) and not _made(run)]
            longest = max(runs, key=len, default="")
            if len(longest) >= _SHORTEST:
                found.append(_middle(longest).encode())
    return tuple(found)


def _middle(run: str) -> str:
    start = max(0, len(run) - _LONGEST) // 2
    return run[start : start + _LONGEST]


def _made(run: str) -> bool:
    return any(run in word for word in MADE_WORDS)


def may_hold(path: str, runs: Sequence[bytes], size: int | None = None) -> bool:
    """False when the file is whole, as far as that shows, and one of the runs is not in it.

    `size` is what the file had when it was listed: it is read sooner if it still has.
    """
    try:
        data = _read(path, size)
        if data is None:
            return True
        kind = layout.of(data[: layout.HEAD])
        # What has no metadata counts as unreadable, whatever it holds.
        title = storable(kind.metadata(data).title).encode()
        place = kind.messages(data)
        raw = frames.decompress(memoryview(data)[place.start : place.end], _LARGEST_TEXT)
    except PersistenceError:
        return True
    return _may_say(raw, title, runs)


def _may_say(raw: bytes, title: bytes, runs: Sequence[bytes]) -> bool:
    if not (native.has_uncased(raw) and native.has_uncased(title)):
        return True
    missing = _missing(runs, (raw, title))
    if not missing or _has_escapes(raw):
        return True
    dotted = b"i" in b"".join(missing)
    others = [_plain(raw, dotted=dotted), _plain(title, dotted=dotted)]
    return not _missing(missing, [text for text in others if text is not None])


def _missing(runs: Sequence[bytes], texts: Sequence[bytes]) -> Sequence[bytes]:
    """The runs that are in none of the texts."""
    for text in texts:
        runs = [run for run in runs if native.uncased_find(text, run) < 0]
        if not runs:
            break
    return runs


def _has_escapes(text: bytes) -> bool:
    at = native.find(text, _ESCAPE)
    return at >= 0 and _escaped(text, at) is not None


def _plain(text: bytes, *, dotted: bool) -> bytes | None:
    """The text with other forms replaced; None if it has none.  `dotted`: those of an i as well."""
    if text.isascii():
        return None
    plain = text
    if _has_wide(text):
        plain = _wide.sub(_narrow, plain)
    if dotted:
        for each in _DOTTED:
            if native.find(plain, each) >= 0:
                plain = plain.replace(each, b"i")
    return None if plain is text else plain


def _has_wide(text: bytes) -> bool:
    # Python finds one byte five times as fast as any library finds two, and this one is rare.
    at = text.find(_WIDE)
    others = 0
    while at >= 0:
        if text.startswith(_WIDES, at):
            if _wide.match(text, at):
                return True
            # Punctuation of full width, of which there is much where there is some.
            others += 1
            if others == _FEW:
                return _wide.search(text, at) is not None
        at = text.find(_WIDE, at + 1)
    return False


def _narrow(wide: re.Match[bytes]) -> bytes:
    return chr(ord(wide[0].decode()) - _WIDTH).encode()


def _read(path: str, size: int | None) -> bytes | None:
    """The whole file, unless it is a large one."""
    if size is not None and size <= _LARGEST_FILE:
        data = _read_as_listed(path, size)
        if data is not None:
            return data
    fd, status = open_regular(path)
    try:
        size = status.st_size
        return read_exactly(fd, size, 0) if size <= _LARGEST_FILE else None
    finally:
        os.close(fd)


def _read_as_listed(path: str, size: int) -> bytes | None:
    """A file of this size in as few calls as possible; None where it is not, or anything goes wrong."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            # A byte more, if there is one: then it is another file now, or none.
            data = os.pread(fd, size + 1, 0)
        finally:
            os.close(fd)
    except OSError:
        return None
    return data if len(data) == size else None
