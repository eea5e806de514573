"""Take secrets out of sessions, their checkpoints and edit histories: what is found, reviewed, and replaced.

Strategy: what a person reviews is exactly what is replaced.  A `Review` holds every find with the version of
the file that it is in, and an act that meets another version changes nothing.  A secret that one file gives
away (`password=…`) is searched for in the other files of the session, where nothing identifies it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path

import msgspec
from msgspec.structs import replace

from agcx_format.disk.durable import Signature
from agcx_format.errors import StaleSession
from agcx_format.model.session import Checkpoint, CheckpointMetadata, Session, SessionMetadata
from agcx_format.redaction.find import Find, distinctive, find_secrets
from agcx_format.redaction.replace import Placeholders, Redaction, redact
from agcx_format.session.checkpoint_file import read_checkpoint
from agcx_format.store.acts.manifest import ActSession
from agcx_format.store.acts.plan import Change
from agcx_format.store.acts.plan_content import read_unchanged, replaced
from agcx_format.store.checkpoint_files import checkpoint_files
from agcx_format.store.entries import ScanEntry

__all__ = ["Review", "ReviewedFile", "redaction", "review"]

# The kind of a find for a text that a person entered.
_KIND_OF_TEXT = "text"
# A text may be inside JSON that is itself in JSON, as what a command in the arguments of a call sends.
_LEVELS_OF_JSON = 3

_About = SessionMetadata | CheckpointMetadata


class ReviewedFile(msgspec.Struct, frozen=True):
    """What was found in a session's file or one of its checkpoints.

    Fields:
        session: the session.
        checkpoint: path of the checkpoint, relative to the store; None for the session itself.
        signature: the file that was searched.
        finds: what is to be hidden.
        name: of the checkpoint, as its session lists it.
    """

    session: ScanEntry
    checkpoint: str | None
    signature: Signature
    finds: tuple[Find, ...]
    name: str = ""


class Review(msgspec.Struct, frozen=True):
    """What was found in some sessions, file by file; `chosen` are the placeholders that a person chose."""

    files: tuple[ReviewedFile, ...]
    chosen: Mapping[str, str]

    @property
    def finds(self) -> Iterator[tuple[ReviewedFile, Find]]:
        """Every find, in the order of the files."""
        return ((file, find) for file in self.files for find in file.finds)

    def __len__(self) -> int:
        return sum(len(file.finds) for file in self.files)

    def placeholders(self) -> Placeholders:
        """The placeholders of all secrets; the same for the same review."""
        found = Placeholders(self.chosen)
        for _, find in self.finds:
            found.of(find.kind, find.secret)
        return found

    def hiding(self, wanted: Callable[[Find], bool]) -> Review:
        """The same review with only some of its finds."""
        files = (replace(file, finds=tuple(filter(wanted, file.finds))) for file in self.files)
        return Review(tuple(files), self.chosen)


def review(
    root: Path,
    entries: Iterable[ScanEntry],
    *,
    secrets: bool = True,
    personal: bool = False,
    texts: Mapping[str, str | None] | None = None,
) -> Review:
    """Search sessions, with their checkpoints and edit histories.

    `texts` are texts to replace wherever they occur, each with what replaces it, None for a placeholder.
    Pictures and encrypted reasoning are not searched: they cannot be read.

    Raises:
        StaleSession: a file changed since it was scanned.
        PersistenceError: a file is damaged, or cannot be read: something could be left in it.
    """
    chosen = dict(_in_all_forms(texts or {}))
    wanted = dict.fromkeys(chosen, _KIND_OF_TEXT)
    known = checkpoint_files(root)
    files: list[ReviewedFile] = []
    for entry in entries:
        mine = [path for path, _ in known.get(str(entry.id), ())]

        found = list(_searched(root, entry, mine, wanted, secrets, personal))
        if secrets and mine:
            everywhere = distinctive(find for file in found for find in file.finds) | wanted
            found = list(_searched(root, entry, mine, everywhere, secrets, personal))
        files += found
    given = {text: new for text, new in chosen.items() if new is not None}
    return Review(tuple(files), given)


def _in_all_forms(texts: Mapping[str, str | None]) -> Iterator[tuple[str, str | None]]:
    """Each text, also as JSON has it, in ASCII alone or not; and what replaces it there."""
    for text, new in texts.items():
        forms = {text: new}
        latest = forms
        for _ in range(_LEVELS_OF_JSON):
            latest = {
                _quoted(before, ascii_only): after and _quoted(after, ascii_only)
                for before, after in latest.items()
                for ascii_only in (False, True)
            }
            forms = latest | forms
        yield from forms.items()


def _quoted(text: str, ascii_only: bool) -> str:
    return json.dumps(text, ensure_ascii=ascii_only)[1:-1]


def _searched(
    root: Path,
    entry: ScanEntry,
    checkpoints: Iterable[str],
    known: Mapping[str, str],
    secrets: bool,
    personal: bool,
) -> Iterator[ReviewedFile]:
    def finds(about: _About, session: Session) -> tuple[Find, ...]:
        conversation = session.conversation
        return tuple(
            find_secrets(
                about,
                lambda: conversation.messages,
                conversation.context,
                session.state,
                personal=personal,
                known=known,
                by_rules=secrets,
            )
        )

    session = read_unchanged(entry)
    yield ReviewedFile(entry, None, entry.signature, finds(session.metadata, session))
    names = {each.id: each.name for each in session.metadata.checkpoints}
    for path in checkpoints:
        value, signature = read_checkpoint(root / path)
        found = finds(value.metadata, Session(session.metadata, value.conversation, value.state))
        name = names.get(value.metadata.id) or value.metadata.name
        yield ReviewedFile(entry, path, signature, found, name)


def redaction(root: Path, reviewed: Review, level: int) -> Change:
    """The steps that replace what was reviewed.

    Raises:
        StaleSession: a file is another one than was searched.
        PersistenceError: a file cannot be read, or its layout cannot hold it.
    """
    placeholders = reviewed.placeholders()
    wanted: list[ReviewedFile] = []
    checkpoints: list[tuple[str, Signature, Checkpoint]] = []
    others: dict[str, ActSession] = {}
    for file in reviewed.files:
        if not file.finds:
            continue
        if file.checkpoint is None:
            wanted.append(file)
        else:
            value, signature = read_checkpoint(root / file.checkpoint)
            if signature != file.signature:
                raise StaleSession("it changed since it was read", path=root / file.checkpoint)
            hidden = _without(value, file.finds, placeholders)
            checkpoints.append((file.checkpoint, signature, hidden))
        entry = file.session
        others[entry.path] = ActSession(str(entry.id or ""), entry.title, entry.size)
    # One at a time: a session is forgotten once it is encoded.
    sessions = (
        (file.session, redact(read_unchanged(file.session), file.finds, placeholders)[0])
        for file in wanted
    )
    change = replaced(root, sessions, level, checkpoints)
    # Only a checkpoint of the others contained something: the title has not changed.
    for file in wanted:
        del others[file.session.path]
    return Change(change.steps, [*change.sessions, *others.values()], change.index)


def _without(value: Checkpoint, finds: Collection[Find], placeholders: Placeholders) -> Checkpoint:
    hiding = Redaction(finds, placeholders)
    conversation = replace(
        value.conversation,
        messages=list(hiding.messages(value.conversation.messages)),
        context=hiding.part("context", value.conversation.context),
    )
    return Checkpoint(
        hiding.part("metadata", value.metadata), conversation, hiding.part("state", value.state)
    )
