"""`agcx show`: a conversation as text, or its messages as JSON.

Strategy: messages are read from the file one at a time.  Everything before a damaged place is shown; the
damage is then reported on stderr and by the exit status.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import click

from agcx_format.errors import PersistenceError
from agcx_tui.cli.common import (
    AnyParam,
    Command,
    Settings,
    branch_option,
    file_named,
    pass_settings,
    print_json,
    session_argument,
    store_option,
    tell,
)

if TYPE_CHECKING:
    from agcx_format import MessageSnapshot, ModeHistory, ScanEntry, SessionFile
    from agcx_format.store import CheckpointFile

# First and last index, from 0; None stands for the end.
Span = tuple[int, int | None]


class _Numbers(AnyParam):
    """`A-B`, `A-`, `-B`, or `A`, counted from 1, as a `Span`."""

    name = "A-B"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> Span:
        match = re.fullmatch(r"(\d{1,18})?(-)?(\d{1,18})?", value)
        if match is None or not (match[1] or match[3]):
            self.fail(f"{value!r} is not a range such as 3-7, 3-, -7 or 3", param, ctx)
        first = int(match[1] or 1)
        last = int(match[3]) if match[3] else (None if match[2] else first)
        if first < 1 or (last is not None and last < first):
            self.fail(f"{value!r} is empty: messages count from 1", param, ctx)
        return first - 1, None if last is None else last - 1


class ShowOptions(TypedDict):
    """What `show_options` pass to a command."""

    last: int | None
    messages: Span | None
    activity: bool
    branch: str
    as_json: bool


_SHOW_OPTIONS = (
    click.option(
        "--last", type=click.IntRange(min=1), metavar="N", help="Only the last N messages."
    ),
    click.option("--messages", type=_Numbers(), help="Only these, counted from 1: 3-7, 3-, -7, 3."),
    click.option(
        "--activity",
        is_flag=True,
        help="What happened in it: time, tools, failed calls, files changed, edits, modes.",
    ),
    branch_option(
        "One path: to the last message, or of a branch, by its first words or its first message's number."
    ),
    click.option(
        "--json",
        "as_json",
        is_flag=True,
        help="The messages, one JSON object per line; with --activity, one object.",
    ),
)


def show_options(command: Command) -> Command:
    """Which part of a conversation is shown, and how."""
    # The last decorator gives the first option of the help.
    for option in reversed(_SHOW_OPTIONS):
        command = option(command)
    return command


@click.command()
@session_argument()
@show_options
@store_option
@pass_settings
def show(settings: Settings, session: str, **options: Unpack[ShowOptions]) -> None:
    """Show a conversation as text; in a terminal, through $PAGER.

    SESSION may be a checkpoint: SESSION@NAME, or the path of its file.
    """
    show_conversation(settings, session, **options)


def show_conversation(
    settings: Settings,
    session: str,
    *,
    last: int | None,
    messages: Span | None,
    activity: bool,
    branch: str,
    as_json: bool,
    wants_checkpoint: bool = False,
) -> None:
    """Print a session or checkpoint, by name or path.

    With `wants_checkpoint` a session is shown as well, after a hint on stderr that it is not a checkpoint.
    """
    if last and messages:
        raise click.UsageError("--last and --messages cannot be combined")
    if activity and (last or messages):
        raise click.UsageError("--activity covers the whole session: omit --last and --messages")
    path = session
    # A path needs no store.
    if not session.endswith((".agcx", ".ckpt")):
        path = file_named(settings.store(), session)
    if wants_checkpoint:
        _tell_if_session(path, session)
    if activity:
        _show_activity(settings, path, as_json)
        return
    from agcx_format.store import open_conversation

    with open_conversation(path) as file:
        span = messages or (0, None)
        if last:
            span = max(0, len(file) - last), None
        left_out = _left_out(file, branch)
        if as_json:
            for number, message in selected_messages(file, span, left_out):
                print_json(_as_json(number, message))
        else:
            _page(_lines(file, span, left_out))
        if file.error is not None:
            settings.failed(file.error)
        elif span[0] and span[0] >= file.known():
            from agcx_tui.core.words.format import counted

            settings.failed(f"the session has only {counted(file.known(), 'message')}")


def _tell_if_session(path: str, session: str) -> None:
    from agcx_format.store import is_checkpoint
    from agcx_format.transcript import safe_line

    if not is_checkpoint(path):
        tell(
            f"{safe_line(session)} is a session, not a checkpoint; agcx checkpoint list lists those."
        )


def _left_out(file: SessionFile | CheckpointFile, branch: str) -> tuple[range, ...]:
    from agcx_tui.core.conversation.branches import messages_left_out

    try:
        return messages_left_out(file, branch)
    except PersistenceError as error:
        raise error.located(path=file.path) from None


def _show_activity(settings: Settings, path: str, as_json: bool) -> None:
    from agcx_tui.cli.reading.show_activity import activity_json, activity_lines
    from agcx_tui.cli.reading.text import heading
    from agcx_tui.core.conversation.activity import read_activity
    from agcx_tui.core.conversation.subject import open_session

    conversation = open_session(path)
    try:
        activity = read_activity(conversation)
        assert activity is not None
        if as_json:
            print_json(activity_json(conversation, activity))
        else:
            _page(chain(heading(conversation.metadata), activity_lines(conversation, activity)))
        if conversation.source.error is not None:
            settings.failed(conversation.source.error)
    finally:
        conversation.close()


def text_lines(entry: ScanEntry) -> Iterator[str]:
    """The lines of a conversation."""
    from agcx_format import SessionFile

    with SessionFile(entry.path) as file:
        yield from _lines(file, (0, None))


def _lines(
    file: SessionFile | CheckpointFile, span: Span, left_out: tuple[range, ...] = ()
) -> Iterator[str]:
    from agcx_format import listed
    from agcx_tui.cli.reading.text import MessageLines, branch_lines, heading
    from agcx_tui.core.conversation.branch_list import BranchLister

    metadata = listed(file.metadata)
    yield from heading(metadata)
    messages = MessageLines(metadata, modes_of(file))
    # What a part of the messages does not show cannot be compared.
    lister = BranchLister() if span == (0, None) and not left_out else None
    for number, message in selected_messages(file, span, left_out):
        yield from messages.lines(number, message)
        if lister is not None and not isinstance(message, PersistenceError):
            lister.add(number, message)
    if lister is not None:
        yield from branch_lines(lister.listed())


def modes_of(file: SessionFile | CheckpointFile) -> ModeHistory:
    """The history of modes; empty if it cannot be read: what is wrong is said where it matters."""
    try:
        return file.mode_history
    except PersistenceError:
        return []


def selected_messages(
    file: SessionFile | CheckpointFile, span: Span, left_out: tuple[range, ...] = ()
) -> Iterator[tuple[int, MessageSnapshot | PersistenceError]]:
    """Messages with their numbers, from 1; for one that cannot be decoded, the error."""
    index, last = span
    while last is None or index <= last:
        while file.known() <= index and file.read_more():
            pass
        if index >= file.known():
            return
        if any(index + 1 in numbers for numbers in left_out):
            index += 1
            continue
        try:
            yield index + 1, file[index]
        except PersistenceError as error:
            yield index + 1, error
        index += 1


def _page(lines: Iterator[str]) -> None:
    if sys.stdout.isatty():
        click.echo_via_pager(line + "\n" for line in lines)
    else:
        for line in lines:
            click.echo(line)


def _as_json(number: int, message: MessageSnapshot | PersistenceError) -> dict[str, Any]:
    from agcx_format import to_plain

    if isinstance(message, PersistenceError):
        return {"number": number, "error": message.reason}
    return {"number": number, **to_plain(message)}
