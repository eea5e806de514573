"""What a tool call means when it does not run or change something: a checklist, questions to the person, a
plan, a web search, work for a subagent.

Strategy: agents name these tools and their arguments in many ways. Each is recognized by the shape of its
arguments, and by the name of the tool where a shape alone could be anything. All views draw these values, so
that a checklist of any agent looks like one. Arguments of another shape have no meaning here and are shown
unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import Any

import msgspec

__all__ = [
    "Checklist", "Choice", "Delegation", "Meaning", "Plan", "Question", "Questions", "Step", "StepState",
    "WebSearch", "call_meaning",
]  # fmt: skip

# More steps, questions, or choices than this were not made for people.
_MOST = 1_000


class StepState(Enum):
    """How far a step of a checklist is."""

    OPEN = "○"
    DOING = "▸"
    DONE = "✓"
    DROPPED = "✗"

    @property
    def mark(self) -> str:
        """One character for it."""
        return self.value


class Step(msgspec.Struct, frozen=True):
    """A step of a checklist; `words` may have several lines."""

    words: str
    state: StepState = StepState.OPEN


class Checklist(msgspec.Struct, frozen=True):
    """What an agent means to do; `note` is why it changed the list, and may be empty."""

    steps: tuple[Step, ...]
    note: str = ""

    @property
    def gist(self) -> str:
        """`1 of 3 done · Write the parser`, with the step that is being done."""
        done = sum(step.state is StepState.DONE for step in self.steps)
        doing = next((step.words for step in self.steps if step.state is StepState.DOING), "")
        if len(self.steps) == 1:
            (step,) = self.steps
            return f"{step.state.mark} {step.words}"
        return " · ".join(filter(None, (f"{done} of {len(self.steps)} done", doing)))


class Choice(msgspec.Struct, frozen=True):
    """An answer that the agent offered."""

    label: str
    description: str = ""

    @property
    def words(self) -> str:
        """The label, with what it means."""
        return f"{self.label}: {self.description}" if self.description else self.label


class Question(msgspec.Struct, frozen=True):
    """A question to the person.

    Fields:
        words: of the question.
        header: what it is about, in a word or two; may be empty.
        key: by what an answer names it, where that is not the words.
        choices: the answers that were offered; the person may give another.
        several: whether several may be chosen.
    """

    words: str
    header: str = ""
    key: str = ""
    choices: tuple[Choice, ...] = ()
    several: bool = False


class Questions(msgspec.Struct, frozen=True):
    """What an agent asked the person at once."""

    asked: tuple[Question, ...]

    @property
    def gist(self) -> str:
        """The first question, and how many more there are."""
        more = f" and {len(self.asked) - 1} more" if len(self.asked) > 1 else ""
        return self.asked[0].words + more


class Plan(msgspec.Struct, frozen=True):
    """A plan that the person is to accept, as Markdown."""

    text: str

    @property
    def gist(self) -> str:
        """Its first words, without the marks of a heading."""
        first = next((line for line in self.text.splitlines() if line.strip("#*_ ")), "")
        return first.lstrip("#").strip("*_ ")


class WebSearch(msgspec.Struct, frozen=True):
    """What was looked for in the web, or the page that was opened.

    `about` is what is wanted of the page; may be empty.
    """

    queries: tuple[str, ...] = ()
    url: str = ""
    about: str = ""

    @property
    def looked_for(self) -> tuple[str, ...]:
        """All queries, then the page."""
        return (*self.queries, self.url) if self.url else self.queries

    @property
    def gist(self) -> str:
        """The page, or the first query and how many more there are."""
        if self.url:
            return self.url
        more = f" and {len(self.queries) - 1} more" if len(self.queries) > 1 else ""
        return f"{self.queries[0]}{more}"


class Delegation(msgspec.Struct, frozen=True):
    """Work for a subagent.

    Fields:
        task: in a few words; may be empty.
        prompt: the instructions for the subagent, usually Markdown.
        agent: which kind of subagent; may be empty.
    """

    task: str
    prompt: str
    agent: str = ""

    @property
    def gist(self) -> str:
        """`agent: task`; without a task, the first line of the prompt."""
        task = self.task or next(iter(self.prompt.strip().splitlines()), "")
        return f"{self.agent}: {task}" if self.agent else task


Meaning = Checklist | Questions | Plan | WebSearch | Delegation


def call_meaning(name: str, arguments: Any) -> Meaning | None:
    """What a call means; None for one that runs, reads, or changes something, or of unknown arguments.

    `arguments` is the JSON value of the arguments.
    """
    if not isinstance(arguments, dict):
        return None
    tool = _plain(name)
    return (
        _checklist(tool, arguments)
        or _questions(arguments)
        or _plan(tool, arguments)
        or _delegation(tool, arguments)
        or _web_search(tool, arguments)
    )


def _plain(name: str) -> str:
    """The name of a tool in small letters, without what servers and styles of writing add."""
    return re.sub(r"[^a-z]", "", name.lower().rsplit("__", 1)[-1])


def _text(arguments: dict[str, Any], *names: str) -> str:
    """The first of these arguments that is a text with words."""
    found = (arguments.get(name) for name in names)
    return next((text for text in found if isinstance(text, str) and text.strip()), "")


# --- checklists

_STATES = {
    "completed": StepState.DONE, "complete": StepState.DONE, "done": StepState.DONE,
    "in_progress": StepState.DOING, "in-progress": StepState.DOING, "doing": StepState.DOING,
    "active": StepState.DOING,
    "cancelled": StepState.DROPPED, "canceled": StepState.DROPPED, "deleted": StepState.DROPPED,
}  # fmt: skip
# What says what a step is, the best first.
_STEP = ("step", "content", "description", "title", "subject", "text", "task")
# A checklist that is written as text: `- [x] words`, or `1. [completed] words`.
_written = re.compile(r"^\s*(?:[-*]|\d+[.)])?\s*\[([\w ~-]*)\]\s*(.+)$", re.MULTILINE)


def _checklist(tool: str, arguments: dict[str, Any]) -> Checklist | None:
    steps: tuple[Step, ...] = ()
    match arguments.get("plan", arguments.get("todos")):
        case list(entries) if entries and all(isinstance(entry, dict | str) for entry in entries):
            if all(isinstance(entry, str) or _text(entry, *_STEP) for entry in entries):
                steps = tuple(map(_step, entries[:_MOST]))
        case str(text) if "todo" in tool:
            found = _written.findall(text)[:_MOST]
            steps = tuple(Step(words.strip(), _ticked(state)) for state, words in found)
        case None if tool == "taskcreate" and _text(arguments, "subject"):
            steps = (Step(_text(arguments, "subject")),)
        case None if tool == "taskupdate" and isinstance(
            task := arguments.get("taskId"), str | int
        ):
            words = _text(arguments, "subject") or f"task {task}"
            steps = (Step(words, _state(arguments.get("status"))),)
    return Checklist(steps, _text(arguments, "explanation", "note")) if steps else None


def _step(entry: dict[str, Any] | str) -> Step:
    if isinstance(entry, str):
        return Step(entry)
    return Step(_text(entry, *_STEP), _state(entry.get("status")))


def _ticked(box: str) -> StepState:
    """What is in the box of a step that is written as text."""
    ticks = {"x": StepState.DONE, "~": StepState.DOING, "-": StepState.DROPPED}
    return ticks.get(box.strip().lower()) or _state(box)


def _state(status: object) -> StepState:
    known = status.strip().lower().replace(" ", "_") if isinstance(status, str) else ""
    return _STATES.get(known, StepState.OPEN)


# --- questions

# A questionnaire that is written as text, one `[question]` after the other.
_questionnaire = re.compile(r"^\s*(?:\d+[.)])?\s*\[(question|topic|option)\]\s*(.+)$", re.MULTILINE)


def _questions(arguments: dict[str, Any]) -> Questions | None:
    match arguments:
        case {"questions": [dict(), *_] as entries}:
            asked = tuple(_question(entry) for entry in entries[:_MOST] if isinstance(entry, dict))
        case {"question": str(), "choices": list()} | {"question": str(), "options": list()}:
            asked = (_question(arguments),)
        case {"questionnaire": str(text)}:
            asked = tuple(_written_questions(text))
        case _:
            return None
    return Questions(asked) if asked and all(question.words for question in asked) else None


def _question(entry: dict[str, Any]) -> Question:
    words = _text(entry, "question", "prompt", "text")
    choices = entry.get("options", entry.get("choices"))
    several = any(entry.get(name) is True for name in _SEVERAL)
    found = map(_choice, choices[:_MOST]) if isinstance(choices, list) else ()
    key = _text(entry, "id")
    return Question(
        words, _text(entry, "header", "title"), key, tuple(filter(None, found)), several
    )


_SEVERAL = ("multiSelect", "multi_select", "multiple", "allow_multiple", "allowMultiple")


def _choice(entry: Any) -> Choice | None:
    match entry:
        case str(label):
            return Choice(label)
        case {"label": str(label)}:
            return Choice(label, _text(entry, "description"))
    return None


def _written_questions(text: str) -> Iterator[Question]:
    words, header, choices = "", "", list[Choice]()
    for kind, said in [*_questionnaire.findall(text)[:_MOST], ("question", "")]:
        if kind == "question":
            if words:
                yield Question(words, header, choices=tuple(choices))
            words, header, choices = said.strip(), "", []
        elif kind == "topic":
            header = said.strip()
        else:
            choices.append(Choice(said.strip()))


# --- plans, subagents, the web


def _plan(tool: str, arguments: dict[str, Any]) -> Plan | None:
    text = arguments.get("plan")
    is_plan = isinstance(text, str) and text.strip() and "command" not in arguments
    return Plan(text) if is_plan and isinstance(text, str) else None


_SUBAGENTS = frozenset(
    {"task", "agent", "spawnagent", "delegatetoagent", "invokeagent", "subagent", "runsubagent"}
)


def _delegation(tool: str, arguments: dict[str, Any]) -> Delegation | None:
    if tool not in _SUBAGENTS:
        return None
    prompt = _text(arguments, "prompt", "message", "objective", "task", "query")
    if not prompt:
        return None
    agent = _text(
        arguments,
        "subagent_type", "subagentType", "agent_type", "agentType", "subagent_name", "agent_name", "agent",
    )  # fmt: skip
    return Delegation(_text(arguments, "description", "name"), prompt, agent)


_SEARCHES = frozenset({"websearch", "googlewebsearch", "searchweb", "websearchexa"})
_FETCHES = frozenset({"webfetch", "fetchurl", "fetch", "urlfetch", "openpage"})


def _web_search(tool: str, arguments: dict[str, Any]) -> WebSearch | None:
    url = _text(arguments, "url")
    if tool in _SEARCHES:
        several = arguments.get("queries")
        queries = [_text(arguments, "query", "search_term", "q")]
        queries += several[:_MOST] if isinstance(several, list) else []
        found = tuple(dict.fromkeys(q for q in queries if isinstance(q, str) and q))
        return WebSearch(found, url, _text(arguments, "pattern")) if found or url else None
    if tool in _FETCHES and url:
        return WebSearch((), url, _text(arguments, "prompt"))
    return None
