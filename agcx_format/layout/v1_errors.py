"""What is wrong with a header or a length in a file of layout 1, as the error that says so."""

from __future__ import annotations

from typing import Final, NoReturn

from agcx_format.counting import counted
from agcx_format.errors import CorruptData, InvalidMagic, UnsupportedVersion
from agcx_format.layout.base import MAGIC

__all__ = ["BEGINNING", "VERSION", "file_ends", "refuse_header", "refuse_length"]

VERSION: Final = 1
BEGINNING: Final = MAGIC + VERSION.to_bytes(2, "little")


def refuse_header(head: bytes | memoryview) -> NoReturn:
    if len(head) < 6:
        reason = f"{counted(len(head), 'byte is', 'bytes are')} too few for a header"
        raise CorruptData(reason, section="header", offset=0, truncated=True)
    if head[:4] != MAGIC:
        raise InvalidMagic("does not begin with AGCX", section="header", offset=0)
    if head[:6] == BEGINNING:
        raise file_ends("inside the header", "header", len(head))
    version = int.from_bytes(head[4:6], "little")
    raise UnsupportedVersion(version, VERSION, section="header", offset=4)


def file_ends(where: str, section: str, offset: int) -> CorruptData:
    return CorruptData(f"the file ends {where}", section=section, offset=offset, truncated=True)


def refuse_length(section: str, start: int, length: int, file_size: int) -> NoReturn:
    left = max(0, file_size - start)
    reason = f"{length:,} bytes are too many"
    if length > left:
        reason = f"its length is {counted(length, 'byte')}, but {counted(left, 'is', 'are')} left"
    raise CorruptData(reason, section=section, offset=start - 4, truncated=length > left)
