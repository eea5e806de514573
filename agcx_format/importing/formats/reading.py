"""What most agents have in common: one pass over JSON Lines, and the steps of a conversation.

Strategy: an agent's module says which lines are its own, and turns each into steps: what the person or the
agent said, a thought, a call, its result. Ids, times, turns, and branches are the draft's (see `draft`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

from agcx_format.importing.agent import Agent, Head, Source
from agcx_format.importing.draft import ImportDraft
from agcx_format.importing.draft_entry import DraftEntry
from agcx_format.importing.environment import count_of
from agcx_format.importing.fields import as_json, as_text
from agcx_format.importing.formats.parts import content_of, text_in
from agcx_format.importing.imported import Imported
from agcx_format.importing.json_lines import Parsed, is_document, read_document, read_lines
from agcx_format.importing.moments import moment_of
from agcx_format.importing.notices import add_notice, add_unknown
from agcx_format.importing.source_file import is_large, known_shape, read_source
from agcx_format.importing.stored_entries import Entries, StoredEntries
from agcx_format.model import unchecked
from agcx_format.model.ids import session_id
from agcx_format.model.items import (
    ContentPart,
    InputImage,
    InputText,
    Message,
    OutputText,
)
from agcx_format.model.timestamps import Timestamp
from agcx_format.transcript.outputs import CallOutcome
from agcx_format.transcript.title import short_title
from agcx_format.transcript.words import OUTPUT_IMAGE
from agcx_format.variables import (
    BRANCH,
    COST_USD,
    OWN_ID,
    TOKENS_CACHED,
    TOKENS_INPUT,
    TOKENS_OUTPUT,
)

__all__ = [
    "LineAgent",
    "Reading",
    "Usage",
    "as_dict",
    "as_list",
    "identity",
    "outcome_of",
    "outline",
    "start_of",
]

# How many lines at the start are searched for one of the agent's shape.
_UNKNOWN_AT_FIRST = 200


def as_dict(value: Any) -> dict[str, Any]:
    """The object, or an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """The list, or an empty one."""
    return value if isinstance(value, list) else []


def identity(agent: Agent, given: Any, path: Path) -> UUID:
    """The id of a session: the agent's where that is a UUID, else one derived from it."""
    text = as_text(given).strip()
    return session_id(_uuid_in(text) or (f"{agent.tag}:{text}" if text else ""), path.name)


def _uuid_in(text: str) -> str:
    """The UUID at the end of an id, which some programs write with a prefix."""
    try:
        return str(UUID(text.removeprefix("session_")))
    except ValueError:
        return ""


# Fields that say what an object is, rather than what somebody said.
_ABOUT = frozenset(
    {
        "type", "role", "kind", "id", "uuid", "parentId", "parentUuid", "sessionId", "messageId", "timestamp",
        "time", "model", "version", "cwd", "gitBranch", "provider", "status",
    }
)  # fmt: skip


def _says_something(value: Any, depth: int = 20) -> bool:
    """Whether there is a text in an object, other than what it is."""
    if isinstance(value, str):
        return bool(value.strip())
    if not depth:
        return True
    if isinstance(value, dict):
        return any(_says_something(value[n], depth - 1) for n in value if n not in _ABOUT)
    return isinstance(value, list) and any(_says_something(each, depth - 1) for each in value)


def outline(todos: Any) -> str:
    """A list of tasks as text, a line each."""
    if todos and not isinstance(todos, list):
        return text_in(todos)
    rows = []
    for todo in todos or []:
        names = ("content", "description", "text", "title")
        words = next(filter(None, (as_text(as_dict(todo).get(name)) for name in names)), "")
        status = as_text(as_dict(todo).get("status")).replace("_", " ")
        rows.append(f"- {words or as_json(todo)}{f' ({status})' if status else ''}")
    return "\n".join(rows)


def outcome_of(
    success: bool | None, output: str = "", *, code: Any = None, seconds: Any = None
) -> CallOutcome:
    """How a call went; a failure is described by the first line of the output."""
    exit_code = code if type(code) is int else None
    if success is None and exit_code is not None:
        success = exit_code == 0
    error = None
    if success is False:
        error = output.lstrip()[:200].split("\n", 1)[0].rstrip() or None
    took = seconds if isinstance(seconds, int | float) and 0 <= seconds < 1e12 else None
    return CallOutcome(success, exit_code, None if took is None else float(took), error)


