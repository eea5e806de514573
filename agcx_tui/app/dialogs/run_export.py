"""Carries out an export: finds secrets and shows them, writes files, reports the outcome.

Strategy: one coroutine asks, looks, shows and writes in that order; what takes time is done by threads that
count how far they are.  Nothing is written before the secrets that are to be hidden have been shown.  An
export that is stopped says what was written by then.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from textual.app import App

from agcx_format import listed
from agcx_format.disk import os_reason
from agcx_format.errors import PersistenceError
from agcx_format.store import open_conversation
from agcx_format.transcript import safe_line
from agcx_tui.app.dialogs.export import ExportDialog, ExportItem, ExportOrder
from agcx_tui.app.dialogs.progress import Stopped, run_with_progress
from agcx_tui.app.services import Opening
from agcx_tui.core.export import write_files
from agcx_tui.core.export.write_files import Exported, Progress
from agcx_tui.core.words import format

if TYPE_CHECKING:
    from agcx_tui.app.dialogs.redaction_review import Reviewed

__all__ = ["ask_for_export", "export_file"]

_NOTHING = "Stopped. Nothing was written."


def ask_for_export(app: App[object], items: Sequence[ExportItem]) -> None:
    """Ask, have it written, and say what came of it."""
    app.run_worker(_export(app, items), group="export")


def export_file(app: App[object], opening: Opening, path: str) -> None:
    """Ask about one session file; the dialog proposes a name by the session's title."""
    # From now on, and not once the worker begins: the next key may come before it.
    waiting = ExitStack()
    waiting.enter_context(opening())
    app.run_worker(_export_file(app, waiting, path), group="export")


async def _export_file(app: App[object], waiting: ExitStack, path: str) -> None:
    try:
        with waiting:
            item = await asyncio.to_thread(_item_of, path)
    except (PersistenceError, OSError) as error:
        reason = os_reason(error) if isinstance(error, OSError) else error.reason
        text = f"It cannot be exported: {safe_line(reason)}"
        app.notify(text, severity="error", markup=False)
    else:
        await _export(app, [item])


def _item_of(path: str) -> ExportItem:
    with open_conversation(path) as session:
        metadata = listed(session.metadata)
        return ExportItem(path, str(metadata.id), metadata.title, bool(metadata.checkpoints))


async def _export(app: App[object], items: Sequence[ExportItem]) -> None:
    order = await app.push_screen_wait(ExportDialog(items))
    if order is None:
        return
    hidden: Reviewed | None = None
    nothing_found = False
    if order.form.redact:
        hidden, stopped = await _look_for_secrets(app, order)
        if stopped:
            app.notify(_NOTHING, markup=False)
            return
        nothing_found = not any(hidden.values())
        if not nothing_found:
            hidden = await _review(app, hidden)
            if hidden is None:
                return
    results, stopped = await _write(app, order, hidden)
    written = [result for result in results if not result.error]
    # The last may have been written just before it was to stop.
    if stopped and len(results) < len(order.jobs):
        _say_stopped(app, order, written)
    elif written:
        _say_written(app, order, written, nothing_found=nothing_found)
    _say_failed(app, order, [result for result in results if result.error])


async def _look_for_secrets(app: App[object], order: ExportOrder) -> tuple[Reviewed, bool]:
    """What is to be hidden, by session file; and whether the search was stopped."""
    progress = Progress(len(order.jobs))
    sources = [source for source, _ in order.jobs]

    def work(should_stop: Stopped) -> Reviewed:
        return write_files.secrets_in(sources, order.form, should_stop, progress)

    return await run_with_progress(app, f"Looking for secrets in {_all_of(order)}", progress, work)


async def _review(app: App[object], found: Reviewed) -> Reviewed | None:
    from agcx_tui.app.dialogs.redaction_review import RedactionReview

    return await app.push_screen_wait(RedactionReview(found))


async def _write(
    app: App[object], order: ExportOrder, hidden: Reviewed | None
) -> tuple[list[Exported], bool]:
    """What was written and what was not; and whether it was stopped."""
    progress = Progress(len(order.jobs))
    write: Callable[..., Iterable[Exported]] = partial(write_files.export_each, order.jobs)
    if order.together:
        sources, target = [source for source, _ in order.jobs], order.jobs[0][1]
        write = partial(write_files.export_together, sources, target)

    def work(should_stop: Stopped) -> list[Exported]:
        return list(
            write(
                order.form,
                overwrite=order.overwrite,
                should_stop=should_stop,
                reviewed=hidden,
                progress=progress,
            )
        )

    return await run_with_progress(app, f"Exporting {_all_of(order)}", progress, work)


def _all_of(order: ExportOrder) -> str:
    return format.counted(len(order.jobs), "session")


def _say_stopped(app: App[object], order: ExportOrder, written: list[Exported]) -> None:
    text = _NOTHING
    if written:
        text = f"Stopped. {len(written):,} of {_all_of(order)} are in {_where(order, written)}."
    app.notify(text, markup=False)


def _say_written(
    app: App[object], order: ExportOrder, written: list[Exported], *, nothing_found: bool
) -> None:
    what = "" if len(order.jobs) == 1 else f"{format.counted(len(written), 'session')} "
    text = f"Exported {what}to {_where(order, written)}."
    if order.form.redact:
        # A short sentence at the end stays where a long path is cut.
        count = sum(sum(each.redacted.values()) for each in written)
        hidden = f"{format.counted(count, 'passage')} hidden."
        text += " No secrets were found." if nothing_found else f" {hidden}"
    app.notify(text, markup=False)


def _where(order: ExportOrder, written: list[Exported]) -> str:
    """The file or the directory, and how many bytes went there."""
    target = written[0].target
    place = target if order.together or len(order.jobs) == 1 else target.parent
    size = format.size(sum(result.size for result in written))
    return f"{safe_line(format.short_path(str(place)))}, {size}"


def _say_failed(app: App[object], order: ExportOrder, failed: list[Exported]) -> None:
    if not failed:
        return
    first, count = failed[0], len(failed)
    name = first.target.name
    if order.together and {each.error for each in failed} == {first.error} and count > 1:
        # It is the one file that could not be written.
        count = 1
    elif order.together:
        name = os.path.basename(first.source)
    more = f" and {count - 1:,} more" if count > 1 else ""
    text = f"Not exported: {safe_line(name)}{more}: {safe_line(first.error)}"
    app.notify(text, severity="error", timeout=10, markup=False)
