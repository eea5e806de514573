"""Changes the content of a session: deletes or changes the current message, removes secrets.

Strategy: the person is asked first, then the queue of the store does it as one act that `u` undoes.  What was
removed is still in the trash: after a redaction, the offer to destroy it follows.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec import structs

from agcx_format.errors import PersistenceError
from agcx_format.transcript import genuine_user_text, short_title, text_of
from agcx_tui.app.dialogs.change_message import (
    ChangeDialog,
    MessageChange,
    ReplaceDialog,
    Replacement,
)
from agcx_tui.app.dialogs.progress import run_with_progress
from agcx_tui.core.export.outgoing import Progress
from agcx_tui.core.export.session_export import Looked
from agcx_tui.core.store import store_work
from agcx_tui.core.words import format
from agcx_tui.core.words.format import counted

if TYPE_CHECKING:
    from textual.screen import Screen

    from agcx_format import Act, MessageSnapshot, Store
    from agcx_format.store import Review
    from agcx_tui.app.screens.conversation.session_acts import SessionActs
    from agcx_tui.app.widgets.transcript.transcript import Transcript
    from agcx_tui.core.store.store_work import File

__all__ = ["change_content"]

_WORDS = 60


@dataclass(frozen=True, slots=True)
class _Place:
    """What is changed: the current message of a file, for a screen.

    Fields:
        file: the version of the session's file that is shown.
        index: of the message, from 0.
        partner: the index of the output of a call, or of the call of an output.
    """

    screen: Screen[None]
    acts: SessionActs
    file: File
    index: int
    partner: int | None


async def change_content(
    screen: Screen[None], acts: SessionActs, file: File, transcript: Transcript
) -> MessageChange | None:
    """Ask what is to be changed and do it; returns what only the caller can do."""
    index = transcript.current
    message = transcript.blocks.message(index)
    if message is None:
        screen.notify("There is no message here that can be changed.", markup=False)
        return None
    place = _Place(screen, acts, file, index, transcript.blocks.partner(index))
    chosen = await screen.app.push_screen_wait(_dialog(place, message))
    match chosen:
        case MessageChange.DELETE:
            await _delete(place)
        case MessageChange.REPLACE:
            await _replace(place)
        case MessageChange.PURGE:
            await _purge(place, [index])
        case MessageChange.PURGE_ALL:
            await _purge(place, None)
        case MessageChange.REDACT:
            await _redact_text(place)
        case MessageChange.SECRETS:
            await _redact(place, {}, secrets=True)
        case _:
            return chosen
    return None


def _dialog(place: _Place, message: MessageSnapshot) -> ChangeDialog:
    versions = len(message.metadata.edit_history)
    words = short_title(genuine_user_text(message.item) or text_of(message.item), _WORDS)
    with_it = f", with message {place.partner + 1:,}" if place.partner is not None else ""
    choices = [
        (MessageChange.DELETE, with_it),
        (MessageChange.REPLACE, ""),
        (MessageChange.SPLIT, ""),
        *([(MessageChange.PURGE, f" ({versions:,})")] if versions else []),
        (MessageChange.PURGE_ALL, ""),
        (MessageChange.REDACT, ""),
        (MessageChange.SECRETS, ""),
    ]
    return ChangeDialog(f"Change message {place.index + 1:,}?", words or "(no words)", choices)


async def _delete(place: _Place) -> None:
    numbers = sorted({place.index, *([] if place.partner is None else [place.partner])})
    which = " and ".join(f"{number + 1:,}" for number in numbers)
    await _do(
        place,
        lambda store: store_work.delete_message(store, place.file, place.index),
        f"Deleted message{'s' if len(numbers) > 1 else ''} {which}. u to undo.",
    )


async def _purge(place: _Place, wanted: list[int] | None) -> None:
    """Remove the earlier versions of some messages, or of all."""
    await _do(
        place,
        lambda store: store_work.purge_history(store, place.file, wanted),
        "Removed the earlier versions; the trash still has them. u to undo.",
    )


async def _replace(place: _Place) -> None:
    number = place.index + 1
    question = f"Replace a text in message {number:,}"
    dialog = ReplaceDialog(question, "nothing", keep=True, old=_selected(place))
    wanted = await place.screen.app.push_screen_wait(dialog)
    if wanted is not None:
        texts = wanted.old, wanted.new
        await _do(
            place,
            lambda store: store_work.replace_text(
                store, place.file, place.index, texts, keep_history=wanted.kept
            ),
            f"Changed message {number:,}. u to undo.",
        )


async def _redact_text(place: _Place) -> None:
    dialog = ReplaceDialog(
        "Remove a text from the session, its checkpoints, and earlier versions",
        "a placeholder",
        keep=False,
        old=_selected(place),
    )
    wanted: Replacement | None = await place.screen.app.push_screen_wait(dialog)
    if wanted is not None:
        await _redact(place, {wanted.old: wanted.new or None}, secrets=False)


def _selected(place: _Place) -> str:
    """What is selected with the mouse, if it is within one line."""
    text = place.screen.get_selected_text() or ""
    return text if text.isprintable() else ""


async def _redact(place: _Place, texts: dict[str, str | None], *, secrets: bool) -> None:
    """Look, show what was found, replace it, and offer to destroy the versions that have it."""
    store = place.acts.store
    assert store is not None
    found = await _found(place, store, texts, secrets)
    wanted = None if found is None else await _reviewed(place, found)
    if wanted is None:
        return
    act = await _do(
        place,
        lambda store: store_work.redact(store, wanted, place.acts.state),
        f"Replaced {counted(len(wanted), 'place')}. u to undo.",
    )
    if act is not None:
        await _offer_emptying(place, store, act)


async def _found(
    place: _Place, store: Store, texts: dict[str, str | None], secrets: bool
) -> Review | None:
    """Where it is; None, and said so, if it is nowhere, cannot be looked for, or was stopped."""
    try:
        review, stopped = await run_with_progress(
            place.screen.app,
            "Searching the session and its checkpoints",
            Progress(1),
            lambda should_stop: store_work.review(store, place.file, texts, secrets),
        )
    except PersistenceError as error:
        place.acts.report_failure(place.screen, "Nothing was changed", error)
        return None
    if not stopped and not len(review):
        place.screen.notify("Nothing was found.", markup=False)
    return None if stopped or not len(review) else review


async def _reviewed(place: _Place, review: Review) -> Review | None:
    """What the person wants to be replaced of what was found; None for nothing."""
    from agcx_tui.app.dialogs.redaction_review import RedactionReview

    found = {_name(review, number): each for number, each in enumerate(_looked(review))}
    chosen = await place.screen.app.push_screen_wait(RedactionReview(found, "Replace", "Replace"))
    if chosen is None or not any(chosen.values()):
        return None
    files = tuple(
        structs.replace(file, finds=looked.finds)
        for file, looked in zip(review.files, chosen.values(), strict=True)
    )
    return structs.replace(review, files=files)


def _looked(review: Review) -> list[Looked]:
    return [Looked(file.finds, file.signature) for file in review.files]


def _name(review: Review, number: int) -> str:
    """A unique name of a file in the review; the list shows only its beginning."""
    file = review.files[number]
    return "session" if file.checkpoint is None else f"◆ {number} {file.name}"


async def _offer_emptying(place: _Place, store: Store, act: Act) -> None:
    from agcx_format.store import trashed
    from agcx_tui.app.dialogs.empty_trash import EmptyDialog

    try:
        holding = await asyncio.to_thread(store.content.holding, act)
        sessions = await asyncio.to_thread(lambda: list(trashed(store.path, holding)))
    except PersistenceError as error:
        place.acts.report_failure(place.screen, "The trash cannot be read", error)
        return
    question = "The trash still has it. Destroy the old versions for good?"
    dialog = EmptyDialog(holding, sessions, place.acts.now(), question, by_age=False)
    wanted = await place.screen.app.push_screen_wait(dialog)
    if wanted:
        gone = await place.acts.destroy(place.screen, wanted)
        if gone is not None:
            place.screen.notify(f"Destroyed; {format.size(gone.size)} freed.", markup=False)


async def _do(place: _Place, act: store_work.Acting, done: str) -> Act | None:
    """Run an act and say what came of it; returns it."""
    outcome = await place.acts.run(place.screen, act, lambda _: done, "Nothing was changed")
    return outcome.act if outcome is not None else None
