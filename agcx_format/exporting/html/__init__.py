"""A conversation as one HTML page, for people who have a browser and nothing else.

Strategy: a message is an `article` with a heading, in order; tools, reasoning and what the agent was told
are folded by `details`, which needs no script.  Text goes in through `html_markdown` alone, which escapes
it, and each part is made safe as it goes out.  Pictures that the session holds are in the page; none is
ever fetched.  The page is
made a message at a time, so a session of any size can be written out as it is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from agcx_format.exporting.choice import EVERYTHING, ExportChoice, chosen
from agcx_format.exporting.html.markdown import escaped, markdown_html, picture, preformatted
from agcx_format.exporting.html.page import PAGE_END, page_start
from agcx_format.exporting.markdown import (
    counted,
    described_image,
    errors_of,
    is_context,
    is_instruction,
    json_text,
    notes_in_words,
    outcome_in_words,
    shortened,
    speaker_of,
    time_in_words,
)
from agcx_format.model.items import (
    ContentItem,
    FileContext,
    FunctionCall,
    FunctionCallOutput,
    InputImage,
    LocalShellCall,
    Message,
    MessageMetadata,
    MessageSnapshot,
    Reasoning,
    ReasoningWithoutContent,
    ResponseItem,
    UnknownItem,
)
from agcx_format.model.session import ConversationContext, ConversationSnapshot, SessionMetadata
from agcx_format.transcript.safe_text import visible
from agcx_format.transcript.tools import read_call, read_output
from agcx_format.transcript.words import is_tool_image

__all__ = ["PAGE_END", "html_parts", "page_start", "section_parts", "to_html"]


def to_html(
    metadata: SessionMetadata, conversation: ConversationSnapshot, choice: ExportChoice = EVERYTHING
) -> str:
    """The whole page."""
    return "".join(html_parts(metadata, conversation.messages, conversation.context, choice))


def html_parts(
    metadata: SessionMetadata,
    messages: Iterable[MessageSnapshot],
    context: ConversationContext | None = None,
    choice: ExportChoice = EVERYTHING,
) -> Iterator[str]:
    """The page in parts, one for each message among them; join with nothing."""
    yield page_start(shortened(metadata.title))
    yield from section_parts(metadata, messages, context, choice)
    yield PAGE_END


def section_parts(
    metadata: SessionMetadata,
    messages: Iterable[MessageSnapshot],
    context: ConversationContext | None = None,
    choice: ExportChoice = EVERYTHING,
    prefix: str = "",
) -> Iterator[str]:
    """A conversation within a page; `prefix` keeps the anchors of several ones apart."""
    yield f"<section>\n<h1>{escaped(shortened(metadata.title).strip()) or 'Untitled'}</h1>\n"
    if choice.metadata:
        yield visible(_facts(metadata, context))
    directory = context.working_directory if context is not None else ""
    names: dict[str, str] = {}
    for number, message in chosen(messages, choice):
        anchor = f"{prefix}m{number}"
        heading = _heading(anchor, number, message, names)
        # Last of all, since Markdown decodes what was safe as it was written.
        yield visible(_article(anchor, heading, message, directory))
    yield "</section>\n"


def _facts(metadata: SessionMetadata, context: ConversationContext | None) -> str:
    facts = {
        "Created": time_in_words(metadata.created_at),
        "Updated": time_in_words(metadata.updated_at),
        "Model": f"{metadata.model} · {metadata.current_mode.value}",
        "Length": f"{counted(metadata.message_count, 'message')}, {counted(metadata.turn_count, 'turn')}",
        "Tags": ", ".join(metadata.tags),
        "Directory": context.working_directory if context is not None else "",
        "Session": str(metadata.id),
    }
    rows = (f"<dt>{name}</dt><dd>{escaped(text)}</dd>\n" for name, text in facts.items() if text)
    return f"<dl>\n{''.join(rows)}</dl>\n"


# --- messages


def _heading(anchor: str, number: int, message: MessageSnapshot, names: dict[str, str]) -> str:
    who = escaped(speaker_of(message, names))
    when = f"<time>{escaped(time_in_words(message.timestamp))}</time>"
    return f'<h2><a href="#{anchor}">{number}</a> {who} {when}</h2>'


def _article(anchor: str, heading: str, message: MessageSnapshot, directory: str) -> str:
    item = message.item
    notes = (f'<p class="note">{escaped(note)}</p>' for note in notes_in_words(message.metadata))
    errors = (f'<p class="failed">Error: {escaped(error)}</p>' for error in errors_of(message))
    body = "\n".join([*notes, *_body(item, directory), *errors, *_asides(message.metadata)])
    if _is_folded(item):
        gist = _gist(item, message.metadata)
        body = f"<details>\n<summary>{heading}{gist}</summary>\n{body}\n</details>"
    else:
        body = f"{heading}\n{body}"
    return f'<article class="{_kind(item)}" id="{anchor}">\n{body}\n</article>\n'


def _kind(item: ResponseItem) -> str:
    """The class of the article: one of ours, never a word of the data."""
    match item:
        case Message(role="user") if not is_tool_image(item) and not is_context(item):
            return "user"
        case Message(role="assistant"):
            return "assistant"
        case FunctionCall() | FunctionCallOutput() | LocalShellCall():
            return "tool"
    return "other"


def _is_folded(item: ResponseItem) -> bool:
    if isinstance(item, Message):
        return is_instruction(item) or (is_context(item) and not is_tool_image(item))
    return True


def _gist(item: ResponseItem, metadata: MessageMetadata) -> str:
    """What a folded message says in a few words."""
    match item:
        case FunctionCall() | LocalShellCall():
            words = read_call(item).gist
            return f" <code>{escaped(words)}</code>" if words else ""
        case FunctionCallOutput():
            outcome = read_output(item.output).outcome
            words = escaped(outcome_in_words(outcome, metadata))
            failed = outcome.success is False or not all(c.success for c in metadata.tool_calls)
            return (
                f' <span class="{"failed" if failed else "note"}">{words}</span>' if words else ""
            )
    return ""


def _body(item: ResponseItem, directory: str = "") -> Iterator[str]:
    """What was said; `directory` is the session's, and only another one is worth a line."""
    match item:
        case Message():
            yield from map(_part, item.content[1:] if is_tool_image(item) else item.content)
        case Reasoning() | ReasoningWithoutContent():
            yield from _reasoning(item)
        case FunctionCall() | LocalShellCall():
            call = read_call(item)
            if call.directory and call.directory not in (".", directory):
                yield f'<p class="note">In <code>{escaped(call.directory)}</code></p>'
            yield preformatted(call.command or call.text or call.arguments)
        case FunctionCallOutput():
            yield preformatted(read_output(item.output).text)
        case UnknownItem():
            yield preformatted(json_text(item))


def _part(part: ContentItem | UnknownItem) -> str:
    if isinstance(part, InputImage):
        described = described_image(part.image_url)
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


def _asides(metadata: MessageMetadata) -> Iterator[str]:
    """What belongs to a message: the files that it was about, and what it said before it was edited."""
    yield from map(_file, metadata.file_context)
    for when, item in metadata.edit_history:
        summary = f"Until {escaped(time_in_words(when))}"
        body = "\n".join(_body(item))
        yield f'<details>\n<summary class="note">{summary}</summary>\n{body}\n</details>'


def _file(context: FileContext) -> str:
    lines = ""
    if context.line_range is not None:
        lines = f", lines {context.line_range[0]} to {context.line_range[1]}"
    named = f'<p class="note">File: <code>{escaped(context.path)}</code>{lines}</p>'
    return named + (f"\n{preformatted(context.snippet)}" if context.snippet else "")
