"""`agcx export`: conversations to stdout, a file, or a directory.

Strategy: `core.export` renders and writes, as it does for the app's dialog.  Existing files are replaced
only with `--overwrite` or after a question; a session that fails is reported, and the others follow.
Ctrl+C leaves the files that are complete, and no partial one.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agcx_tui.cli.common import (
    Filled,
    Settings,
    branch_option,
    confirm,
    pass_settings,
    sessions_argument,
    store_option,
    tell,
)

if TYPE_CHECKING:
    from agcx_format import ScanEntry
    from agcx_tui.core.export.write_files import Exported, Form

# `agcx_tui.core.export.write_files.FORMATS`; a test compares.
FORMATS = ("md", "html", "json", "jsonl", "txt", "codex", "claude")

# Other endings of some of them.
_SPELLINGS = {"markdown": "md", "htm": "html", "text": "txt"}

_STDOUT = 1


@click.command(short_help="Write conversations as Markdown, HTML, JSON, or text.")
@sessions_argument()
@click.option(
    "--format",
    "format_",
    type=click.Choice(FORMATS),
    help="The default is the one that FILE ends in; without an ending, md.",
)
@click.option(
    "-o",
    "--output",
    type=Filled(click.Path()),
    metavar="FILE|DIR|-",
    default="-",
    help="A directory gets one file per session, a file gets all of them; - is stdout, the default.",
)
@click.option("--overwrite", is_flag=True, help="Replace files that exist, without asking.")
@click.option("--metadata/--no-metadata", default=True, help="Facts about the session.")
@click.option("--tool-calls/--no-tool-calls", default=True, help="Tool calls and their results.")
@click.option("--reasoning/--no-reasoning", default=True, help="The reasoning of the model.")
@click.option("--images/--no-images", default=True, help="Images.")
@click.option("--redact", is_flag=True, help="Hide secrets behind placeholders.")
@click.option(
    "--personal", is_flag=True, help="With --redact: also email addresses and home directories."
)
@branch_option(
    "Of a conversation that branches: all under headings, the path to the last message, or the path of "
    "one branch, by its first words or the number of its first message. Codex and Claude Code read the "
    "newest of all."
)
@click.option("--subagents", is_flag=True, help="Also their subagents.")
@store_option
@pass_settings
def export(
    settings: Settings,
    sessions: tuple[str, ...],
    format_: str | None,
    output: str,
    overwrite: bool,
    metadata: bool,
    tool_calls: bool,
    reasoning: bool,
    images: bool,
    redact: bool,
    personal: bool,
    branch: str,
    subagents: bool,
) -> None:
    """Export conversations: Markdown, HTML, JSON, JSON Lines, text, or for an agent to resume.

    A SESSION may be a checkpoint: SESSION@NAME, or the path of its file.
    """
    from agcx_format.exporting import ExportChoice
    from agcx_tui.core.export.write_files import Form, descriptor_named

    if personal and not redact:
        raise click.UsageError("--personal needs --redact")
    if descriptor_named(output) == _STDOUT:
        output = "-"
    choice = ExportChoice(tool_calls, reasoning, images, metadata)
    to_directory = os.path.isdir(output) or output.endswith(os.sep)
    if format_ is None:
        format_ = "md" if to_directory else _format_of(output)
    form = Form(format_, choice, redact, personal, branch)
    if (len(sessions) > 1 or subagents) and not to_directory:
        _check_one_file(output, format_)
    store = settings.store()
    entries = settings.find(store, sessions, or_checkpoints=True)
    if subagents:
        from agcx_format.store import subagents_of

        entries += subagents_of(entries, store.scan())
    if output == "-":
        _print(settings, entries, form)
    elif to_directory or len(entries) == 1:
        _write(settings, _jobs(entries, Path(output), to_directory, format_), form, overwrite)
    elif entries:
        _write_together(settings, entries, Path(output), form, overwrite)


def _format_of(output: str) -> str:
    """The format that the name of a file means; of a name without an ending, and of stdout, Markdown."""
    ending = os.path.splitext(output)[1].removeprefix(".").lower()
    format_ = _SPELLINGS.get(ending, ending)
    if ending and format_ not in FORMATS:
        raise click.UsageError(
            f"{output} ends in no format of export ({', '.join(FORMATS)}): choose one with --format"
        )
    return format_ or "md"


def _check_one_file(output: str, format_: str) -> None:
    """Refuse a new name without a suffix: it is probably meant to be a directory."""
    from agcx_tui.core.export.file_names import suffix
    from agcx_tui.core.export.write_files import may_share

    if not may_share(format_):
        raise click.UsageError(
            "a file of this format holds one conversation: give a directory, -o DIR/"
        )
    if output != "-" and not output.endswith(f".{suffix(format_)}"):
        raise click.UsageError(
            f"{output} is not a directory and does not end in .{suffix(format_)}: "
            f"for a new directory write {output}/"
        )


def _jobs(
    entries: list[ScanEntry], output: Path, to_directory: bool, format_: str
) -> list[tuple[str, Path]]:
    """Pairs of a session file and the file to write."""
    from agcx_tui.core.export.file_names import file_name, suggested_name

    def name(entry: ScanEntry) -> str:
        if entry.metadata is not None:
            return file_name(entry.metadata, format_)
        return suggested_name(entry.title, str(entry.id or ""), format_)

    if not to_directory:
        return [(entry.path, output) for entry in entries]
    return [(entry.path, output / name(entry)) for entry in entries]


def _write(settings: Settings, jobs: list[tuple[str, Path]], form: Form, overwrite: bool) -> None:
    from agcx_tui.core.export.write_files import export_each
    from agcx_tui.core.words.format import size

    results: list[Exported] = []
    for done in export_each(jobs, form, overwrite=overwrite or _may_replace):
        results.append(done)
        if done.error:
            _failed(settings, done)
        else:
            place = f"{len(results)} of {len(jobs)}  " if len(jobs) > 1 else ""
            tell(f"{place}{done.target}  {size(done.size)}")
    _tell_hidden(form, results)


def _write_together(
    settings: Settings, entries: list[ScanEntry], target: Path, form: Form, overwrite: bool
) -> None:
    from agcx_tui.core.export.write_files import export_together
    from agcx_tui.core.words.format import counted, size

    sources = [entry.path for entry in entries]
    results = export_together(sources, target, form, overwrite=overwrite or _may_replace)
    written = [done for done in results if not done.error]
    total = sum(done.size for done in written)
    for done in results:
        if done.error and not written:
            _failed(settings, done)
            break
        if done.error:
            settings.failed(f"{done.source}: {done.error}")
    if written:
        tell(f"{target}  {counted(len(written), 'session')}, {size(total)}")
    _tell_hidden(form, results)


def _may_replace(target: Path) -> bool:
    return confirm(f"{target} exists. Replace it?")


def _failed(settings: Settings, done: Exported) -> None:
    from agcx_tui.core.export.write_files import EXISTS

    hint = "; --overwrite replaces it" if done.error == EXISTS else ""
    settings.failed(f"{done.source if done.unread else done.target}: {done.error}{hint}")


def _tell_hidden(form: Form, results: list[Exported]) -> None:
    from agcx_tui.core.export.write_files import hidden_in_words

    if form.redact and not all(done.error for done in results):
        tell(f"hidden: {hidden_in_words(results) or 'nothing was found'}")


def _print(settings: Settings, entries: list[ScanEntry], form: Form) -> None:
    """Write to stdout, message by message."""
    from agcx_tui.core.export.write_files import shown

    results: list[Exported] = []
    parts = _parts(settings, entries, form, results)
    if sys.stdout.isatty():
        for text in shown(parts):
            click.echo(text, nl=False)
    else:
        # A pipe gets the exact bytes.
        for part in parts:
            sys.stdout.buffer.write(part)
    _tell_hidden(form, results)


def _parts(
    settings: Settings, entries: list[ScanEntry], form: Form, results: list[Exported]
) -> Iterator[bytes]:
    """The bytes of all sessions; each result is reported or appended to `results`."""
    from agcx_format.errors import PersistenceError
    from agcx_tui.core.export.write_files import Exported, Exporter, together, way_on

    exporter = Exporter(form)
    if len(entries) != 1:
        yield from together(exporter, [entry.path for entry in entries], Path("-"), results)
        for done in results:
            if done.error:
                settings.failed(f"{done.source}: {done.error}")
        return
    path = entries[0].path
    try:
        with exporter.session(path) as session:
            yield from session.parts()
            results.append(Exported(path, Path("-"), redacted=session.redacted))
    except PersistenceError as error:
        settings.failed(f"{error}{way_on(error)}")
