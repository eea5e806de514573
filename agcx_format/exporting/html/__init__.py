"""Exports a conversation as one self-contained HTML page.

Strategy: each message is an `article` with a heading; tools, reasoning, and instructions are folded with
`details`, which needs no script. Text is inserted only through `html.markdown`, which escapes it, and each
part is made safe again as it leaves. Pictures in the session are in the page; none is ever fetched. The page
is produced one message at a time, so a session of any size can be written as it is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from agcx_format.counting import counted
from agcx_format.exporting.choice import EVERYTHING, ExportChoice, check_arguments, read_chosen
from agcx_format.exporting.html.markdown import escaped, markdown_html, picture, preformatted
from agcx_format.exporting.html.meanings import answers_html, meaning_html
from agcx_format.exporting.html.page import PAGE_END, page_start
from agcx_format.exporting.markdown import json_text
from agcx_format.model.items import (
    ContentPart,
    FileContext,
    FunctionCall,
    FunctionCallOutput,
    InputImage,
    InputText,
    Item,
    LocalShellCall,
    Message,
    MessageMetadata,
    MessageSnapshot,
    Reasoning,
    ReasoningWithoutContent,
    UnknownItem,
)
from agcx_format.model.session import ConversationContext, ConversationSnapshot, SessionMetadata
from agcx_format.subagents import shown_tags
from agcx_format.transcript.arguments import readable_arguments
from agcx_format.transcript.escaping import visible
from agcx_format.transcript.meaning import Plan, Questions
from agcx_format.transcript.modes import ModeChanges
from agcx_format.transcript.reader import ReadMessage
from agcx_format.transcript.tool_calls import ToolCall, tool_call_of_item
from agcx_format.transcript.tools import Call
from agcx_format.transcript.wording import (
    describe_extent,
    describe_image,
    describe_outcome,
    describe_time,
    is_context,
    is_instruction,
    shortened,
)
from agcx_format.transcript.words import is_tool_image

__all__ = ["PAGE_END", "html_parts", "page_start", "section_parts", "to_html"]


def to_html(
    metadata: SessionMetadata, conversation: ConversationSnapshot, choice: ExportChoice = EVERYTHING
) -> str:
    """The whole page.

    Raises:
        TypeError: one of the arguments is something else.
    """
    check_arguments(metadata, conversation, choice)
    given = metadata, conversation.messages, conversation.context, choice
    return "".join(html_parts(*given, modes=conversation.mode_history))


def html_parts(
    metadata: SessionMetadata,
    messages: Iterable[MessageSnapshot],
    context: ConversationContext | None = None,
    choice: ExportChoice = EVERYTHING,
    *,
    modes: ModeChanges = (),
) -> Iterator[str]:
    """The page in parts, among them one for each message; join with nothing."""
    yield page_start(shortened(metadata.title))
    yield from section_parts(metadata, messages, context, choice, modes=modes)
    yield PAGE_END


def section_parts(
    metadata: SessionMetadata,
    messages: Iterable[MessageSnapshot],
    context: ConversationContext | None = None,
    choice: ExportChoice = EVERYTHING,
    prefix: str = "",
    *,
    modes: ModeChanges = (),
) -> Iterator[str]:
    """A conversation within a page; `prefix` keeps the anchors of several conversations apart."""
    yield f"<section>\n<h1>{escaped(shortened(metadata.title).strip()) or 'Untitled'}</h1>\n"
    if choice.metadata:
        yield visible(_facts(metadata, context))
    directory = context.working_directory if context is not None else ""
    for read in read_chosen(metadata, messages, choice, modes):
        for heading in read.headings:
            yield visible(f'<h2 class="rule">{escaped(heading)}</h2>\n')
        article = _article(f"{prefix}m{read.number}", read, directory)
        # Made safe last: Markdown decodes references to unsafe characters.
        yield visible(article)
    yield "</section>\n"


def _facts(metadata: SessionMetadata, context: ConversationContext | None) -> str:
    facts = {
        "Created": describe_time(metadata.created_at),
        "Updated": describe_time(metadata.updated_at),
        "Model": f"{metadata.model} · {metadata.current_mode.value}",
        "Length": f"{counted(metadata.message_count, 'message')}, {counted(metadata.turn_count, 'turn')}",
        "Tags": ", ".join(shown_tags(metadata.tags)),
        "Directory": context.working_directory if context is not None else "",
        "Session": str(metadata.id),
    }
    rows = (f"<dt>{name}</dt><dd>{escaped(text)}</dd>\n" for name, text in facts.items() if text)
    return f"<dl>\n{''.join(rows)}</dl>\n"


# --- messages


def _heading(anchor: str, read: ReadMessage) -> str:
    who = escaped(read.speaker)
    when = f"<time>{escaped(describe_time(read.message.timestamp))}</time>"
    return f'<h2><a href="#{anchor}">{read.number}</a> {who} {when}</h2>'


def _article(anchor: str, read: ReadMessage, directory: str) -> str:
    item, heading = read.message.item, _heading(anchor, read)
    notes = (f'<p class="note">{escaped(note)}</p>' for note in read.notes)
    errors = (f'<p class="failed">Error: {escaped(error)}</p>' for error in read.errors)
    asides = _asides(read.message.metadata, directory)
    body = "\n".join([*notes, *_body(item, read.call, directory), *errors, *asides])
    if _is_folded(item) and not read.is_task:
        gist = _gist(read.call) if read.call is not None else ""
        is_said = read.call is not None and isinstance(read.call.meaning, Questions | Plan)
        opened = " open" if is_said else ""
        body = f"<details{opened}>\n<summary>{heading}{gist}</summary>\n{body}\n</details>"
    else:
        body = f"{heading}\n{body}"
    return f'<article class="{_kind(item)}" id="{anchor}">\n{body}\n</article>\n'


def _kind(item: Item) -> str:
    """The CSS class of the article: always one of ours, never from the data."""
    match item:
        case Message(role="user") if not is_tool_image(item) and not is_context(item):
            return "user"
        case Message(role="assistant"):
            return "assistant"
        case FunctionCall() | FunctionCallOutput() | LocalShellCall():
            return "tool"
    return "other"


def _is_folded(item: Item) -> bool:
    if isinstance(item, Message):
        return is_instruction(item) or (is_context(item) and not is_tool_image(item))
    return True


def _gist(call: ToolCall) -> str:
    """A folded call or output in a few words."""
    gist = ""
    if call.call is not None and call.call.gist:
        gist = f" <code>{escaped(call.call.gist)}</code>"
    if words := describe_outcome(call.outcome):
        gist += f' <span class="{"failed" if call.failed else "note"}">{escaped(words)}</span>'
    return gist


def _body(item: object, call: ToolCall | None, directory: str) -> Iterator[str]:
    """What was said or done; a line names the directory only if it is not `directory`, the session's."""
    match item:
        case Message():
            yield from map(_part, item.content[1:] if is_tool_image(item) else item.content)
        case Reasoning() | ReasoningWithoutContent():
            yield from _reasoning(item)
        case UnknownItem():
            yield preformatted(json_text(item))
    if call is not None and call.call is not None:
        yield from _asked(call.call, directory)
    if call is not None and call.output is not None:
        yield from answers_html(call.answers)
        yield from map(_part if call.answers_in_prose else _output_part, call.shown_output)


