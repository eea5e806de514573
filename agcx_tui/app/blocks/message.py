"""A message of a conversation as a block of lines: one function per kind of item.

Strategy: pure functions of the message, its neighbors, and the look.  What is said (user, assistant,
system) has a header and a gap above it; what is done in between (calls, outputs, reasoning, text that an
agent added) is one line each, opened by a key, without gaps.  An item of an unknown kind shows its tag and
fields: nothing in a file is hidden.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial

from rich.style import Style
from textual.strip import Strip

from agcx_format import (
    FunctionCall,
    FunctionCallOutput,
    InputImage,
    InputText,
    LocalShellCall,
    Message,
    MessageSnapshot,
    Other,
    OutputText,
    Reasoning,
    ReasoningWithoutContent,
    UnknownItem,
)
from agcx_format.counting import counted
from agcx_format.transcript import (
    TASK_SPEAKER,
    Branches,
    describe_file,
    describe_record,
    genuine_user_text,
    injected_summary,
    is_picture_mark,
    is_tool_image,
    own_words,
    safe_line,
    safe_text,
    text_of,
    tool_call_of_item,
)
from agcx_tui.app.blocks.block import Block, Part
from agcx_tui.app.blocks.edits import edit_parts
from agcx_tui.app.blocks.lines import EMPTY, beside, indent, line, shorten, wrap
from agcx_tui.app.blocks.look import Around, Fold, Look
from agcx_tui.app.blocks.markdown import as_typed, markdown_parts
from agcx_tui.app.blocks.meanings import prose_parts
from agcx_tui.app.blocks.picture import picture_part
from agcx_tui.app.blocks.rows import count_lines, row_parts, text_parts, tidy
from agcx_tui.app.blocks.times import since, when
from agcx_tui.app.blocks.tool import plain_rows
from agcx_tui.app.blocks.tool_lines import answer_block, call_block

__all__ = ["draw_message", "is_injected", "is_turn", "tells_of_branches"]

BODY = 2

_MARKS = {"user": "❯", "assistant": "●"}
_NAMES = {"user": "You", "assistant": "Assistant"}
# Cells of a branch's name where other remarks follow.
_BRANCH_WIDTH = 40
# Files and records that one message lists.
_FILES = 50
# Asterisks around words; in a summary, the words count.
_emphasis = re.compile(r"(\*{1,3})(?=\S)(.+?)(?<=\S)\1")
_INSTRUCTING = ("developer", "system")
# Lines and characters of instructions that are not worth a fold.
_BRIEF, _BRIEF_SIZE = 3, 300


def is_injected(message: MessageSnapshot) -> bool:
    """Whether an agent added the message by itself: instructions, context, nothing that a person said.

    Besides context in the name of the user these are messages of a developer or the system that are long or
    of a known form; others are shown as speech.
    """
    item = message.item
    if not isinstance(item, Message) or not item.content:
        return False
    if item.role == "user":
        return genuine_user_text(item) is None
    return item.role in _INSTRUCTING and not _is_brief(text_of(item))


def _is_brief(text: str) -> bool:
    is_short = len(text) <= _BRIEF_SIZE and count_lines(text.strip()) <= _BRIEF
    return is_short and bool(own_words(text))


def _is_speech(message: MessageSnapshot) -> bool:
    """Whether this is shown with a header, rather than as a line of what was done."""
    return isinstance(message.item, Message) and not is_injected(message)


def is_turn(message: MessageSnapshot) -> bool:
    """Whether the user said this."""
    item = message.item
    return isinstance(item, Message) and item.role == "user" and not is_injected(message)


def draw_message(message: MessageSnapshot, around: Around, look: Look, how: Fold) -> Block:
    """The block of a message, below the changes of mode before it."""
    block = _draw(message, around, look, how)
    if not around.modes:
        return block
    rules = [
        line(
            (f"── {change.describe(when(change.since, message.timestamp))} ──", look.palette.muted)
        )
        for change in around.modes
    ]
    above = Part.of([EMPTY, *rules], label=True)
    return replace(block, parts=[above, *block.parts], head=block.head + above.estimate)


def _draw(message: MessageSnapshot, around: Around, look: Look, how: Fold) -> Block:
    item = message.item
    previous = around.previous
    speech = _is_speech(message) or around.is_task
    apart = speech or bool(how) or around.previous_open or around.follows_task
    # Above the first there is a margin, which scrolls away with it.
    gap = int(apart or _is_speech(previous)) if previous is not None else int(not look.compact)
    if isinstance(item, Message) and speech:
        return _speech(message, item, around, look, how, gap)
    block = _between(message, around, look, how, gap)
    if not how:
        return block
    return replace(block, parts=[*block.parts, *_asides(message, around, look)])


def _between(message: MessageSnapshot, around: Around, look: Look, how: Fold, gap: int) -> Block:
    """What is not speech: a line, and what it opens to."""
    item = message.item
    if isinstance(item, FunctionCallOutput):
        return answer_block(message, item, around, look, how, gap)
    if isinstance(item, (LocalShellCall, FunctionCall)):
        return call_block(message, item, around, look, how, gap)
    if isinstance(item, (Reasoning, ReasoningWithoutContent)):
        return _reasoning(item, look, how, gap)
    if isinstance(item, Message):
        return _injected(item, look, how, gap)
    return _unknown(item, look, how, gap)


def _asides(message: MessageSnapshot, around: Around, look: Look) -> list[Part]:
    """What the metadata of an opened line says: remarks, files with their snippets, earlier versions."""
    parts: list[Part] = []
    if remarks := _remarks(message, around):
        words = line((" · ".join(remarks), look.palette.muted))
        parts.append(Part.of(indent([words], 2 * BODY)))
    return [*parts, *_notes(message, look, Fold.OPEN), *edit_parts(message, look, BODY)]


# --- what is said


def _speech(
    message: MessageSnapshot, item: Message, around: Around, look: Look, how: Fold, gap: int
) -> Block:
    turn = item.role == "user"
    parts = _content(item, look, how)
    parts += _notes(message, look, how)
    if not parts:
        parts = [Part.of(indent([line(("(empty)", look.palette.muted))], BODY))]
    if message.metadata.edit_history and how:
        parts += edit_parts(message, look, BODY)
    if look.compact:
        mark = line((_mark(item.role) + " ", _role_style(item.role, look)))
        parts[0] = _begun(parts[0], mark, gap)
    else:
        header = [EMPTY] * gap + [_header(message, item, around, look)]
        parts.insert(0, Part.of(header, label=True))
    return Block(parts, head=gap, turn=turn)


def _begun(part: Part, mark: Strip, gap: int) -> Part:
    """The first part of a body below a gap, with a mark in the cells of its indentation."""

    def draw() -> list[Strip]:
        first, *rest = part.draw()
        return [EMPTY] * gap + [Strip([*mark, *first.crop(BODY)]), *rest]

    return replace(part, draw=draw, estimate=part.estimate + gap)


def _header(message: MessageSnapshot, item: Message, around: Around, look: Look) -> Strip:
    palette = look.palette
    style = _role_style(item.role, look)
    name = _NAMES.get(item.role) or safe_line(item.role[:1].upper() + item.role[1:]) or "Message"
    left = [(f"{_mark(item.role)} ", style), (TASK_SPEAKER if around.is_task else name, style)]
    remarks = _remarks(message, around)
    if remarks:
        left.append(("  " + " · ".join(remarks), palette.muted))
    previous = around.previous.timestamp if around.previous is not None else None
    words = [
        since(message.timestamp, previous),
        when(message.timestamp, None if around.dated else previous),
    ]
    if item.role == "user" and around.turn is not None:
        words.insert(0, f"turn {around.turn:,}")
    return beside(left, [(" · ".join(filter(None, words)), palette.muted)], look.width)


def _remarks(message: MessageSnapshot, around: Around) -> list[str]:
    """What is to be said of edits and branches; a branch is named once its first words are read."""
    meta, branches = message.metadata, around.branches or Branches()
    remarks = []
    if meta.edited or meta.edit_history:
        count = len(meta.edit_history)
        forms = f", {count} earlier {'form' if count == 1 else 'forms'}" if count else ""
        remarks.append(f"edited{forms}")
    count = len(branches.ways.get(meta.message_id, ()))
    if count > 1 or meta.branch_point:
        remarks.append(f"{count:,} branches (← →)" if count > 1 else "branches here")
    if meta.branch_id is not None:
        name = shorten(safe_line(branches.name(meta.branch_id)), _BRANCH_WIDTH)
        remarks.append(f"branch “{name}”" if name else "in a branch")
    if _leaves_the_line(message, around):
        number = branches.numbers.get(meta.parent_message_id) if meta.parent_message_id else None
        where = f"message {number:,}" if number is not None else "an earlier message"
        remarks.append(f"continues from {where} (b)")
    return remarks


def tells_of_branches(message: MessageSnapshot) -> bool:
    """Whether the message shows that the conversation has branches, and so is worth a read of all of it.

    That it continues from another message than the previous one does not: some agents leave out messages.
    """
    return message.metadata.branch_point or message.metadata.branch_id is not None


def _leaves_the_line(message: MessageSnapshot, around: Around) -> bool:
    """Whether it continues from another message than the previous one."""
    parent, previous = message.metadata.parent_message_id, around.previous
    if parent is None or around.is_task:
        return False
    return previous is None or previous.metadata.message_id != parent


def _mark(role: str) -> str:
    return _MARKS.get(role, "■")


def _role_style(role: str, look: Look) -> Style:
    palette = look.palette
    return {"user": palette.user, "assistant": palette.assistant}.get(role, palette.system)


def _content(item: Message, look: Look, how: Fold) -> list[Part]:
    parts: list[Part] = []
    at = 0
    for content in item.content:
        if isinstance(content, UnknownItem):
            rows = [(f"{safe_line(content.tag)}:", look.palette.muted)]
            rows += plain_rows(content.fields(), look.palette, 1)
            more = row_parts(rows, look.width, BODY, look.palette.muted, Fold.OPEN)
        elif isinstance(content, InputImage):
            more = [picture_part(content, look, BODY, len(parts))]
        elif item.role == "assistant":
            more = markdown_parts(content.text, look.width, look.palette, BODY, at)
        elif item.role == "user" and not how and is_picture_mark(content.text):
            more = []
        elif item.role == "user" and not how:
            more = _said(content.text, look, at)
        else:
            more = as_typed(content.text, look.width, look.palette, BODY, at)
        at += len(content.text) + 1 if isinstance(content, (InputText, OutputText)) else 0
        parts += more
    return parts


def _said(text: str, look: Look, at: int) -> list[Part]:
    """What the user said; what an agent added around it is one line, shown when it is opened."""
    words = own_words(text)
    starts_at = at + max(0, text.find(words))
    parts = as_typed(words or text, look.width, look.palette, BODY, starts_at)
    around = count_lines(text.strip()) - count_lines(words)
    if words and around > 0:
        note = f"… {counted(around, 'more line')} of context, enter opens"
        strips = wrap(note, look.width - BODY, look.palette.muted)
        parts.append(Part.of(indent(strips, BODY), cut=True))
    return parts


def _notes(message: MessageSnapshot, look: Look, how: Fold) -> list[Part]:
    """Records of tool calls, and the files that are attached to a message; opened, with their snippets."""
    palette = look.palette
    parts = _records(message, look)
    for each in message.metadata.file_context[:_FILES]:
        words = f"▤ {safe_line(describe_file(each))}"
        parts.append(Part.of(indent(wrap(words, look.width - BODY, palette.muted), BODY)))
        snippet = (each.snippet or "") if how else ""
        parts += text_parts(snippet, look.width, 2 * BODY, palette.text, palette.muted, Fold.OPEN)
    return parts


def _records(message: MessageSnapshot, look: Look) -> list[Part]:
    """Records in the metadata of a message that holds neither a call nor an output."""
    if tool_call_of_item(message.item) is not None:
        return []
    palette = look.palette
    strips: list[Strip] = []
    for record in message.metadata.tool_calls[:_FILES]:
        style = palette.muted if record.success else palette.failed
        words = f"▸ {safe_line(describe_record(record))}"
        strips += indent(wrap(words, look.width - BODY, style), BODY)
        if record.error:
            error = wrap(safe_text(record.error), look.width - 2 * BODY, style)
            strips += indent(error, 2 * BODY)
    return [Part.of(strips)] if strips else []


# --- what is done between


def _line_and_body(
    name: str,
    summary: str,
    body: list[Part],
    look: Look,
    how: Fold,
    gap: int,
    style: Style | None = None,
) -> Block:
    palette = look.palette
    mark = ("▾ " if how else "▸ ") if body else "  "
    head = beside(
        [
            (mark, palette.muted),
            (name, style or palette.tool),
            ("  ", palette.text),
            (summary, palette.muted),
        ],
        [],
        look.width,
    )
    parts = [Part.of([EMPTY] * gap + [head])]
    return Block([*parts, *body] if how else parts, head=gap)


def _reasoning(item: Reasoning | ReasoningWithoutContent, look: Look, how: Fold, gap: int) -> Block:
    palette = look.palette
    texts = [part.text for part in [*item.summary, *(item.content or [])] if part.text.strip()]
    said = "\n\n".join(texts)
    summary = safe_line(_without_emphasis(said[:300].strip().partition("\n")[0]))
    if not summary:
        summary = "(encrypted)" if item.encrypted_content else "(no text)"
    starts_at = 0 if said == text_of(item) else None
    body = prose_parts(said, look, 4, starts_at) if said else []
    if body and item.encrypted_content:
        sealed = counted(len(item.encrypted_content), "character")
        note = line((f"and {sealed} encrypted", palette.muted))
        body.append(Part.of(indent([note], 4)))
    style = palette.reasoning if said else palette.muted
    return _line_and_body("reasoning", summary, body, look, how, gap, style)


def _without_emphasis(words: str) -> str:
    """One line of Markdown as words alone: emphasis may lie in emphasis."""
    return _emphasis.sub(r"\2", _emphasis.sub(r"\2", words)).strip("*# ")


def _injected(item: Message, look: Look, how: Fold, gap: int) -> Block:
    """Text that an agent added by itself: instructions, environment."""
    pictures = [part for part in item.content if isinstance(part, InputImage)]
    if is_tool_image(item) and pictures:
        # What a tool returned stands in for its output, which can hold no picture.
        parts = [picture_part(each, look, 2 * BODY, at) for at, each in enumerate(pictures)]
        parts[0] = _below(parts[0], gap)
        return Block(parts, head=gap)
    text = text_of(item)
    name = "context" if item.role == "user" else "instructions"
    name, first = injected_summary(text) or (name, text[:300].strip().partition("\n")[0])
    body = _content(item, Look(look.width - 2, look.palette), Fold.OPEN)
    moved = [replace(part, draw=partial(_indented, part), cut=False) for part in body]
    return _line_and_body(name, safe_line(first[:300]), moved, look, how, gap)


def _below(part: Part, gap: int) -> Part:
    return replace(part, draw=lambda: [EMPTY] * gap + part.draw(), estimate=part.estimate + gap)


def _indented(part: Part) -> list[Strip]:
    return indent(part.draw(), 2)


def _unknown(item: Other | UnknownItem, look: Look, how: Fold, gap: int) -> Block:
    if isinstance(item, UnknownItem):
        rows = plain_rows(item.fields(), look.palette, 0)
        body = row_parts(rows, look.width, 4, look.palette.muted, how) if rows else []
        summary = "an item of a kind this program does not know"
        return _line_and_body(safe_line(tidy(item.tag)) or "item", summary, body, look, how, gap)
    return _line_and_body("other", "an item whose kind was not kept", [], look, how, gap)
