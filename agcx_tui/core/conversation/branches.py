"""Where a conversation branches: each branch named by its first words, each branch point with its count.

Strategy: one walk over all messages, beside what is shown; blocks, so call it in a thread.  Only branch
points and branches are kept, so a long conversation takes no more memory than its branches.  Messages that
others continue from although they are not marked as branch points are found in a second walk.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from agcx_format import MessageSource
from agcx_format.transcript import genuine_user_text, short_title, text_of
from agcx_tui.core.conversation.find_message import all_messages

__all__ = ["Branch", "Branches", "read_branches"]

# Levels of a tree of branches; what is nested deeper is shown at the last one.
DEEPEST = 8
# Characters of a branch's first words that name it.
_NAME = 40


@dataclass(slots=True)
class Branch:
    """One branch.

    Fields:
        name: its first words.
        start: the number of its first message, from 1.
        parent: the id of the message that it continues from; None if that is not known.
        messages: how many messages it has.
    """

    name: str
    start: int
    parent: UUID | None
    messages: int = 0


@dataclass(slots=True)
class Branches:
    """The branches of a conversation.

    Fields:
        found: the branches in the order of their first messages, by id.
        counts: in how many ways the conversation goes on from a branch point, by the id of the message.
        numbers: the number of a message that another continues from, from 1, by its id.
    """

    found: dict[UUID, Branch] = field(default_factory=dict)
    counts: Counter[UUID] = field(default_factory=Counter)
    numbers: dict[UUID, int] = field(default_factory=dict)

    def name(self, branch: UUID) -> str:
        """The first words of a branch; empty if there is no such branch."""
        return self.found[branch].name if branch in self.found else ""

    def origin(self, branch: Branch) -> int | None:
        """The number of the message that a branch continues from, from 1."""
        return self.numbers.get(branch.parent) if branch.parent is not None else None

    def depth(self, branch: Branch) -> int:
        """How many branches a branch is nested in, at most `DEEPEST`."""
        depth = 0
        holder = self._holder(branch)
        while holder is not None and depth < DEEPEST:
            depth, holder = depth + 1, self._holder(holder)
        return depth

    def _holder(self, branch: Branch) -> Branch | None:
        """The branch that holds the message that a branch continues from."""
        origin = self.origin(branch) or 0
        for each in reversed(self.found.values()):
            if each.start < branch.start and each.start <= origin < each.start + each.messages:
                return each
        return None


def read_branches(
    source: MessageSource, stopped: Callable[[], bool] = lambda: False
) -> Branches | None:
    """Look at all messages of a complete source; None if `stopped`.

    Raises:
        PersistenceError: The file was closed or cannot be read.
    """
    found = Branches()
    previous: UUID | None = None
    missing: set[UUID] = set()
    for number, message in all_messages(source, stopped):
        metadata = message.metadata
        parent = metadata.parent_message_id
        # Without a parent a message goes on from the one before it.
        before = previous if parent is None else parent
        if before is not None and before in found.numbers:
            found.counts[before] += 1
        elif parent is not None and parent != previous:
            missing.add(parent)
        if metadata.branch_point:
            found.numbers[metadata.message_id] = number
        if metadata.branch_id is not None:
            if metadata.branch_id not in found.found:
                words = genuine_user_text(message.item) or text_of(message.item)
                found.found[metadata.branch_id] = Branch(short_title(words, _NAME), number, before)
            found.found[metadata.branch_id].messages += 1
        previous = metadata.message_id
    for number, message in all_messages(source, stopped) if missing else ():
        if message.metadata.message_id in missing:
            found.numbers.setdefault(message.metadata.message_id, number)
    return None if stopped() else found
