"""Tool calls and their outputs as lines.

A call is one line, `▸ shell  rg -n grid     0.1 s  ok`, until it is opened; then the call follows in full,
and below it the output, which is drawn by its own block.
"""

from __future__ import annotations

from rich.cells import cell_len
from textual.strip import Strip

from agcx_format import (
    FunctionCall,
    FunctionCallOutput,
    InputImage,
    InputText,
    LocalShellCall,
    MessageSnapshot,
)
from agcx_format.transcript import CallOutcome, ToolCall, safe_line, safe_text, tool_call
from agcx_tui.app.blocks.block import Block, Part
from agcx_tui.app.blocks.lines import EMPTY, Piece, beside, indent, line, shorten_path, wrap
from agcx_tui.app.blocks.look import Around, Fold, Look
from agcx_tui.app.blocks.meanings import meaning_parts, prose_parts
from agcx_tui.app.blocks.picture import picture_part
from agcx_tui.app.blocks.pieces import as_piece, piece_style
from agcx_tui.app.blocks.rows import row_parts, text_parts
from agcx_tui.app.blocks.tool import Asked, asked, diff_style, is_diff, plain_rows
from agcx_tui.core.words.durations import seconds_text

__all__ = ["answer_block", "call_block"]

BODY = 4
# So that durations and results are aligned.
_DURATION, _WORD = 8, 8
# The key of a command among the pieces of a message.
_COMMAND = "command"
# A highlighted script is at most this long.
_HIGHLIGHTED = 8 * 1024


def call_block(
    message: MessageSnapshot,
    item: LocalShellCall | FunctionCall,
    around: Around,
    look: Look,
    how: Fold,
    gap: int,
) -> Block:
    """A tool call, folded or open."""
    palette, width = look.palette, look.width
    what = asked(item, palette)
    found = tool_call(message, around.partner)
    outcome = found.outcome if found is not None else CallOutcome()
    mark = "▾ " if how else "▸ "
    named = [
        (mark, palette.muted),
        (what.name, palette.tool),
        (_remark(message, around.partner), palette.muted),
        ("  ", palette.text),
    ]
    result = _result(item, around, outcome, look)
    room = width - sum(cell_len(text) for text, _ in [*named, *result]) - BODY
    style = palette.text + piece_style(_COMMAND) if what.script else palette.text
    head = beside([*named, (_fitted(what, room), style)], result, width)
    script = {_COMMAND: what.script} if what.script else {}
    parts = [Part.of([EMPTY] * gap + [head], pieces=script)]
    if what.meaning is not None:
        answers = found.answers if found is not None else ()
        parts += meaning_parts(what.meaning, answers, look, BODY, how)
    if how:
        parts += _body(what, head, look, how)
        errors = found.unsaid_errors if found is not None else ()
        for error in errors:
            lines = wrap(safe_text(error), width - BODY, palette.error)
            parts.append(Part.of(indent(lines, BODY)))
    return Block(parts, head=gap)


def _fitted(what: Asked, room: int) -> str:
    """The summary of a call; of a path that has no room, the end."""
    if not what.path or cell_len(what.summary) <= room:
        return what.summary
    rest = what.summary[len(what.path) :]
    if cell_len(what.path.rpartition("/")[2] + rest) > room:
        rest = ""
    return shorten_path(what.path, room - cell_len(rest)) + rest


def answer_block(
    message: MessageSnapshot,
    item: FunctionCallOutput,
    around: Around,
    look: Look,
    how: Fold,
    gap: int,
) -> Block:
    """The output of a call; without lines while its call is folded."""
    call = around.partner.item if around.partner is not None else None
    paired = isinstance(call, LocalShellCall | FunctionCall)
    if paired and not how:
        return Block([])
    found = tool_call(around.partner, message)
    if found is not None and found.is_only_status and how < Fold.FULL and around.adjacent:
        # The line of the call says it.
        return Block([])
    shown = _shown_output(found, look, how)
    if paired and around.adjacent:
        return Block(shown)
    if isinstance(call, LocalShellCall | FunctionCall):
        of = f"of  {asked(call, look.palette).summary}"
    else:
        of = f"of {safe_line(item.call_id)}, a call that is missing or far above"
    outcome = found.outcome if found is not None else CallOutcome()
    metrics = [] if paired else _metrics(outcome, look, "")
    head = _output_head(of, metrics, look, how)
    return Block([Part.of([EMPTY] * gap + [head]), *(shown if how else [])], head=gap)


