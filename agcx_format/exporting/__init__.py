"""Export conversations as Markdown, HTML, text, JSON, or for Codex or Claude Code to resume.

`to_markdown`, `to_html`, `to_text`, `session_json`, `to_rollout` (Codex), and `to_transcript` (Claude Code)
return a document as a whole.  Beside each there is a function that yields it in parts, from messages as
they are read, so that a large one is never in memory.  `ExportChoice` says what of a conversation goes into
it.

>>> from agcx_format import InputText, Message, new_message, new_session, open_store
>>> from agcx_format.exporting import markdown_parts, to_markdown
>>> store = open_store(directory)
>>> question = new_message(Message(None, "user", [InputText("Why is the build red?")]))
>>> session = new_session(title="Red build", messages=[question])
>>> store.save_session(session.metadata.id, *session)
>>> with store.open_session(session.metadata.id) as opened:
...     page = "".join(markdown_parts(opened.metadata, opened, opened.context))
>>> metadata, conversation, state = store.load_session(session.metadata.id)
>>> to_markdown(metadata, conversation) == page
True
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agcx_format._exports import names_in, on_demand

if TYPE_CHECKING:
    from agcx_format.exporting.choice import EVERYTHING as EVERYTHING
    from agcx_format.exporting.choice import ExportChoice as ExportChoice
    from agcx_format.exporting.choice import chosen as chosen
    from agcx_format.exporting.claude import to_transcript as to_transcript
    from agcx_format.exporting.claude import transcript_name as transcript_name
    from agcx_format.exporting.claude import transcript_parts as transcript_parts
    from agcx_format.exporting.codex import rollout_name as rollout_name
    from agcx_format.exporting.codex import rollout_parts as rollout_parts
    from agcx_format.exporting.codex import to_rollout as to_rollout
    from agcx_format.exporting.html import PAGE_END as PAGE_END
    from agcx_format.exporting.html import html_parts as html_parts
    from agcx_format.exporting.html import page_start as page_start
    from agcx_format.exporting.html import section_parts as section_parts
    from agcx_format.exporting.html import to_html as to_html
    from agcx_format.exporting.json_document import from_session_json as from_session_json
    from agcx_format.exporting.json_document import json_parts as json_parts
    from agcx_format.exporting.json_document import session_json as session_json
    from agcx_format.exporting.json_document import with_count as with_count
    from agcx_format.exporting.markdown import markdown_parts as markdown_parts
    from agcx_format.exporting.markdown import to_markdown as to_markdown
    from agcx_format.exporting.plain_text import jsonl_parts as jsonl_parts
    from agcx_format.exporting.plain_text import text_parts as text_parts
    from agcx_format.exporting.plain_text import to_text as to_text

_HOMES = {
    "choice": "EVERYTHING ExportChoice chosen",
    "claude": "to_transcript transcript_name transcript_parts",
    "codex": "rollout_name rollout_parts to_rollout",
    "html": "PAGE_END html_parts page_start section_parts to_html",
    "json_document": "from_session_json json_parts session_json with_count",
    "markdown": "markdown_parts to_markdown",
    "plain_text": "jsonl_parts text_parts to_text",
}

__all__ = names_in(_HOMES)

if not TYPE_CHECKING:
    __getattr__, __dir__ = on_demand(__name__, _HOMES)
