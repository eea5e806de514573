"""The blocks of a conversation: how each message is drawn, as the reader folded it.

Strategy: between the source, which gives messages, and the viewport, which shows lines.  Block i is
message i; one more block after the last known message tells how the conversation goes on: it is being
read, it is cut off, or, without lines, it is over.  A call and its output share one fold.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from uuid import UUID

from agcx_format import (
    FunctionCall,
    FunctionCallOutput,
    ListSource,
    LocalShellCall,
    Message,
    MessageSnapshot,
    MessageSource,
    Pending,
    Reasoning,
    ReasoningWithoutContent,
)
from agcx_format.counting import counted
from agcx_format.errors import PersistenceError
from agcx_format.transcript import (
    Branches,
    ChosenWays,
    ModeChange,
    Way,
    changes_between,
    is_sealed,
    repeats,
    text_of,
    tool_call,
)
from agcx_tui.app.blocks.block import Block
from agcx_tui.app.blocks.look import Around, Fold, Look
from agcx_tui.app.blocks.message import draw_message, is_injected, is_turn, tells_of_branches
from agcx_tui.app.blocks.notes import note_block, other_way_block, undecodable_block
from agcx_tui.app.blocks.palette import Palette
from agcx_tui.core.conversation.subagent_task import SubagentTask
from agcx_tui.core.conversation.turns import TurnNumbers
from agcx_tui.core.local.recent import Recent

__all__ = ["NOTHING", "REASONING", "SPEECH", "TOOL", "ConversationBlocks"]

# What folds together.
TOOL, REASONING, SPEECH = "tool", "reasoning", "speech"

# Shown while there is no conversation at all, which is not an empty conversation.
NOTHING = ListSource([])
# Messages between a call and its output at most: agents make some calls at once, not dozens.
NEAR = 24
# Messages and bytes that are looked at for a turn before it is left to a thread.
_NEAR_TURNS, _NEAR_SIZE = 100, 128 * 1024
# How many messages back the reasoning of a turn is looked for; fewer than are kept.
_SAME_TURN = 60
# Heights are estimated from the sizes of at most this many messages at a time.
_GUESSED = 20_000
_USUAL_HEIGHT = 4


class ConversationBlocks:
    """State of the drawing: source, look and folds.  `pending` collects what must be fetched."""

    def __init__(self, source: MessageSource = NOTHING, *, compact: bool = False) -> None:
        self.source = source
        self.look = Look(80, Palette(), compact)
        self.all_open = {TOOL: False, REASONING: False, SPEECH: False}
        self.folds: dict[int, Fold] = {}
        self.pending: set[int] = set()
        self.branches: Branches | None = None
        # Known when the branches are.
        self._ways: ChosenWays | None = None
        # The messages that are shown, ascending; None for all.
        self.only: Sequence[int] | None = None
        # A message that shows branches was drawn before they were known.
        self.misses_branches = False
        # The changes of mode of the session.
        self.modes: tuple[ModeChange, ...] = ()
        # Whether the program that wrote the session numbered its turns.
        self.turns_are_counted = True
        # The session that started this one as a subagent.
        self.parent: UUID | None = None
        self._task = SubagentTask(source, None)
        self._turns = TurnNumbers(source, True)
        self._messages: Recent[int, MessageSnapshot | PersistenceError] = Recent(64)

    def use(self, source: MessageSource) -> None:
        """Show another conversation; folds of single blocks are dropped."""
        self.source = source
        self.folds.clear()
        self.only = None
        self.modes = ()
        self.pending.clear()
        self.branches, self._ways, self.misses_branches = None, None, False
        self._turns = TurnNumbers(source, self.turns_are_counted)
        self._task = SubagentTask(source, self.parent)
        self._messages.clear()

    def renew(self) -> None:
        """The source continues in a newer version: texts are read again, folds stay."""
        self._messages.clear()
        self.misses_branches = self.branches is not None

    # --- messages

    def get(self, index: int) -> MessageSnapshot | PersistenceError | Pending:
        kept = self._messages.get(index)
        if kept is not None:
            return kept
        found = self.source.get(index)
        if not isinstance(found, Pending):
            self._messages[index] = found
        return found

    def message(self, index: int) -> MessageSnapshot | None:
        """A message, if it exists and its text is in memory."""
        if not 0 <= index < self.source.known():
            return None
        found = self.get(index)
        return found if isinstance(found, MessageSnapshot) else None

    def partner(self, index: int) -> int | None:
        """The output of a call, or the call of an output, if it is near."""
        message = self.message(index)
        call_id = _call_id(message)
        if message is None or not call_id:
            return None
        answer = isinstance(message.item, FunctionCallOutput)
        step = -1 if answer else 1
        for other in range(index + step, index + step * (NEAR + 1), step):
            found = self.message(other)
            if found is None:
                return None
            if _call_id(found) == call_id:
                return other if isinstance(found.item, FunctionCallOutput) != answer else None
        return None

    def near_turn(self, index: int, direction: int) -> tuple[bool, int]:
        """Whether the user's next turn is near and in memory, and the index at which the search ended."""
        left = _NEAR_SIZE
        for _ in range(_NEAR_TURNS):
            message = self.message(index)
            if message is None or left < 0:
                break
            if is_turn(message) and not self.is_hidden(index):
                return True, index
            left -= self.source.size_of(index)
            index += direction
        return False, index

    # --- branches

    def use_branches(self, branches: Branches) -> None:
        """Set the branches of the conversation, which are read after it."""
        self.branches, self._ways = branches, ChosenWays(branches)

    def turn(self, index: int, direction: int) -> tuple[int, str] | None:
        """Choose another way on at a message; returns what is current then, and what is shown now.

        None if the conversation does not branch there, as far as is known.
        """
        message = self.message(index)
        if self._ways is None or message is None:
            return None
        point = self._ways.point(message, index + 1)
        if point is None:
            return None
        if self._ways.reveal(index + 1):
            # The line of a branch that is not shown is the branch that is wanted.
            return index, self._ways.describe(point)
        return self._ways.number(point) - 1, self._ways.turn(point, direction)

    def is_hidden(self, index: int) -> bool:
        """Whether a message is on a path that is not chosen, which is shown as one line."""
        return self._ways is not None and self._ways.hidden(index + 1) is not None

    def reveal(self, index: int) -> bool:
        """Choose the ways that lead to a message; false if it is shown already."""
        return self._ways is not None and self._ways.reveal(index + 1)

    # --- what is left out

    def leaves_out(self, index: int) -> bool:
        """Whether a message is not shown at all."""
        if self.only is None or index >= self.source.known():
            return False
        place = bisect_left(self.only, index)
        return place == len(self.only) or self.only[place] != index

    def following(self, index: int, direction: int) -> int:
        """The next or previous message that is not left out; may be one beyond all."""
        if self.only is None:
            return index + direction
        if direction < 0:
            place = bisect_left(self.only, index) - 1
            return self.only[place] if place >= 0 else -1
        place, known = bisect_right(self.only, index), self.source.known()
        if place < len(self.only) and self.only[place] < known:
            return self.only[place]
        return max(index + 1, known)

    def copied(self, index: int) -> str:
        """What is copied of a message: of a call that runs a command, that."""
        message = self.message(index)
        if message is None:
            return ""
        call = tool_call(message)
        return (call.command if call is not None else None) or text_of(message.item)

    # --- folds

    def opens(self, index: int, head: str) -> bool:
        """Whether the first line of a message is one that opens it: a fold, or an edited text."""
        if head[:1] in ("▸", "▾"):
            return True
        message = self.message(index)
        return message is not None and bool(message.metadata.edit_history)

    def kind(self, index: int) -> str:
        message = self.message(index)
        if message is None:
            return SPEECH
        if isinstance(message.item, (Reasoning, ReasoningWithoutContent)):
            return REASONING
        if isinstance(message.item, Message) and not is_injected(message):
            return SPEECH
        return SPEECH if self._task.is_at(index) else TOOL

    def file_of(self, index: int) -> str:
        """The path of the file that a message is about; empty if there is none."""
        message = self.message(index)
        files = message.metadata.file_context if message is not None else []
        return files[0].path if files else ""

    def owner(self, index: int) -> int:
        """The block whose fold applies to this one: an output belongs to its call."""
        message = self.message(index)
        if message is not None and isinstance(message.item, FunctionCallOutput):
            partner = self.partner(index)
            return index if partner is None else partner
        return index

    def fold(self, index: int) -> Fold:
        owner = self.owner(index)
        if owner in self.folds:
            return self.folds[owner]
        return Fold.OPEN if self.all_open[self.kind(owner)] else Fold.FOLDED

    def fold_all(self, kind: str) -> bool:
        """Open or fold all blocks of a kind; returns whether they are open now."""
        self.all_open[kind] = not self.all_open[kind]
        self.folds = {index: fold for index, fold in self.folds.items() if self.kind(index) != kind}
        return self.all_open[kind]

    def touched(self, index: int) -> Iterator[int]:
        """The blocks that look different when a fold changes: itself, its output, the one after each."""
        for each in (index, self.partner(index)):
            if each is not None:
                yield each
                yield each + 1

    # --- blocks

    def count(self) -> int:
        return self.source.known() + 1

    def estimated_heights(self) -> Iterator[int]:
        return self.estimates(0, self.count())

    def estimates(self, start: int, stop: int) -> Iterator[int]:
        """Heights in lines, estimated from sizes; 0 only for what is left out."""
        width, known = max(20, self.look.width), self.source.known()
        guessed = min(stop, known, start + _GUESSED)
        sizes = self.source.sizes(start, guessed) if start < guessed else ()
        heights = [0] * (stop - start)
        for index in self._shown(start, stop, known):
            if index >= known:
                heights[index - start] = 1
            elif index >= guessed:
                heights[index - start] = _USUAL_HEIGHT
            else:
                heights[index - start] = 2 + min(40, sizes[index - start] // width)
        return iter(heights)

    def _shown(self, start: int, stop: int, known: int) -> Iterable[int]:
        """Of these blocks, those that are not left out; `known` of all are messages."""
        if self.only is None:
            return range(start, stop)
        end = max(start, min(stop, known))
        first, last = bisect_left(self.only, start), bisect_left(self.only, end)
        return chain(self.only[first:last], range(end, stop))

    def draw(self, index: int) -> Block:
        if index >= self.source.known():
            return self._tail(index)
        if self.leaves_out(index):
            return Block([])
        found = self.get(index)
        if isinstance(found, Pending):
            self.pending.add(index)
            return note_block(f"Message {index + 1:,} is being read …", "", self.look)
        if isinstance(found, PersistenceError):
            return undecodable_block(found, index, self.look)
        if self._ways is not None and (way := self._ways.hidden(index + 1)) is not None:
            return self._other_way(found, index, way)
        partner = self.partner(index)
        fold = self.fold(index)
        previous = self.message(index - 1)
        if self.branches is None and tells_of_branches(found):
            self.misses_branches = True
        modes = self._modes(found, previous, index)
        if not modes and self._is_silent(index, found):
            return Block([])
        around = Around(
            index,
            previous,
            self.kind(index - 1) != SPEECH and bool(self.fold(index - 1)),
            self.message(partner) if partner is not None else None,
            partner is not None and abs(partner - index) == 1,
            index <= NEAR and not any(self.kind(each) == SPEECH for each in range(index)),
            self.branches,
            self._turns.number(index, found),
            modes,
            self._task.is_at(index),
            self._task.is_at(index - 1),
        )
        return draw_message(found, around, self.look, fold)

    def _is_silent(self, index: int, message: MessageSnapshot) -> bool:
        """Whether a message says nothing new, as `agcx_format.transcript.silent` defines it."""
        metadata = message.metadata
        if metadata.edit_history or metadata.branch_point or metadata.tool_calls:
            return False
        if is_sealed(message.item):
            return self._was_sealed(index)
        before = self.message(index - 1)
        if not isinstance(message.item, Message) or message.item.role != "system" or before is None:
            return False
        call = self.partner(index - 1)
        asked = self.message(call) if call is not None else None
        return repeats(message.item, tool_call(asked, before))

    def _was_sealed(self, index: int) -> bool:
        """Whether reasoning that cannot be read was shown before in the same turn, as far as one looks."""
        for before in range(index - 1, max(-1, index - 1 - _SAME_TURN), -1):
            message = self.message(before)
            if message is None or is_turn(message):
                return False
            if is_sealed(message.item):
                return True
        return False

    def _modes(
        self, message: MessageSnapshot, previous: MessageSnapshot | None, index: int
    ) -> tuple[ModeChange, ...]:
        """The changes of mode just before a message; none if the one before it is not in memory."""
        if not self.modes or (previous is None and index):
            return ()
        return changes_between(
            self.modes, None if previous is None else previous.timestamp, message.timestamp
        )

    def _other_way(self, message: MessageSnapshot, index: int, way: Way) -> Block:
        """A line in place of all of a way that was not chosen."""
        if index + 1 != way.start:
            return Block([])
        found = self.branches.found if self.branches is not None else {}
        branch = found.get(way.branch) if way.branch is not None else None
        return other_way_block(message, branch.messages if branch is not None else 0, self.look)

    def _tail(self, count: int) -> Block:
        source = self.source
        if not source.complete:
            detail = f"{counted(count, 'message')} so far" if count else ""
            return note_block("Reading …", detail, self.look)
        if source.error is not None:
            title = (
                "The rest of the conversation cannot be read"
                if count
                else "The conversation cannot be read"
            )
            # The details show the path; here it would only hide what matters.
            where = f"{source.error.place}: " if source.error.place else ""
            return note_block(title, where + source.error.reason, self.look, failed=True)
        if not count and source is not NOTHING:
            return note_block("No messages", "This conversation is empty.", self.look)
        return Block([])


def _call_id(message: MessageSnapshot | None) -> str | None:
    item = message.item if message is not None else None
    if isinstance(item, (FunctionCall, FunctionCallOutput, LocalShellCall)):
        return item.call_id
    return None
