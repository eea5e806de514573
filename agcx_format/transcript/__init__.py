"""What a reader sees of an item: its text, its tool calls, made safe for a screen.

>>> from agcx_format import FunctionCall, FunctionCallOutput, new_message
>>> from agcx_format.transcript import describe_outcome, safe_line, text_of, tool_call
>>> asked = new_message(FunctionCall(None, "shell", '{"command": "make test"}', "call-1"))
>>> answer = new_message(FunctionCallOutput("call-1", "exit code 2: no rule for \x1b[31mtest"))
>>> call = tool_call(asked, answer)
>>> call.name, call.command, safe_line(text_of(answer.item))
('shell', 'make test', 'exit code 2: no rule for ␛[31mtest')

`paired_calls` gives the tool calls of a conversation with their outputs, `read_activity` what happened in it,
`genuine_user_text` what a person wrote.  `TranscriptReader` and the other classes that take messages in order
say what only the conversation tells: branches, modes, turns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agcx_format._exports import names_in, on_demand

if TYPE_CHECKING:
    from agcx_format.transcript.activity import Activity as Activity
    from agcx_format.transcript.activity import ActivityReader as ActivityReader
    from agcx_format.transcript.activity import EditedMessage as EditedMessage
    from agcx_format.transcript.activity import FailedCall as FailedCall
    from agcx_format.transcript.activity import FileUse as FileUse
    from agcx_format.transcript.activity import ToolUse as ToolUse
    from agcx_format.transcript.activity import read_activity as read_activity
    from agcx_format.transcript.answers import Answer as Answer
    from agcx_format.transcript.branch_contents import BranchContents as BranchContents
    from agcx_format.transcript.branch_contents import WayContent as WayContent
    from agcx_format.transcript.branches import Branch as Branch
    from agcx_format.transcript.branches import Branches as Branches
    from agcx_format.transcript.branches import BranchFinder as BranchFinder
    from agcx_format.transcript.branches import ChosenWays as ChosenWays
    from agcx_format.transcript.branches import Way as Way
    from agcx_format.transcript.changed_files import FileChange as FileChange
    from agcx_format.transcript.changed_files import file_changes as file_changes
    from agcx_format.transcript.changed_files import replaced_texts as replaced_texts
    from agcx_format.transcript.escaping import safe_line as safe_line
    from agcx_format.transcript.escaping import safe_text as safe_text
    from agcx_format.transcript.folding import Needle as Needle
    from agcx_format.transcript.folding import fold as fold
    from agcx_format.transcript.injected import injected_summary as injected_summary
    from agcx_format.transcript.meaning import Checklist as Checklist
    from agcx_format.transcript.meaning import Choice as Choice
    from agcx_format.transcript.meaning import Delegation as Delegation
    from agcx_format.transcript.meaning import Meaning as Meaning
    from agcx_format.transcript.meaning import Plan as Plan
    from agcx_format.transcript.meaning import Question as Question
    from agcx_format.transcript.meaning import Questions as Questions
    from agcx_format.transcript.meaning import Step as Step
    from agcx_format.transcript.meaning import StepState as StepState
    from agcx_format.transcript.meaning import WebSearch as WebSearch
    from agcx_format.transcript.meaning import call_meaning as call_meaning
    from agcx_format.transcript.modes import ModeChange as ModeChange
    from agcx_format.transcript.modes import ModeChanges as ModeChanges
    from agcx_format.transcript.modes import ModePeriod as ModePeriod
    from agcx_format.transcript.modes import ModeReader as ModeReader
    from agcx_format.transcript.modes import changes_between as changes_between
    from agcx_format.transcript.modes import mode_changes as mode_changes
    from agcx_format.transcript.outline import Outline as Outline
    from agcx_format.transcript.outline import OutlineTurn as OutlineTurn
    from agcx_format.transcript.outputs import CallOutcome as CallOutcome
    from agcx_format.transcript.outputs import Output as Output
    from agcx_format.transcript.outputs import read_output as read_output
    from agcx_format.transcript.reader import ReadMessage as ReadMessage
    from agcx_format.transcript.reader import TranscriptReader as TranscriptReader
    from agcx_format.transcript.silent import is_sealed as is_sealed
    from agcx_format.transcript.silent import repeats as repeats
    from agcx_format.transcript.tasks import TASK_SPEAKER as TASK_SPEAKER
    from agcx_format.transcript.tasks import TaskFinder as TaskFinder
    from agcx_format.transcript.title import short_title as short_title
    from agcx_format.transcript.tool_calls import CallReader as CallReader
    from agcx_format.transcript.tool_calls import ToolCall as ToolCall
    from agcx_format.transcript.tool_calls import paired_calls as paired_calls
    from agcx_format.transcript.tool_calls import tool_call as tool_call
    from agcx_format.transcript.tool_calls import tool_call_of_item as tool_call_of_item
    from agcx_format.transcript.tools import FILE_KEYS as FILE_KEYS
    from agcx_format.transcript.tools import TELLING as TELLING
    from agcx_format.transcript.tools import Call as Call
    from agcx_format.transcript.tools import read_call as read_call
    from agcx_format.transcript.tools import short_command as short_command
    from agcx_format.transcript.wording import answer_lines as answer_lines
    from agcx_format.transcript.wording import call_parts as call_parts
    from agcx_format.transcript.wording import describe_file as describe_file
    from agcx_format.transcript.wording import describe_outcome as describe_outcome
    from agcx_format.transcript.wording import describe_record as describe_record
    from agcx_format.transcript.words import count_turns as count_turns
    from agcx_format.transcript.words import genuine_user_text as genuine_user_text
    from agcx_format.transcript.words import is_picture_mark as is_picture_mark
    from agcx_format.transcript.words import is_tool_image as is_tool_image
    from agcx_format.transcript.words import own_words as own_words
    from agcx_format.transcript.words import text_of as text_of

_HOMES = {
    "activity": "Activity ActivityReader EditedMessage FailedCall FileUse ToolUse read_activity",
    "answers": "Answer",
    "branch_contents": "BranchContents WayContent",
    "branches": "Branch BranchFinder Branches ChosenWays Way",
    "changed_files": "FileChange file_changes replaced_texts",
    "escaping": "safe_line safe_text",
    "folding": "Needle fold",
    "injected": "injected_summary",
    "meaning": "Checklist Choice Delegation Meaning Plan Question Questions Step StepState WebSearch "
    "call_meaning",
    "modes": "ModeChange ModeChanges ModePeriod ModeReader changes_between mode_changes",
    "outline": "Outline OutlineTurn",
    "outputs": "CallOutcome Output read_output",
    "reader": "ReadMessage TranscriptReader",
    "silent": "is_sealed repeats",
    "title": "short_title",
    "tool_calls": "CallReader ToolCall paired_calls tool_call tool_call_of_item",
    "tools": "Call FILE_KEYS TELLING read_call short_command",
    "wording": "answer_lines call_parts describe_file describe_outcome describe_record",
    "tasks": "TASK_SPEAKER TaskFinder",
    "words": "count_turns genuine_user_text is_picture_mark is_tool_image own_words text_of",
}

__all__ = names_in(_HOMES)

if not TYPE_CHECKING:
    __getattr__, __dir__ = on_demand(__name__, _HOMES)
