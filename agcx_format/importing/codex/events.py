"""Events of a Codex rollout: most of them repeat for display what the items say, some are the only trace.

Strategy: words are compared with those of the items (see `copies`), a prompt only until the agent acts on it
or is interrupted; ends of tool calls add how the calls went; the rest is counted. Types that are not known
are kept as text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from agcx_format.importing.codex.ends import end_of_item, outcome_of
from agcx_format.importing.codex.event_first import EventFirst
from agcx_format.importing.codex.family import spawned
from agcx_format.importing.codex.nested import add_nested
from agcx_format.importing.codex.outputs import PLACEHOLDERS
from agcx_format.importing.codex.plans import PLAN, proposal_in
from agcx_format.importing.codex.reviews import review_in
from agcx_format.importing.codex.spent import Spent
from agcx_format.importing.codex.usual import SilentEvent, TokenCount, UsualEvent
from agcx_format.importing.copies import Copies, spoken_in
from agcx_format.importing.draft import ImportDraft
from agcx_format.importing.environment import count_of
from agcx_format.importing.fields import as_json, as_text, texts_in
from agcx_format.importing.formats.parts import text_in
from agcx_format.importing.notices import add_notice, add_unknown, compacted, notice, summary
from agcx_format.importing.taken_back import take_back, take_back_to
from agcx_format.model.items import (
    InputImage,
    InputText,
    Item,
    Message,
    OutputText,
    Reasoning,
    ReasoningText,
    ReasoningWithoutContent,
    SummaryText,
)
from agcx_format.model.session import OperatingMode
from agcx_format.transcript.title import short_title
from agcx_format.transcript.words import genuine_user_text, own_words, text_of

__all__ = ["Events"]

# Events that say again what an item says, or how it came about.
_FOR_DISPLAY = frozenset(
    {
        "agent_message_content_delta", "agent_message_delta", "agent_reasoning_delta",
        "agent_reasoning_raw_content_delta", "agent_reasoning_section_break", "apply_patch_approval_request",
        "collab_agent_interaction_begin", "collab_agent_interaction_end", "collab_agent_spawn_begin",
        "collab_agent_spawn_end", "collab_close_begin", "collab_close_end", "collab_resume_begin",
        "collab_resume_end", "collab_waiting_begin", "collab_waiting_end", "context_compacted",
        "dynamic_tool_call_request", "elicitation_request", "exec_approval_request", "exec_command_begin",
        "exec_command_output_delta", "image_generation_begin", "image_generation_end", "item_started",
        "mcp_tool_call_begin", "patch_apply_begin", "patch_apply_updated", "plan_delta", "plan_update",
        "raw_response_item", "reasoning_content_delta", "request_permissions", "request_user_input",
        "sub_agent_activity", "terminal_interaction", "turn_diff", "view_image_tool_call", "web_search_begin",
        "web_search_end",
    }
)  # fmt: skip
# Events about the program rather than the conversation.
_NO_CONVERSATION = frozenset(
    {
        "background_event", "deprecation_notice", "entered_review_mode", "exited_review_mode",
        "guardian_assessment", "get_history_entry_response", "hook_completed", "hook_started",
        "list_custom_prompts_response", "list_skills_response", "mcp_list_tools_response",
        "mcp_startup_complete", "mcp_startup_update", "model_reroute", "model_verification",
        "session_configured", "shutdown_complete", "skills_update_available", "task_complete",
        "task_started", "thread_goal_updated", "thread_name_updated", "thread_settings_applied",
        "token_count", "turn.completed", "turn.started", "turn_complete", "turn_started",
        "undo_completed", "undo_started",
    }
)  # fmt: skip
_CALL_ENDS = frozenset(
    {"exec_command_end", "mcp_tool_call_end", "patch_apply_end", "dynamic_tool_call_response"}
)
# Items that are completed when a call ends.
_CALL_ITEMS = frozenset({"CommandExecution", "DynamicToolCall", "FileChange", "McpToolCall"})
_PROBLEMS = {"error": "Error", "stream_error": "Connection error", "warning": "Warning"}


class Events:
    """The events of one rollout; its file begins with those of another session if it is a fork.

    Fields:
        name: the name that the person gave the session.
        held: an event whose item may follow.
    """

    def __init__(self, draft: ImportDraft, *, is_fork: bool = False) -> None:
        self.name = ""
        self._draft = draft
        # What the person said, and what everybody else did.
        self._prompts, self._copies = Copies(draft), Copies(draft)
        self.held = EventFirst(draft, self._met, self._unmet)
        self._spent = Spent(draft, is_fork=is_fork)

    # --- what items say

    def heard(self, item: Item) -> None:
        """Note the words of an item, so that events that repeat them are recognized."""
        said = self._copies.said
        if type(item) is Reasoning or type(item) is ReasoningWithoutContent:
            self._prompts.forget()
            for part in item.summary:
                said("summary", part.text)
            for thought in item.content or ():
                said("thought", thought.text)
        elif type(item) is Message:
            if item.role == "assistant":
                self._prompts.forget()
                said("assistant", _spoken(item))
            elif item.role == "user":
                if genuine_user_text(item) is not None:
                    # What is said next is of another turn.
                    self._copies.forget(alone=True)
                self._prompts.said(*spoken_in(item, _spoken(item)))
                if text_of(item).lstrip().startswith("<turn_aborted>"):
                    said("interruption", "interrupted")
            else:
                # What a program said in the person's place is one of these.
                self._prompts.said("user", _spoken(item))

    # --- events

    def repeated(self, payload: dict[str, Any]) -> None:
        """Note an event that an export of this program wrote beside an item."""
        kind = as_text(payload.get("type"))
        if kind in _SPEAKERS:
            self._of(kind).repeated(_SPEAKERS[kind], _words(payload), f"event_msg.{kind}")

    def event(self, payload: dict[str, Any], number: int) -> None:
        kind = as_text(payload.get("type"))
        name = f"event_msg.{kind}"
        if kind in _SPEAKERS:
            pictures = list(_pictures(payload)) if kind == "user_message" else []
            self._copy(kind, _words(payload), pictures, name, number, payload)
        else:
            self._other(kind, payload, name, number)

    def usual(self, payload: UsualEvent, number: int) -> None:
        """The same for an event whose fields are all of the usual types.

        One that its item may follow waits for what is next.
        """
        self.held.release()
        kind, words, name = payload.kind, payload.words, payload.name
        if kind == "agent_message" and PLAN in words:
            self._copy(kind, words, [], name, number, payload)
            return
        if kind == "user_message" or self._copies.is_alone(_SPEAKERS[kind], words):
            self._unmet(payload, number)
        else:
            self.held.hold(payload, number)

    def _met(self, payload: UsualEvent, number: int) -> None:
        """Count an event that the item after it repeats."""
        self._copies.repeated(_SPEAKERS[payload.kind], payload.words, payload.name)
        self._draft.duplicates.add(payload.name, number, payload)

    def _unmet(self, payload: UsualEvent, number: int) -> None:
        """Add the item that an event repeats, unless something said the same before."""
        kind, words, name = payload.kind, payload.words, payload.name
        copies, said = self._of(kind), (_SPEAKERS[kind], words, name, number, payload)
        if not copies.repeats(*said):
            copies.add(self._copied(kind, words, [], number), *said)

    def silent(self, payload: SilentEvent, number: int) -> None:
        """The same for an event that says nothing."""
        if type(payload) is TokenCount:
            self._spent.usual(payload)
        else:
            self.held.release()
        self._draft.skipped.add(payload.name, number, payload)

    def finish(self) -> None:
        """Use what waited for the lines that follow."""
        self.held.release()

    def spent(self, own_from: int) -> dict[str, str]:
        """The tokens; of a fork, those of the messages from this position on."""
        return self._spent.totals(own_from)

    def _other(self, kind: str, payload: dict[str, Any], name: str, number: int) -> None:
        """Use an event that does not repeat what was said."""
        draft = self._draft
        if kind == "item_completed":
            self._completed(payload, name, number)
        elif kind == "turn_aborted":
            said = "interruption", "interrupted", name, number, payload
            if not self._copies.repeats(*said):
                words = _interruption(as_text(payload.get("reason")))
                self._copies.add(notice(words), *said)
            self._prompts.forget(alone=True)
        elif kind == "thread_rolled_back" and type(turns := payload.get("num_turns")) is int:
            draft.skipped.add(name, number, payload)
            self._forget()
            take_back(draft, turns := count_of(turns))
            self._rolled_back(turns, number)
        elif kind in _PROBLEMS:
            words = as_text(payload.get("message")) or as_json(payload)
            add_notice(draft, f"{_PROBLEMS[kind]}: {words}", number)
        elif kind in _CALL_ENDS:
            draft.duplicates.add(name, number, payload)
            draft.calls.went(as_text(payload.get("call_id")), outcome_of(payload))
        elif kind in _FOR_DISPLAY:
            draft.duplicates.add(name, number, payload)
            draft.subagents.update(spawned(kind, payload))
        elif kind in _NO_CONVERSATION:
            draft.skipped.add(name, number, payload)
            self._about_session(kind, payload)
            if words := review_in(payload):
                add_notice(draft, words, number)
        else:
            add_unknown(draft, name if kind else "event_msg", payload, number)

    def _copy(
        self, kind: str, text: str, pictures: Sequence[str], name: str, number: int, value: object
    ) -> None:
        speaker, words = _SPEAKERS[kind], text
        if kind == "agent_message" and PLAN in text and (said := proposal_in([OutputText(text)])):
            words = f"{said.before}\n{said.after}"
        item = self._copied(kind, text, pictures, number) if pictures else None
        if isinstance(item, Message):
            speaker, words = spoken_in(item, text)
        copies, line = self._of(kind), (speaker, words, name, number, value)
        if not copies.repeats(*line):
            copies.add(item or self._copied(kind, text, pictures, number), *line)

    def _of(self, kind: str) -> Copies:
        return self._prompts if kind == "user_message" else self._copies

    def _copied(self, kind: str, text: str, pictures: Sequence[str], number: int) -> Item:
        """The item that an event repeats."""
        match kind:
            case "user_message":
                words = [InputText(text)] if text.strip() else []
                return Message(None, "user", [*words, *map(InputImage, pictures)])
            case "agent_message":
                return Message(None, "assistant", [OutputText(text)])
        made_id = self._draft.made_id("rs", number)
        if kind == "agent_reasoning":
            return Reasoning(made_id, [SummaryText(text)], None, None)
        return Reasoning(made_id, [], [ReasoningText(text)], None)

    def _completed(self, payload: dict[str, Any], name: str, number: int) -> None:
        """Newer files repeat the items of a turn as they are completed."""
        item = payload.get("item")
        item = item if isinstance(item, dict) else {}
        kind = as_text(item.get("type"))
        pictures = list(_pictures(item)) if kind == "UserMessage" else []
        said = [each for each in _said_in(kind, item) if each[1] or pictures]
        for speaker, text in said:
            self._copy(speaker, text, pictures, name, number, payload)
        if not said and not add_nested(self._draft, item, number):
            self._draft.duplicates.add(name, number, payload)
        if kind in _CALL_ITEMS:
            self._draft.calls.went(as_text(item.get("id")), end_of_item(item))
        elif kind == "SubAgentActivity":
            self._draft.subagents.update(spawned("sub_agent_activity", item))

    def takes_back_to(self, position: int) -> None:
        """The lines that follow are from another file, which continues from this message."""
        self._forget()
        self._rolled_back(take_back_to(self._draft, position), 0)

    def _forget(self) -> None:
        """What follows is no copy of what was said until now, nor do items say it again."""
        self._prompts.forget(alone=True)
        self._copies.forget(alone=True)

    def _rolled_back(self, turns: int, number: int) -> None:
        if turns:
            words = "the last turn" if turns == 1 else f"the last {turns:,} turns"
            add_notice(self._draft, f"Rolled back {words}", number)

    def compaction(self, payload: dict[str, Any], number: int) -> None:
        """The transcript stays; the line says that the agent continued with a summary of it."""
        add_notice(self._draft, compacted(None, self._spent.in_context), number)
        if words := as_text(payload.get("message")).strip():
            self._draft.add(summary(words), number)

    def _about_session(self, kind: str, payload: dict[str, Any]) -> None:
        draft = self._draft
        if kind == "entered_review_mode":
            draft.mode(OperatingMode.REVIEW)
        elif kind == "exited_review_mode":
            draft.mode(OperatingMode.BUILD)
        elif kind == "thread_name_updated":
            self.name = as_text(payload.get("thread_name")) or self.name
            draft.titles.add(short_title(self.name))
        elif kind == "token_count":
            self._spent.fields(payload.get("info"))


def _interruption(reason: str) -> str:
    if reason in ("", "interrupted"):
        return "Interrupted"
    return f"Interrupted: {reason.replace('_', ' ')}"


_SPEAKERS = {
    "user_message": "user", "agent_message": "assistant", "agent_reasoning": "summary",
    "agent_reasoning_raw_content": "thought",
}  # fmt: skip


def _said_in(kind: str, item: dict[str, Any]) -> list[tuple[str, str]]:
    """What a completed item repeats: the event that would say it, and the words."""
    if kind == "Reasoning":
        fields = ("agent_reasoning", "summary_text"), ("agent_reasoning_raw_content", "raw_content")
        return [(event, text) for event, name in fields for text in texts_in(item.get(name))]
    event = {"UserMessage": "user_message", "AgentMessage": "agent_message"}.get(kind)
    return [(event, "\n".join(texts_in(item.get("content"))))] if event else []


def _words(payload: dict[str, Any]) -> str:
    said = payload.get("message") or payload.get("text")
    return said if isinstance(said, str) else text_in(said)


def _pictures(said: dict[str, Any]) -> Iterator[str]:
    """The addresses of the pictures that an event says were sent."""
    for name, beginning in (("images", ""), ("local_images", "file://")):
        given = said.get(name)
        for place in given if isinstance(given, list) else []:
            if isinstance(place, str) and place:
                yield f"{beginning}{place}"
    parts = said.get("content")
    for part in parts if isinstance(parts, list) else []:
        match part:
            case {"type": "image", "image_url": str(url)} if url:
                yield url
            case {"type": "local_image", "path": str(path)} if path:
                yield f"file://{path}"


def _spoken(message: Message) -> str:
    """What an event would say of a message: the words, without what is added to them."""
    content = message.content
    if len(content) == 1 and message.role != "user" and type(part := content[0]) is OutputText:
        return "" if part.text in PLACEHOLDERS else part.text
    texts = [part.text for part in content if hasattr(part, "text")]
    texts = [text for text in texts if text not in PLACEHOLDERS]
    if message.role == "user":
        texts = list(filter(None, map(own_words, texts))) or texts
    return "\n".join(texts)