def _asked(call: Call, directory: str) -> Iterator[str]:
    if call.directory and call.directory not in (".", directory):
        yield f'<p class="note">In <code>{escaped(call.directory)}</code></p>'
    if call.settings:
        settings = ", ".join(f"<code>{escaped(each)}</code>" for each in call.settings)
        yield f'<p class="note">With {settings}</p>'
    if call.meaning is not None:
        yield from meaning_html(call.meaning)
    elif call.command or call.text:
        yield preformatted(call.command or call.text or "")
    else:
        yield from _arguments(call)


def _arguments(call: Call) -> Iterator[str]:
    arguments, passages = readable_arguments(call)
    if arguments or not passages:
        yield preformatted(arguments)
    for passage in passages:
        if passage.name:
            yield f'<p class="note">{escaped(passage.name)}:</p>'
        yield preformatted(passage.text)


def _output_part(part: InputText | InputImage) -> str:
    return _part(part) if isinstance(part, InputImage) else preformatted(part.text)


def _part(part: ContentPart) -> str:
    if isinstance(part, InputImage):
        described = describe_image(part.image_url)
        return picture(part.image_url, described) or (
            f'<p class="note">Image: <code>{escaped(described)}</code></p>'
        )
    return (
        preformatted(json_text(part)) if isinstance(part, UnknownItem) else markdown_html(part.text)
    )


def _reasoning(item: Reasoning | ReasoningWithoutContent) -> Iterator[str]:
    texts = [part.text for part in [*item.summary, *(item.content or [])] if part.text.strip()]
    yield from map(markdown_html, texts)
    if not texts:
        sealed = item.encrypted_content
        words = (
            f"Encrypted, {counted(len(sealed), 'character')}"
            if sealed
            else "Nothing was kept of it"
        )
        yield f'<p class="note">{words}</p>'


def _asides(metadata: MessageMetadata, directory: str) -> Iterator[str]:
    """The files that are attached to a message, and its earlier versions."""
    yield from map(_file, metadata.file_context)
    for when, item in metadata.edit_history:
        call = tool_call_of_item(item)
        summary = f"Until {escaped(describe_time(when))}{_gist(call) if call is not None else ''}"
        body = "\n".join(_body(item, call, directory))
        yield f'<details>\n<summary class="note">{summary}</summary>\n{body}\n</details>'


def _file(context: FileContext) -> str:
    extent = escaped(describe_extent(context))
    path = f"<code>{escaped(context.path)}</code>{', ' if extent else ''}{extent}"
    return f'<p class="note">File: {path}</p>' + (
        f"\n{preformatted(context.snippet)}" if context.snippet else ""
    )
