"""What the commands share: the store they work on, how they name sessions, and how they speak.

Strategy: one `Settings` object a run, made by the first `--store` option that click looks at, which
is the group's.  A command that handles several sessions complains about one that fails and goes on;
the complaint sets the exit status to 1.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from agcx_format.errors import PersistenceError
from agcx_format.transcript.safe_text import safe_line
from agcx_tui.core.local.paths import Location, config_file, find_store
from agcx_tui.core.words.format import shortened

if TYPE_CHECKING:
    from agcx_format.store.store import ScanEntry, Store
    from agcx_tui.core.local.config import Config


def tell(text: str) -> None:
    """A line for the person: on stderr, made safe."""
    click.echo(safe_line(text), err=True)


def complain(text: str) -> None:
    """An error in one line on stderr, made safe."""
    tell(f"agcx: {text}")


def print_json(value: Any) -> None:
    """One JSON document in a line, all but ASCII escaped: no byte of it means anything to a screen.

    Flushed, so that who reads along a pipe has each line when it is made.
    """
    click.echo(json.dumps(value))


def microseconds_now() -> int:
    return time.time_ns() // 1000


def is_terminal() -> bool:
    """Whether a person sits at both ends, so that a screen makes sense, which is drawn on stderr."""
    return sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()


def confirm(question: str) -> bool:
    """Ask; without a terminal to answer from, the answer is no.  The question goes to stderr."""
    if not sys.stdin.isatty():
        return False
    return click.confirm(safe_line(question), default=False, err=True)


@dataclass
class Settings:
    """What holds for the whole run; `status` is the exit status so far."""

    named_store: str | None = None
    status: int = 0

    @property
    def location(self) -> Location:
        return find_store(self.named_store)

    @cached_property
    def config(self) -> tuple[Config, list[str]]:
        """What the person wrote down, and what is wrong with it; a file that is there is read once."""
        from agcx_tui.core.local.config import load

        return load(config_file(os.environ))

    def use_time_zone(self) -> None:
        """Show times as the person wishes; costs nothing where nothing is written down."""
        if config_file(os.environ).exists():
            from agcx_tui.core.local.config import use_time_zone

            use_time_zone(self.config[0].time_zone)

    def store(self) -> Store:
        """The store to read from; wrong use when a path was given and nothing is there."""
        from agcx_format.store.store import open_store

        location = self.location
        if location.named and not os.path.lexists(location.path):
            raise click.BadParameter(
                f"{safe_line(str(location.path))} does not exist", param_hint="--store"
            )
        if not location.path.exists():
            tell("No store found. Looked in " + ", ".join(map(str, location.looked)) + ".")
        return open_store(location.path)

    def failed(self, error: PersistenceError | str) -> None:
        """Say what failed and go on."""
        complain(str(error))
        self.status = 1

    def find(self, store: Store, names: Iterable[str]) -> list[ScanEntry]:
        """The sessions of these names, each once; a name that finds none is complained about."""
        found: dict[str, ScanEntry] = {}
        for name in names:
            try:
                entry = store.resolve(name)
            except PersistenceError as error:
                self.failed(error)
            else:
                found[os.path.realpath(entry.path)] = entry
        return list(found.values())


class Text(click.ParamType):
    """A text; bytes that are none in this locale are refused, since nothing can be compared with them."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = click.STRING.convert(value, param, ctx)
        if any("\ud800" <= character <= "\udfff" for character in text):
            self.fail(
                f"{safe_line(text)!r} is not {sys.getfilesystemencoding().upper()}", param, ctx
            )
        return text


class Filled(click.ParamType):
    """Any value but a blank one: a variable of the shell that is not set must not pass for no condition."""

    def __init__(self, inner: click.ParamType | None = None) -> None:
        inner = inner or Text()
        self.inner = inner
        self.name = inner.name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, str) and not value.strip():
            self.fail("it is empty: give a value or leave the option out", param, ctx)
        return self.inner.convert(value, param, ctx)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        return self.inner.shell_complete(ctx, param, incomplete)


pass_settings = click.make_pass_decorator(Settings, ensure=True)


def _remember_store(context: click.Context, _: click.Parameter, value: str | None) -> None:
    settings = context.ensure_object(Settings)
    if value is not None:
        settings.named_store = value


# Taken before the command and after it: people write it in both places.
store_option = click.option(
    "--store",
    metavar="PATH",
    type=Filled(click.Path()),
    expose_value=False,
    callback=_remember_store,
    help="The directory that holds the sessions.",
)


def complete_session(
    context: click.Context, _: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Ids that begin so, with the title beside them; a path is left to the shell."""
    from agcx_format.store.store import open_store

    if os.sep in incomplete:
        return [CompletionItem(incomplete, type="file")]
    settings = context.find_root().ensure_object(Settings)
    try:
        entries = list(open_store(settings.location.path).scan())
    except PersistenceError:
        return []
    return [
        CompletionItem(str(entry.id), help=shortened(safe_line(entry.title), 60))
        for entry in entries
        if entry.id and str(entry.id).startswith(incomplete.lower())
    ]


def sessions_argument() -> Callable:
    """`SESSION…`: one or more."""
    return click.argument(
        "sessions",
        metavar="SESSION...",
        nargs=-1,
        required=True,
        shell_complete=complete_session,
    )


def session_argument() -> Callable:
    """`SESSION`: one."""
    return click.argument("session", metavar="SESSION", shell_complete=complete_session)
