"""Plans that Codex proposes in its answers, and whether the person accepted them.

Strategy: Codex writes a plan between marks into what it says, and asks whether to implement it. Yes is a
message that the program words. No leaves no trace; then the next message of the person, if Codex is still to
plan, asks for another plan. Here a plan is a tool call, as other agents have it, with the answer as its
output.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from agcx_format.importing.draft import ImportDraft
from agcx_format.importing.fields import as_json
from agcx_format.model import unchecked
from agcx_format.model.items import ContentPart, OutputText
from agcx_format.transcript.outputs import CallOutcome

__all__ = ["PLAN", "Plans", "Proposal", "proposal_in"]

# What a message with a plan contains.
PLAN = "<proposed_plan>"

_plan = re.compile(r"<proposed_plan>(.*?)</proposed_plan>", re.DOTALL).search
_YES = "Implement the plan."


class Proposal(NamedTuple):
    """A plan, and what is said before and after it."""

    before: str
    plan: str
    after: str


def proposal_in(content: list[ContentPart]) -> Proposal | None:
    """The plan in an answer, or None."""
    if len(content) != 1 or not isinstance(part := content[0], OutputText) or PLAN not in part.text:
        return None
    found = _plan(part.text)
    if found is None or not found[1].strip():
        return None
    return Proposal(part.text[: found.start()], found[1].strip(), part.text[found.end() :])


class Plans:
    """The plans of one rollout."""

    def __init__(self, draft: ImportDraft) -> None:
        self._draft = draft
        # The call of the plan that was not answered yet.
        self._open = ""
        # Whether Codex is to plan in the turn after it; None until that has begun.
        self._is_planning: bool | None = None

    def propose(self, item_id: str | None, proposal: Proposal, number: int) -> None:
        draft = self._draft
        draft.kept_as["message with a plan: function_call"] += 1
        self._open, self._is_planning = draft.made_id("plan", number), None
        self._say(item_id, proposal.before, number)
        arguments = as_json({"plan": proposal.plan})
        draft.add(unchecked.function_call(None, "proposed_plan", arguments, self._open), number)
        self._say(item_id, proposal.after, number)

    def _say(self, item_id: str | None, text: str, number: int) -> None:
        if text.strip():
            part = unchecked.output_text(text.strip())
            self._draft.add(unchecked.message(item_id, "assistant", [part]), number)

    def mode(self, name: str) -> None:
        """Note the mode of a turn that begins."""
        if name:
            self._is_planning = name.lower() == "plan"

    @property
    def is_open(self) -> bool:
        """Whether the last plan was not answered yet."""
        return bool(self._open)

    def answered(self, words: str | None, number: int) -> None:
        """Use what the person said after a plan; None if something else was said."""
        if not self._open or words is None:
            return
        call, self._open = self._open, ""
        draft, key = self._draft, self._draft.key
        # The person's message keeps the id that it has without the answer.
        draft.key = f"{draft.file}{number}:plan"
        if words.strip() == _YES:
            accepted = unchecked.function_call_output(call, "Plan accepted")
            draft.add(accepted, number, CallOutcome(success=True))
        elif self._is_planning:
            draft.add(unchecked.function_call_output(call, "rejected by user"), number)
        draft.key = key
