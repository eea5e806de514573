"""The bytes of a damaged file, decompressed from wherever something may begin.

Strategy: a file can be made so that something seems to begin at a thousand places, and that each of them
decompresses to gigabytes, or takes as long to walk through without giving anything.  So all guesses together
are bounded, and the caller may stop at any piece.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from agcx_format import limits
from agcx_format.codec.zstd import frames
from agcx_format.disk.open_file import OpenFile
from agcx_format.doctor.messages import Stopped
from agcx_format.errors import CompressionError
from agcx_format.session.file_section import FileSection

__all__ = ["DamagedFile"]

# Checking a part of a guess takes as long as decompressing this many bytes.
_LOOK = 1024


class DamagedFile:
    """An open file that is read as far as it can be.

    Every method raises `Stopped` once `should_stop` returns True.
    """

    def __init__(self, file: OpenFile, should_stop: Callable[[], bool]) -> None:
        self.file, self.size = file, file.size
        self._should_stop = should_stop
        self._left = limits.GUESSES

    @property
    def is_spent(self) -> bool:
        """Whether the guesses took too much: what comes after that is not found."""
        return self._left < 0

    def check(self) -> None:
        """Check that the caller wants more.

        Raises:
            Stopped: it does not.
        """
        if self._should_stop():
            raise Stopped

    def section(self, start: int, end: int | None = None) -> FileSection:
        return FileSection(self.file, start, self.size if end is None else end)

    def pieces(self, start: int, end: int | None = None) -> Iterator[bytes]:
        """The text of the frames from `start` on."""
        for piece in frames.pieces(self.section(start, end)):
            self.check()
            yield piece

    def guessed(self, start: int, end: int | None = None) -> Iterator[bytes]:
        """The same where nothing but a magic says that something begins.

        Raises:
            CompressionError: (also) the guesses took too much.
        """
        for piece in frames.pieces(_Guess(self.section(start, end), self._spend)):
            self._spend(len(piece))
            yield piece

    def first_end(self, start: int) -> int:
        """Where the frame ends that may begin at `start`; a guess.

        Raises:
            CompressionError: none begins there, it is cut off, or the guesses took too much.
        """
        self.check()
        return start + frames.first_end(_Guess(self.section(start), self._spend))

    def _spend(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise CompressionError("too much was looked at where nothing says what it is")
        self.check()


class _Guess:
    """A section that may be one; each look at it is paid for."""

    def __init__(self, section: FileSection, spend: Callable[[int], None]) -> None:
        self._section, self._spend = section, spend

    def __len__(self) -> int:
        return len(self._section)

    def __getitem__(self, part: slice) -> bytes | memoryview:
        self._spend(_LOOK)
        return self._section[part]
