"""What the commands share: the store, the names of sessions, and messages.

Strategy: one `Settings` object per run, created by the group's `--store` option, which click processes
first.  A command that handles several sessions reports one that fails and continues with the others; the
report sets the exit status to 1.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

from agcx_format.errors import PersistenceError
from agcx_format.transcript import safe_line
from agcx_tui.core.local.paths import (
    Location,
    cache_directory,
    config_file,
    find_store,
    search_index,
)
from agcx_tui.core.words.format import shortened

# What a person types before something is destroyed.
WORD = "delete"

if TYPE_CHECKING:
    from pathlib import Path

    from click.shell_completion import CompletionItem

    from agcx_format import ScanEntry, Store
    from agcx_format.search import LookAhead
    from agcx_tui.core.local.config import Config

if TYPE_CHECKING:
    TextParam = click.ParamType[str]
    AnyParam = click.ParamType[Any]
else:
    # Click 8.2 has no type arguments for it.
    TextParam = AnyParam = click.ParamType

Command = TypeVar("Command", bound=Callable[..., Any] | click.Command)


def tell(text: str) -> None:
    """Print a message to stderr, made safe for a terminal; without a reader it is dropped."""
    try:
        click.echo(safe_line(text), err=True)
    except BrokenPipeError:
        abandon(sys.stderr)


def abandon(stream: TextIO) -> None:
    """Discard what a stream has buffered, also when Python closes it: it has no reader."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def even_unread() -> contextlib.AbstractContextManager[None]:
    """Print something before, or while, something is changed.

    `agcx prune --yes … | head` asks for fewer lines, not for fewer changes.
    """
    return contextlib.suppress(BrokenPipeError)


def complain(text: str) -> None:
    """Print an error in one line to stderr, made safe for a terminal."""
    tell(f"agcx: {text}")


def print_json(value: Any) -> None:
    """Print a JSON document in one line of ASCII, which no terminal can misunderstand.

    It is flushed, so that a reader of a pipe gets each line at once.
    """
    import json

    click.echo(json.dumps(value))


def microseconds_now() -> int:
    """The time in microseconds since 1970."""
    return time.time_ns() // 1000


def is_terminal() -> bool:
    """Whether a screen can be shown: it reads stdin and draws on stderr."""
    return not is_dumb() and sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()


