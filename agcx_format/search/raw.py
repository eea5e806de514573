"""Whether a session's file may hold what is looked for, judged by its raw bytes before anything is decoded.

Strategy: what is looked for without an index is mostly a word that few sessions have.  A run of ASCII
letters in it must be in the decompressed section as it is, since JSON and MessagePack escape none of them;
where a text could hold it in another form (an escape, letters of full width, a dotted capital I), the
session is decoded.  So is one that turns out to be damaged.
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

# A shorter run is in the base64 of encrypted content by chance.
_SHORTEST = 5
# What is larger is decoded piece by piece.
_LARGEST_FILE, _LARGEST_TEXT = 8 << 20, 64 << 20
_runs = re.compile(r"[0-9a-z_]+", re.ASCII).findall
# Without a letter that no number has, it could be written otherwise: 1e5 for 100000.0.
_letter = re.compile(r"[a-df-z_]").search
# Other forms of ASCII letters and digits, by what they begin with: escapes of JSON, and full width.
_OTHER_FORMS = {
    b"\\u": re.compile(rb"\\u(?i:00|ff|fb0|1e9|212a|017f|0130|0149|0307)"),
    b"\xef\xbc": re.compile(rb"\xef\xbc[\x90-\x99\xa1-\xba\xbf]"),
    b"\xef\xbd": re.compile(rb"\xef\xbd[\x81-\x9a]"),
}
# An i may be a capital one with a dot, or have a dot of its own.
_DOTTED = (b"\xc4\xb0", b"i\xcc\x87")


def runs_of(query: Query) -> tuple[bytes, ...]:
    """A run for each word that has one; nothing when a session has to be decoded in any case."""
    found = []
    for matcher in query.matchers:
        if isinstance(matcher, Literal):
            runs = [run for run in _runs(matcher.text.lower()) if _letter(run) and not _made(run)]
            longest = max(runs, key=len, default="")
            if len(longest) >= _SHORTEST:
                found.append(longest.encode())
    return tuple(found)


def _made(run: str) -> bool:
    return any(run in word for word in MADE_WORDS)


def may_hold(path: str, runs: Sequence[bytes]) -> bool:
    """False when the file is whole, as far as that shows, and one of the runs is not in it."""
    try:
        data = _read(path)
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
    for run in runs:
        if native.uncased_find(raw, run) < 0 and native.uncased_find(title, run) < 0:
            dotted = b"i" in run
            return _has_other_forms(raw, dotted) or _has_other_forms(title, dotted)
    return True


def _has_other_forms(text: bytes, dotted: bool) -> bool:
    """Whether ASCII could be written otherwise in this text; `dotted`: also an i."""
    if dotted and any(native.find(text, dot) >= 0 for dot in _DOTTED):
        return True
    for beginning, form in _OTHER_FORMS.items():
        at = native.find(text, beginning)
        if at >= 0 and form.search(text, at):
            return True
    return False


def _read(path: str) -> bytes | None:
    """The whole file, unless it is a large one."""
    fd, status = open_regular(path)
    try:
        size = status.st_size
        return read_exactly(fd, size, 0) if size <= _LARGEST_FILE else None
    finally:
        os.close(fd)
