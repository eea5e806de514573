"""Distinguishes a file that cannot be imported from one that the system does not let us read now.

Strategy: what is wrong with the content of a file stays wrong until the file changes, so an import notes it
and does not look again. A missing permission, a full disk for temporary files, or a lock passes without any
change to the file.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from agcx_format.disk.durable import os_reason
from agcx_format.errors import ConversionError, CorruptData, PersistenceError

__all__ = ["SourceUnavailable", "source_errors", "temporary_files"]


class SourceUnavailable(ConversionError):
    """A file cannot be read now, for a reason outside of it; another time it may."""


@contextlib.contextmanager
def source_errors(path: Path) -> Iterator[None]:
    """Turn every error of reading a file into a `ConversionError` that names it."""
    try:
        yield
    except OSError as cause:
        raise SourceUnavailable(os_reason(cause), path=path) from cause
    except ConversionError as error:
        raise error.located(path=path) from None
    except CorruptData as error:
        raise ConversionError(error.reason, path=path) from None
    except PersistenceError as error:
        raise SourceUnavailable(error.reason, path=path) from None


@contextlib.contextmanager
def temporary_files() -> Iterator[None]:
    """Name the temporary directory in an error of what reading a file writes there.

    Otherwise a person would look for the full disk where the file is.
    """
    try:
        yield
    except OSError as cause:
        place = f" in {tempfile.tempdir}" if tempfile.tempdir else ""
        reason = f"reading it takes temporary files{place}: {os_reason(cause)}"
        raise SourceUnavailable(reason) from cause