def is_dumb() -> bool:
    """Whether the terminal says that it only prints lines, as the shell in Emacs does."""
    return os.environ.get("TERM") == "dumb"


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """The end of a message about an unknown name: `; did you mean list?`, or nothing."""
    from difflib import get_close_matches

    close = get_close_matches(word, list(names), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def confirm(question: str) -> bool:
    """Ask on stderr; if stdin is not a terminal, the answer is no."""
    if not sys.stdin.isatty():
        return False
    return click.confirm(safe_line(question), default=False, err=True)


def typed_word(question: str) -> bool:
    """Whether the person typed the word; false without a terminal."""
    if not sys.stdin.isatty():
        return False
    tell(question)
    return click.prompt(f"Type {WORD} to confirm", default="", show_default=False, err=True) == WORD


class Settings:
    """The settings of a run.

    Fields:
        status: the exit status so far.
        look_ahead: the files of the store that is likely to be searched.
    """

    def __init__(self, look_ahead: LookAhead | None = None) -> None:
        self.look_ahead = look_ahead
        self.named_store: str | None = None
        self.status = 0

    @property
    def location(self) -> Location:
        """Where the store is, or would be."""
        return find_store(self.named_store)

    @cached_property
    def config(self) -> tuple[Config, list[str]]:
        """The configuration and its problems; the file is read once."""
        from agcx_tui.core.local.config_file import load

        return load(config_file(os.environ))

    def use_time_zone(self) -> None:
        """Show times in the configured zone; free if there is no configuration."""
        if os.path.lexists(config_file(os.environ)):
            from agcx_tui.core.local.config import use_time_zone

            use_time_zone(self.config[0].time_zone)

    @property
    def index_directory(self) -> Path | None:
        """Where the search index is; None if the configuration says that there is to be none."""
        if os.path.lexists(config_file(os.environ)) and not self.config[0].search_index:
            return None
        return search_index(cache_directory())

    def store(self) -> Store:
        """The store.

        Raises:
            click.BadParameter: A path was given, and nothing is there.
        """
        from agcx_format import open_store

        return open_store(self.store_path())

    def store_path(self) -> Path:
        """The directory of the store, which need not exist unless it was named.

        Raises:
            click.BadParameter: A path was given, and nothing is there.
            PersistenceError: It is no directory.
        """
        location = self.location
        if location.named and not os.path.lexists(location.path):
            raise click.BadParameter(
                f"{safe_line(str(location.path))} does not exist", param_hint="--store"
            )
        if not location.path.exists():
            looked = ", ".join(map(str, location.looked))
            tell(f"No store found. Looked in {looked}. agcx sync imports conversations into one.")
        elif not location.path.is_dir():
            raise PersistenceError("not a directory", path=location.path)
        return location.path

    def failed(self, error: PersistenceError | str) -> None:
        """Report a failure and continue; the exit status will be 1."""
        complain(str(error))
        self.status = 1

    def find(
        self, store: Store, names: Iterable[str], *, or_checkpoints: bool = False
    ) -> list[ScanEntry]:
        """The sessions with these names, each once; names without a session are reported.

        With `or_checkpoints`, a name may also be that of a checkpoint.
        """
        found: dict[str, ScanEntry] = {}
        for name in names:
            try:
                path = file_named(store, name) if or_checkpoints else name
                entry = as_entry(path) if path.endswith(".ckpt") else store.resolve(path)
            except PersistenceError as error:
                self.failed(error)
            else:
                found[os.path.realpath(entry.path)] = entry
        return list(found.values())


def file_named(store: Store, name: str) -> str:
    """The file of the session, or of the checkpoint `SESSION@NAME`, that a person names.

    Raises:
        PersistenceError: there is no such session, or several.
    """
    from agcx_format.errors import InvalidCheckpoint, SessionNotFound
    from agcx_format.store import SEPARATOR

    if name.endswith((".agcx", ".ckpt")):
        # A path needs no store.
        return name
    try:
        return store.resolve(name).path
    except SessionNotFound:
        if SEPARATOR not in name:
            raise
    found = store.checkpoints.resolve(name)
    if found.path is None:
        raise InvalidCheckpoint(f"the checkpoint {found.name!r} has no file")
    return str(store.path / found.path)


def as_entry(path: str) -> ScanEntry:
    """A checkpoint as an entry of a list.

    Raises:
        PersistenceError: it cannot be read.
    """
    from agcx_format import ScanEntry
    from agcx_format.store import open_conversation

    with open_conversation(path) as file:
        return ScanEntry(path, file.metadata.id, file.metadata, None, file.signature)


class Text(TextParam):
    """A text; bytes that the locale cannot decode are refused, since they would match nothing."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = click.STRING.convert(value, param, ctx)
        if any("\ud800" <= character <= "\udfff" for character in text):
            self.fail(
                f"{safe_line(text)!r} is not {sys.getfilesystemencoding().upper()}", param, ctx
            )
        return text


class Filled(AnyParam):
    """A value that is not blank: an unset variable of the shell must not mean "no condition"."""

    def __init__(self, inner: AnyParam | None = None) -> None:
        self.inner: AnyParam = inner or Text()
        self.name = self.inner.name

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


# Accepted before and after the command: people write it in both places.
store_option = click.option(
    "--store",
    metavar="PATH",
    type=Filled(click.Path()),
    expose_value=False,
    callback=_remember_store,
    help="The directory that holds the sessions.",
)


def branch_option(help: str) -> Callable[[Command], Command]:
    """Which path of a conversation that branches a command is about."""
    return click.option(
        "--branch",
        type=Filled(),
        metavar="NAME|newest|all",
        default="all",
        show_default=True,
        help=help,
    )


def complete_session(
    context: click.Context, _: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Ids that begin like this, with their titles; paths are completed by the shell."""
    from click.shell_completion import CompletionItem

    from agcx_format import open_store

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


def sessions_argument() -> Callable[[Command], Command]:
    """The argument `SESSION...`: one or more."""
    return click.argument(
        "sessions",
        metavar="SESSION...",
        nargs=-1,
        required=True,
        shell_complete=complete_session,
    )


def session_argument() -> Callable[[Command], Command]:
    """The argument `SESSION`: one."""
    return click.argument("session", metavar="SESSION", shell_complete=complete_session)