def _shown_output(found: ToolCall | None, look: Look, how: Fold) -> list[Part]:
    """The lines of what a call returned, or that it returned nothing."""
    content: tuple[InputText | InputImage, ...] = ()
    # Where the text begins in that of the message, if it is the same.
    starts_at = None
    if found is not None and found.output is not None:
        whole = found.output.content
        # What was searched for may be in the words around the answers.
        content = whole if how >= Fold.FULL else found.shown_output
        starts_at = 0 if len(content) == 1 and content == whole else None
    is_prose = found is not None and found.answers_in_prose
    shown = [
        part
        for number, each in enumerate(content)
        for part in _content(each, number, look, how, starts_at, is_prose)
    ]
    if not shown and not (found is not None and found.is_all_answers):
        return [Part.of(indent([line(("(no output)", look.palette.muted))], BODY))]
    return shown


def _output_head(of: str, metrics: list[Piece], look: Look, how: Fold) -> Strip:
    """The line above an output that is not right below its call."""
    palette = look.palette
    pieces = [
        ("▾ " if how else "▸ ", palette.muted),
        ("output", palette.tool),
        ("  ", palette.text),
        (of, palette.muted),
    ]
    return beside(pieces, metrics, look.width)


def _content(
    content: InputText | InputImage,
    number: int,
    look: Look,
    how: Fold,
    starts_at: int | None,
    is_prose: bool,
) -> list[Part]:
    palette, width = look.palette, look.width
    if isinstance(content, InputImage):
        return [picture_part(content, look, BODY, number)]
    text = content.text
    if is_prose:
        return prose_parts(text, look, BODY, starts_at)
    paint = (lambda row: diff_style(row, palette)) if is_diff(text) else None
    style, muted = palette.output, palette.muted
    parts = text_parts(text, width, BODY, style, muted, how, paint, starts_at=starts_at)
    return as_piece(parts, f"output{number}", text)


def _remark(*messages: MessageSnapshot | None) -> str:
    """Says that a call or its output was edited, on the line for both."""
    edited = any(m is not None and (m.metadata.edited or m.metadata.edit_history) for m in messages)
    return " (edited)" if edited else ""


def _result(
    item: LocalShellCall | FunctionCall, around: Around, outcome: CallOutcome, look: Look
) -> list[Piece]:
    """Duration and result; for a call without an output, what is known about it."""
    if outcome.status is not None and outcome.seconds is None and around.partner is None:
        return [(outcome.word, look.palette.muted)]
    if outcome.word or outcome.seconds is not None or around.partner is not None:
        return _metrics(outcome, look)
    word = "completed" if isinstance(item, LocalShellCall) else "no output"
    return [(word, look.palette.muted)]


def _metrics(outcome: CallOutcome, look: Look, unsaid: str = "done") -> list[Piece]:
    palette = look.palette
    style = (
        palette.muted
        if outcome.success is None
        else palette.ok
        if outcome.success
        else palette.failed
    )
    return [
        (seconds_text(outcome.seconds).rjust(_DURATION), palette.muted),
        ("  ", palette.text),
        ((outcome.word or unsaid).rjust(_WORD), style),
    ]


def _body(what: Asked, head: Strip, look: Look, how: Fold) -> list[Part]:
    palette, width = look.palette, look.width
    parts: list[Part] = []
    is_written = how == Fold.WRITTEN
    if what.script and not (what.whole and safe_line(what.script.strip()) in head.text):
        script = _script_parts(what.script.strip("\n"), look, how)
        parts += as_piece(script, _COMMAND, what.script)
    elif what.body and (is_written or not (what.whole and what.summary in head.text)):
        parts += row_parts(list(what.body), width, BODY, palette.muted, how)
    if is_written and what.unsaid is not None:
        rows = plain_rows(what.unsaid, palette, 0)
        parts += row_parts(rows, width, BODY, palette.muted, how)
    if what.notes:
        notes = wrap(" · ".join(what.notes), width - BODY, palette.muted)
        parts.append(Part.of(indent(notes, BODY)))
    return parts


def _script_parts(script: str, look: Look, how: Fold) -> list[Part]:
    palette = look.palette
    if len(script) <= _HIGHLIGHTED and script.count("\n") < 40:
        from agcx_tui.app.blocks.code import code_strips

        def draw() -> list[Strip]:
            return indent(code_strips(safe_text(script), "bash", look.width - BODY, palette), BODY)

        return [Part(draw, script.count("\n") + 1)]
    return text_parts(script, look.width, BODY, palette.text, palette.muted, how)