class Usage:
    """Tokens and cost of a conversation: each answer counts once, by its last count."""

    def __init__(self) -> None:
        self._answers: dict[str, tuple[int, int, int, float]] = {}

    def add(self, answer: str, read: Any, cached: Any, written: Any, cost: Any = None) -> None:
        """Note what an answer took; `read` includes what was `cached`."""
        dollars = cost if isinstance(cost, int | float) and not isinstance(cost, bool) else 0
        dollars = float(dollars) if 0 <= dollars < 1e9 else 0.0
        counts = (count_of(read), count_of(cached), count_of(written), dollars)
        self._answers[answer or f"answer {len(self._answers)}"] = counts

    def names(self) -> list[str]:
        """What was counted so far."""
        return list(self._answers)

    def forget(self, which: Callable[[str], bool]) -> None:
        """Take back the counts of these, which others replace."""
        for answer in filter(which, self.names()):
            del self._answers[answer]

    def totals(self) -> dict[str, str]:
        """What goes into the environment; empty if nothing was counted."""
        if not any(any(counts) for counts in self._answers.values()):
            return {}
        read, cached, written, cost = map(sum, zip(*self._answers.values(), strict=True))
        # Some programs count only what was written.
        totals = {TOKENS_INPUT: str(read), TOKENS_CACHED: str(cached)} if read else {}
        return totals | {TOKENS_OUTPUT: str(written)} | ({COST_USD: f"{cost:.6g}"} if cost else {})


class Reading(ABC):
    """One conversation while it is read.

    Fields:
        title: given by the person or the agent; else the first words count.
        model, directory, branch: if known.
        task: what a subagent was asked to do: its title, if it has no other.
        stores_large: whether the messages of a large file are not held in memory (see `stored_entries`); then
            one that is changed after the next ones were added is asked for by its position.
    """

    stores_large: ClassVar[bool] = False

    def __init__(
        self, agent: Agent, source: Path, modified: Timestamp, id: UUID, start: Timestamp | None
    ) -> None:
        self.agent = agent
        self.source = source
        self.modified = modified
        entries: Entries = StoredEntries() if self.stores_large and is_large(source) else []
        self.draft = ImportDraft(
            id, start or modified, times_calls=True, entries=entries, stores_many=self.stores_large
        )
        self.usage = Usage()
        self.title = ""
        self.task = ""
        self.model = ""
        self.directory = ""
        self.branch = ""
        self._number = 0

    def named(self, given: Any) -> None:
        """Keep the id that the agent has for the session, if it is not the one here."""
        text = as_text(given).strip()
        if text and text != str(self.draft.id):
            self.draft.environment[OWN_ID] = text

    # --- lines

    def take(self, value: Any, number: int) -> None:
        """Read one value of the file."""
        if not isinstance(value, dict):
            self.draft.bad(number, "not an object")
            return
        self._number = number
        self.draft.at_time(value.get("timestamp"))
        before = self.accounted()
        self.value(value, number)
        self.unless_taken(before, value)

    def accounted(self) -> int:
        """Grows with all that is taken, counted, or reported."""
        draft = self.draft
        tallies = (draft.skipped, draft.duplicates, draft.unknown)
        counts = sum(tally.counts.total() for tally in tallies)
        noted = draft.kept_as.total() + draft.left_out.total()
        return len(draft.entries) + len(draft.modes) + counts + noted + draft.bad_count

    def unless_taken(self, before: int, value: dict[str, Any]) -> None:
        """Count an object that was not understood; one that says something is kept as text."""
        if self.accounted() != before:
            return
        kind = as_text(value.get("type")) or as_text(value.get("role"))
        if _says_something(value):
            self.unknown(kind, value)
        else:
            self.skip(f"{kind or 'a line'} with nothing in it", value)

    @abstractmethod
    def value(self, value: dict[str, Any], number: int) -> None:
        """Read one object, whose time is that of the draft."""

    def skip(self, kind: str, value: Any) -> None:
        self.draft.skipped.add(kind, self._number, value)

    def repeated(self, kind: str, value: Any) -> None:
        self.draft.duplicates.add(kind, self._number, value)

    def unknown(self, kind: str, value: dict[str, Any]) -> None:
        name = kind or "{" + ", ".join(sorted(value)[:4]) + "}"
        add_unknown(self.draft, name, value, self._number)

    def calls_in(self, given: Any, field: str) -> Iterator[dict[str, Any]]:
        """The calls in a list; what has no name of a tool is not understood."""
        for called in given if isinstance(given, list) else [given] if given else []:
            if isinstance(called, dict) and "name" in called:
                yield called
            else:
                self.unknown(field, {field: called})

    # --- steps

    def asked(self, content: Any) -> DraftEntry | None:
        """What the person said, with pictures; the first words to a subagent are its parent's."""
        if self.draft.parent is not None and not self.task:
            return self.injected(content, "task of a subagent")
        return self._speak("user", content)

    def injected(self, content: Any, why: str) -> DraftEntry | None:
        """What a program put in the person's place."""
        self.draft.kept_as[f"{why}: role developer"] += 1
        added = self._speak("developer", content)
        if self.draft.parent is not None and not self.task and added is not None:
            self.task = text_in(content).strip()
            added.is_task = bool(self.task)
        return added

    def _speak(self, role: str, content: Any) -> DraftEntry | None:
        parts = content_of(content)
        if not any(not isinstance(p, InputText) or p.text.strip() for p in parts):
            return None
        return self.draft.add(unchecked.message(None, role, parts), self._number)

    def said(self, content: Any, item_id: Any = None) -> None:
        """What the agent said; without words, nothing."""
        parts: list[ContentPart] = [
            unchecked.output_text(part.text) if isinstance(part, InputText) else part
            for part in content_of(content)
        ]
        if any(not isinstance(p, OutputText) or p.text.strip() for p in parts):
            given = item_id if isinstance(item_id, str) else None
            self.draft.add(unchecked.message(given, "assistant", parts), self._number)

    def thought(self, text: Any, encrypted: Any = None) -> None:
        words, secret = text_in(text), as_text(encrypted) or None
        if not words.strip() and secret is None:
            return
        item_id = self.draft.made_id("rs", self._number)
        summary = [unchecked.summary_text(words)] if words.strip() else []
        self.draft.add(unchecked.reasoning(item_id, summary, None, secret), self._number)

    def call(self, call_id: Any, name: Any, arguments: Any) -> str:
        """A tool call; without an id it gets one, which is returned."""
        given = as_text(call_id) or self.draft.made_id("call", self._number)
        if arguments == "":
            text = "{}"
        elif isinstance(arguments, str):
            text = arguments if arguments.lstrip()[:1] == "{" else as_json({"input": arguments})
        else:
            text = as_json({} if arguments is None else arguments)
        called = unchecked.function_call(None, text_in(name) or "tool", text, given)
        self.draft.add(called, self._number)
        return given

    def result(self, call_id: Any, output: Any, outcome: CallOutcome | None = None) -> None:
        """The output of a call; pictures in it become a message of their own."""
        given = as_text(call_id)
        parts = content_of(output)
        texts = [part.text for part in parts if isinstance(part, InputText)]
        images = [part for part in parts if isinstance(part, InputImage)]
        texts += ["[image: in the next message]"] * bool(images)
        returned = unchecked.function_call_output(given, "\n".join(texts))
        self.draft.add(returned, self._number, outcome)
        if images:
            self.draft.kept_as["image of a tool: a message of its own"] += 1
            words = InputText(f"<{OUTPUT_IMAGE}>{given}</{OUTPUT_IMAGE}>")
            self.draft.add(Message(None, "user", [words, *images]), self._number)

    def notice(self, words: str) -> None:
        """What happened beside what was said."""
        add_notice(self.draft, words, self._number)

    # --- the end

    def finish(self, changed: Timestamp | None = None) -> Imported:
        """The session. `changed` is when the source last changed, by default when the file did."""
        draft = self.draft
        draft.environment |= {BRANCH: self.branch, **self.usage.totals()}
        untitled = f"{self.agent.label} session of {draft.start[:10]}"
        titles = [short_title(self.title), draft.first_words, short_title(self.task), untitled]
        draft.titles.update(filter(None, titles))
        if draft.parent is not None and not draft.parent.task:
            draft.parent = replace(draft.parent, task=self.title or self.task)
        return draft.finish(
            source=self.source,
            agent=self.agent.tag,
            title=next(filter(None, titles)),
            model=self.model,
            tags=[self.branch, "subagent" if draft.parent else ""],
            directory=self.directory,
            changed=changed or self.modified,
        )


