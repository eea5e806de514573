"""The group of all commands: how they are imported, the default command, and how errors are reported.

Strategy: the group knows where its commands are and imports the one that is asked for; its own help asks for
all.  Commands raise; only this module catches.  A `PersistenceError` becomes one line on stderr and exit
status 1; wrong use and a closed stdout give 2; Ctrl+C gives 130 without a message; and a reader that closes
the pipe (`agcx list | head`) is not an error.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any, NoReturn

import click

from agcx_format.errors import PersistenceError
from agcx_format.transcript import safe_text
from agcx_tui.cli.common import abandon, complain, did_you_mean

INTERRUPTED = 130

# Errors of writing; those of our own files name the file.
_OF_A_WRITE = (errno.EBADF, errno.EDQUOT, errno.EFBIG, errno.ENOSPC)


class Agcx(click.Group):
    """A group that imports its commands, and passes a file given in place of one to the default command.

    `places` says for each name where the command is, as `module:attribute`.
    """

    def __init__(self, *args: Any, places: Mapping[str, str], default: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.places = places
        self.default = default

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(self.places)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.places:
            return None
        module, _, attribute = self.places[cmd_name].partition(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        word = args[0]
        if word not in self.places and not word.startswith("-"):
            if os.path.isdir(word):
                raise click.UsageError(
                    f"{word!r} is a directory; to open it as a store, use --store", ctx
                )
            if os.path.lexists(word):
                return self.default, self.get_command(ctx, self.default), args
            meant = did_you_mean(word, self.places)
            raise click.UsageError(f"no such command or file: {word!r}{meant}", ctx)
        return super().resolve_command(ctx, args)

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        """As in click, except for how wrong use and an interruption end the program."""
        try:
            status = super().main(*args, **(kwargs | {"standalone_mode": False}))
        except click.ClickException as error:
            _show(error)
            status = error.exit_code
        except click.Abort:
            # Ctrl+C at a question.
            status = INTERRUPTED
        except OSError as error:
            # From what click itself prints: help, the version.
            status = _status_of(error)
        sys.exit(status or 0)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            abandon(sys.stdout)
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)
        except PersistenceError as error:
            complain(str(error))
            ctx.exit(1)
        except OSError as error:
            ctx.exit(_status_of(error))
        except MemoryError:
            complain("not enough memory")
            ctx.exit(1)
        ctx.exit(ctx.obj.status)


def _show(error: click.ClickException) -> None:
    """Print wrong use; the message may quote the name of a file."""
    # Click declares the attribute final.
    vars(error)["message"] = safe_text(error.message)
    error.show()


def _status_of(error: OSError) -> int:
    """Report what the system refused; returns the exit status."""
    what = error.filename
    closed = False
    if what is None and (error.errno in _OF_A_WRITE or _stdout_fails()):
        what = "the output cannot be written"
        # Calling it without a stdout is wrong use.
        closed = error.errno == errno.EBADF
        abandon(sys.stdout)
    from agcx_format.disk import os_reason

    reason = os_reason(error)
    complain(f"{what}: {reason}" if what else reason)
    return 2 if closed else 1


def _stdout_fails() -> bool:
    """Whether stdout caused an error: its buffer still holds what could not be written."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        return True
    return False
