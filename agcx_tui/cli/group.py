"""What all commands have in common: the default command, and what becomes of an error.

Strategy: commands raise; only this place catches.  A `PersistenceError` becomes one line on stderr
and exit status 1, wrong use 2, as is a stdout that is closed, Ctrl+C 130 without a word, and a reader of our
output that goes away (`agcx list | head`) is no error at all.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from typing import Any, NoReturn

import click

from agcx_format.errors import PersistenceError
from agcx_format.transcript.safe_text import safe_text
from agcx_tui.cli.common import complain

INTERRUPTED = 130

# Files of ours are named in their errors; who reads gets none of these.
_OF_A_WRITE = (errno.EBADF, errno.EDQUOT, errno.EFBIG, errno.ENOSPC)


class Agcx(click.Group):
    """A group in which a file where a command is expected means the default command on it."""

    def __init__(self, *args: Any, default: click.Command, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.default = default

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        word = args[0]
        if self.get_command(ctx, word) is None and not word.startswith("-"):
            if os.path.isdir(word):
                raise click.UsageError(
                    f"{word!r} is a directory; to open it as a store, use --store", ctx
                )
            if os.path.lexists(word):
                return self.default.name, self.default, args
            raise click.UsageError(f"no such command or file: {word!r}", ctx)
        return super().resolve_command(ctx, args)

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        """As click's, but how wrong use and an interruption end the program is said here."""
        try:
            status = super().main(*args, **(kwargs | {"standalone_mode": False}))
        except click.ClickException as error:
            # It may quote a file's name.
            error.message = safe_text(error.message)
            error.show()
            status = error.exit_code
        except click.Abort:
            # Ctrl+C at a question
            status = INTERRUPTED
        except OSError as error:
            # Of what click itself prints: help, the version.
            status = _status_of(error)
        sys.exit(status or 0)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            _abandon_stdout()
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)
        except PersistenceError as error:
            complain(str(error))
            ctx.exit(1)
        except OSError as error:
            ctx.exit(_status_of(error))
        ctx.exit(ctx.obj.status)


def _status_of(error: OSError) -> int:
    """Say what the system refused."""
    what = error.filename
    closed = False
    if what is None and (error.errno in _OF_A_WRITE or _stdout_fails()):
        what = "the output cannot be written"
        # Without a stdout at all it was called in a wrong way.
        closed = error.errno == errno.EBADF
        _abandon_stdout()
    reason = (error.strerror or str(error)).lower()
    complain(f"{what}: {reason}" if what else reason)
    return 2 if closed else 1


def _stdout_fails() -> bool:
    """Whether it is stdout that an error came from: what it could not write is still there to be written."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        return True
    return False


def _abandon_stdout() -> None:
    """Nobody reads on: let what is still buffered go nowhere, also when Python closes the file."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
