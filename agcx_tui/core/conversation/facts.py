"""The facts on the tabs beside the messages: context, checkpoints, and details.

Strategy: pure functions from values to groups of facts.  A fact is a name and a value as they are in the
file; they are made safe when drawn.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from agcx_format import (
    CheckpointMetadata,
    ConversationContext,
    SectionPlace,
    SessionMetadata,
    ns_of,
)
from agcx_format.errors import PersistenceError
from agcx_format.importing import source_details
from agcx_format.store import StoredCheckpoint
from agcx_format.subagents import parent_of, shown_tags
from agcx_format.transcript import ModePeriod, ModeReader
from agcx_tui.core.conversation.fact import Fact, Group
from agcx_tui.core.conversation.resume import Resume, resume_of
from agcx_tui.core.conversation.subject import Conversation, Sizes
from agcx_tui.core.words import format
from agcx_tui.core.words.durations import seconds_text

__all__ = [
    "checkpoint_facts",
    "context_facts",
    "detail_facts",
    "mode_facts",
    "usage_facts",
]


def context_facts(
    context: ConversationContext, exists: Callable[[str], bool] = lambda path: True
) -> list[Group]:
    """Directory, open files, index states, environment; `exists` says whether there is such a file now."""
    directory = context.working_directory

    def note(path: str) -> str:
        there = not path or exists(os.path.join(directory, path))
        return "" if there else "does not exist"

    open_files = tuple(replace(_path("", path), note=note(path)) for path in context.open_files)
    groups = [
        Group("Directory", (replace(_path("working in", directory), note=note(directory)),)),
        Group(_counted("Open files", len(open_files)), open_files),
    ]
    index = context.ast_index_state
    if index is not None:
        facts = (
            Fact("symbols", f"{index.total_symbols:,}"),
            Fact("cache", _bytes(index.cache_size_bytes)),
            _moment("updated", index.last_update),
        )
        groups.append(Group("Index of the code", facts))
        groups.append(_paths("Indexed files", index.indexed_files))
    cache = context.embedding_cache
    if cache is not None:
        facts = (
            Fact("model", cache.model),
            Fact("pieces", f"{cache.cached_chunks:,}"),
            Fact("cache", _bytes(cache.cache_size_bytes)),
        )
        groups.append(Group("Embeddings", facts))
    variables = sorted(context.environment_variables.items())
    title = _counted("Environment", len(variables))
    groups.append(Group(title, tuple(_variable(name, value) for name, value in variables)))
    return groups


def _variable(name: str, value: str) -> Fact:
    # Few conversations have variables, and this is half a megabyte of code.
    from agcx_format.redaction import spans

    return Fact(name, value, secret=bool(spans(f"{name}={value}")))


def checkpoint_facts(rows: Sequence[StoredCheckpoint], messages: int) -> list[Group]:
    """A fact for each checkpoint of a session with this many messages, in their order.

    It says how large the checkpoint is, what came after it, and what is wrong with it.
    """
    facts = tuple(_checkpoint(row, messages) for row in rows)
    size = sum(row.size for row in rows)
    title = _counted("Checkpoints", len(facts)) + (f" · {format.size(size)}" if size else "")
    return [Group(title, facts, "This session has no checkpoints yet. n creates one.")]


def _checkpoint(row: StoredCheckpoint, messages: int) -> Fact:
    each = row.metadata
    after = messages - each.message_index
    words = [
        f"after message {each.message_index:,}",
        f"{format.counted(after, 'message')} since" if after > 0 else "nothing since",
        format.exact(ns_of(each.created_at) // 1000),
        format.size(row.size) if row.path is not None else "its file is missing",
        *(["its session does not list it"] if row.is_unlisted else []),
    ]
    notes = [" · ".join(words), *([each.description] if each.description else [])]
    name = each.name.strip() or "(no name)"
    return Fact("", name, "\n".join(notes), row, copied=str(each.id))


def detail_facts(conversation: Conversation, sizes: Sizes) -> list[Group]:
    """All fields of the metadata, what an import noted, the file, modes, sections, the state of the window.

    May block.
    """
    data = conversation.metadata
    groups = [
        Group("Checkpoint", _about_checkpoint(conversation.checkpoint))
        if conversation.checkpoint is not None
        else None,
        Group("Session", _about_session(data)),
        Group(
            "Times",
            (
                _moment("created", data.created_at),
                _moment("updated", data.updated_at),
                _moment("accessed", data.last_accessed),
            ),
        ),
        Group("File", _about_file(conversation)),
        Group("Modes", modes) if (modes := _modes(conversation)) else None,
    ]
    groups.append(_about_source(conversation))
    if sizes:
        groups.append(Group("Sections", (*_sections(sizes), *_parts(conversation))))
    groups.append(_about_window(conversation))
    if found := _resume(conversation):
        groups.append(Group("Resume", (Fact("command", found.typed),)))
    return [group for group in groups if group is not None]


def _resume(conversation: Conversation) -> Resume | None:
    try:
        found = resume_of(conversation.metadata, conversation.context())
    except PersistenceError:
        return None
    return None if found.problem else found


def mode_facts(periods: Iterable[ModePeriod]) -> tuple[Fact, ...]:
    """A fact for each stretch in one mode, with the time in it."""
    return tuple(
        Fact(
            period.mode.value,
            _taken(period.seconds, period.active_seconds),
            f"since {format.exact(ns_of(period.since) // 1000)}",
            message=period.number,
        )
        for period in periods
    )


def _taken(seconds: float, active: float) -> str:
    taken = seconds_text(seconds) or "no time"
    return (
        taken
        if not active or abs(seconds - active) < 1
        else f"{taken}, active {seconds_text(active)}"
    )


def _modes(conversation: Conversation) -> tuple[Fact, ...]:
    """The modes until the last change of the session; the activity has the messages in them."""
    try:
        reader = ModeReader(conversation.mode_history())
    except PersistenceError:
        # What is wrong with the file is not for this tab to say.
        return ()
    return mode_facts(reader.periods(ns_of(conversation.metadata.updated_at)))


def _about_session(data: SessionMetadata) -> tuple[Fact, ...]:
    return (
        Fact("title", data.title or "(no title)", copied=data.title),
        Fact("id", str(data.id)),
        Fact("model", data.model),
        Fact("mode", data.current_mode.value),
        Fact("favorite", "yes ★" if data.is_favorite else "no"),
        Fact("tags", ", ".join(shown_tags(data.tags)) or "none"),
        *([Fact("subagent of", str(parent))] if (parent := parent_of(data.tags)) else []),
        Fact("messages", f"{data.message_count:,}"),
        Fact("turns", f"{data.turn_count:,}"),
        Fact("checkpoints", f"{len(data.checkpoints):,}"),
    )


# What an import notes beside the conversation, in the order in which it is shown.
_SOURCE = {
    "agent": "agent",
    "tokens_input": "tokens read", "tokens_cached": "from a cache", "tokens_output": "tokens written",
    "cost_usd": "cost", "commit": "commit", "branch": "branch", "cli_version": "version",
    "originator": "used through",
}  # fmt: skip


def _about_source(conversation: Conversation) -> Group | None:
    """Tokens, commit, and program, if the session was imported and its context can be read."""
    facts = _source_facts(conversation, _SOURCE)
    return Group("Imported", facts) if facts else None


def usage_facts(conversation: Conversation) -> tuple[Fact, ...]:
    """Tokens and cost, as far as an import noted them."""
    names = [name for name in _SOURCE if name.startswith(("tokens", "cost"))]
    return _source_facts(conversation, names)


def _source_facts(conversation: Conversation, names: Iterable[str]) -> tuple[Fact, ...]:
    """What an import noted under these names; nothing if the context cannot be read."""
    try:
        details = source_details(conversation.context().environment_variables)
    except PersistenceError:
        return ()
    facts = []
    for name in names:
        value, label = details[name], _SOURCE[name]
        if isinstance(value, int):
            facts.append(Fact(label, f"{value:,}", copied=str(value)))
        elif isinstance(value, float):
            facts.append(Fact(label, f"${value:,.2f}", copied=f"{value:g}"))
        elif value:
            facts.append(Fact(label, value))
    return tuple(facts)


def _about_checkpoint(each: CheckpointMetadata) -> tuple[Fact, ...]:
    return (
        Fact("name", each.name),
        Fact("id", str(each.id)),
        _moment("created", each.created_at),
        Fact("after message", f"{each.message_index:,}"),
        Fact("description", each.description or "none"),
    )


def _about_file(conversation: Conversation) -> tuple[Fact, ...]:
    data = conversation.metadata
    if conversation.layout is None:
        return (_path("path", conversation.path), Fact("size", _bytes(conversation.size)))
    kept = conversation.checkpoint_bytes
    return (
        _path("path", conversation.path),
        Fact("layout", f"{conversation.layout}"),
        Fact("size", _bytes(conversation.size)),
        *([Fact("with checkpoints", _bytes(conversation.size + kept))] if kept else []),
        Fact("recorded size", _bytes(data.file_size)),
        Fact("recorded ratio", f"{100 * data.compression_ratio:.1f} % of the original"),
        Fact("format version", f"{data.format_version}"),
    )


def _sections(sizes: Sizes) -> Iterator[Fact]:
    """Each section, and all of them together as they were measured."""
    for place, plain in sizes:
        yield _section(place, plain)
    plain_sizes = [plain for _, plain in sizes]
    size, known = sum(place.size for place, _ in sizes), [each for each in plain_sizes if each]
    if len(sizes) > 1 and len(known) == len(sizes):
        share = f", {100 * size / sum(known):.1f} %"
        yield Fact("all, measured", f"{_bytes(size)} of {_bytes(sum(known))}{share}")


def _parts(conversation: Conversation) -> Iterator[Fact]:
    """What is together in one section; nothing if it cannot be read: the conversation says why."""
    with suppress(PersistenceError):
        for name, size in conversation.parts():
            yield Fact(f"of it {name}", _bytes(size), "decompressed")


def _about_window(conversation: Conversation) -> Group | None:
    from agcx_tui.core.conversation.state_facts import state_facts

    with suppress(PersistenceError):
        if (state := conversation.state()) is not None:
            return Group("Window of the agent", state_facts(state))
    return None


def _section(place: SectionPlace, plain: int | None) -> Fact:
    where = f"from byte {place.start:,}"
    if not place.compressed:
        return Fact(place.name, _bytes(place.size), where)
    if plain is None:
        return Fact(place.name, f"{_bytes(place.size)} compressed", where)
    share = f", {100 * place.size / plain:.1f} %" if plain else ""
    return Fact(place.name, f"{_bytes(place.size)} of {_bytes(plain)}{share}", where)


def _paths(title: str, paths: list[str]) -> Group:
    return Group(_counted(title, len(paths)), tuple(_path("", path) for path in paths))


def _path(name: str, path: str) -> Fact:
    shown = format.short_path(path) if path else "(unknown)"
    return Fact(name, shown, target=path or None, copied=path)


def _moment(name: str, moment: str) -> Fact:
    return Fact(name, format.exact(ns_of(moment) // 1000), f"{moment}", copied=moment)


def _bytes(count: int) -> str:
    words = format.size(count)
    return words if count < 1000 else f"{words} ({count:,} bytes)"


def _counted(title: str, count: int) -> str:
    return f"{title} · {count:,}" if count > 1 else title
