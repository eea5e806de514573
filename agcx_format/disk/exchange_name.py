"""The name of a file while it is exchanged with another; after a crash, it says what the file holds.

Strategy: other programs save at any moment, so an exchange may bring out what one of them has just saved, and
the machine may stop before that is put back.  The name contains size and time of the two files that are
ours; any other file with such a name is what another program saved.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from agcx_format.disk.durable import Signature

__all__ = ["ExchangeName"]

_parse = re.compile(
    r"\.(?P<target>.+)\.(?P<new>[0-9a-f]+\.-?[0-9a-f]+)\.(?P<old>[0-9a-f]+\.-?[0-9a-f]+)\.agcx-swap",
    re.DOTALL,
).fullmatch
# Size and mtime in ns: inodes are others in a copied store, and after a mount on some file systems.
_Version = tuple[int, int]


@dataclass(frozen=True, slots=True)
class ExchangeName:
    """What the name of a file says that is exchanged.

    Fields:
        target: the name of the file that it is exchanged with.
        new: the version that is to be there.
        old: the version that is expected there.
    """

    target: str
    new: _Version
    old: _Version

    @classmethod
    def of(cls, target: str, new: Signature, old: Signature) -> Self:
        return cls(target, (new.size, new.mtime_ns), (old.size, old.mtime_ns))

    @classmethod
    def parse(cls, name: str) -> Self | None:
        """None if it is not the name of such a file."""
        match = _parse(name)
        if match is None:
            return None
        new, old = (match[each].split(".") for each in ("new", "old"))
        return cls(
            match["target"], (int(new[0], 16), int(new[1], 16)), (int(old[0], 16), int(old[1], 16))
        )

    def __str__(self) -> str:
        numbers = ".".join(f"{number:x}" for number in (*self.new, *self.old))
        return f".{self.target}.{numbers}.agcx-swap"

    def is_new(self, found: Signature) -> bool:
        return (found.size, found.mtime_ns) == self.new

    def is_ours(self, found: Signature) -> bool:
        """Whether a file is one of the two."""
        return (found.size, found.mtime_ns) in (self.new, self.old)

    def may_be_new(self, found: Signature) -> bool:
        """The same, judged by what a copy made without the times still shows."""
        return found.size == self.new[0]

    def may_be_ours(self, found: Signature) -> bool:
        return found.size in (self.new[0], self.old[0])