class LineAgent(Agent):
    """An agent that writes a conversation as JSON Lines, or as one JSON document."""

    @abstractmethod
    def is_line(self, value: Any) -> bool:
        """Whether a line can only be of this agent."""

    def detect(self, head: Head) -> bool:
        return any(map(self.is_line, head.values))

    def read(self, source: Source) -> Imported:
        path = source.path
        reader = partial(read_document, closes=True) if is_document(path) else read_lines
        return read_source(path, self._convert, reader)

    def _convert(self, lines: Iterable[Parsed], path: Path, modified: Timestamp) -> Imported:
        wanted = f"a session of {self.label}"
        _, first, lines = known_shape(lines, _UNKNOWN_AT_FIRST, wanted, self._shape)
        values = [v for line in first for v in line.values if isinstance(v, dict)]
        reading = self.begin(values, path, modified)
        reading.draft.streams = is_large(path)
        reading.draft.take(lines, reading.take)
        return reading.finish()

    def _shape(self, value: Any) -> str | None:
        return self.name if self.is_line(value) else None

    @abstractmethod
    def begin(self, values: list[dict[str, Any]], path: Path, modified: Timestamp) -> Reading:
        """The reading of a file; `values` are the objects of its first lines."""


def start_of(values: list[dict[str, Any]], *names: str) -> Timestamp | None:
    """The first time in the objects, in one of the fields."""
    names = names or ("timestamp",)
    times = (moment_of(value.get(name)) for value in values for name in names)
    return next(filter(None, times), None)
