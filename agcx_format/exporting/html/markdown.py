"""Markdown from a conversation as HTML that can do nothing.

Strategy: markdown-it makes the HTML, with raw HTML switched off, so every character of the text that means
something in HTML is escaped by it.  What it would take over from the text is narrowed here: links lead
only to the web or a mail address, a picture is shown only if it is in the text itself and is a raster
(an SVG is a document), and no class, style or id comes from data.  A text that is too
long or too tangled for Markdown is shown as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from html import escape
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from markdown_it.renderer import RendererProtocol
    from markdown_it.rules_core import StateCore
    from markdown_it.token import Token
    from markdown_it.utils import EnvType, OptionsDict

from agcx_format.transcript.escaping import visible

__all__ = ["escaped", "markdown_html", "picture", "preformatted"]

# Markdown takes about a second for a megabyte; no answer that anybody reads is longer than this.
_LONGEST = 256 * 1024
# Runs of marks that pair up among themselves cost time that grows faster than the text.
_MOST_MARKS = 20_000

_followable = re.compile(r"(?:https?://|mailto:)[^\s<>\"'`\\]+", re.IGNORECASE).fullmatch
_raster = re.compile(
    r"data:image/(?:png|jpe?g|gif|webp|avif|bmp);base64,[A-Za-z0-9+/]+={0,2}"
).fullmatch
_marks = re.compile(r"[*_`~\[\]!<>]")


def escaped(text: str) -> str:
    """Text as HTML, in an element or an attribute."""
    return escape(visible(text))


def preformatted(text: str) -> str:
    """Text as it is, lines and spaces kept."""
    # A parser drops a newline directly after the tag, so there is always one to drop.
    return f"<pre>\n{escaped(text.rstrip())}</pre>"


def picture(url: str, description: str) -> str:
    """A picture that the URL itself holds; empty for any other URL."""
    if not _raster(url):
        return ""
    return f'<img src="{url}" alt="{escaped(description)}">'


def markdown_html(text: str) -> str:
    """Markdown as HTML, its headings below those of the page.

    It may hold characters that the text named by references: whoever writes it out makes it safe.
    """
    if len(text) > _LONGEST or len(_marks.findall(text)) > _MOST_MARKS:
        return preformatted(text)
    try:
        html: str = _markdown().render(visible(text))
        return html
    except RecursionError:
        return preformatted(text)


class _Markdown(MarkdownIt):
    def validateLink(self, url: str) -> bool:
        return bool(_followable(url) or _raster(url))


@cache
def _markdown() -> MarkdownIt:
    markdown = _Markdown("commonmark", {"html": False, "breaks": True, "xhtmlOut": False})
    markdown.enable(["table", "strikethrough"])
    markdown.core.ruler.push("tamed", _tame)
    markdown.add_render_rule("image", _image)
    for kind in ("fence", "code_block"):
        markdown.add_render_rule(kind, _code)
    return markdown


def _tame(state: StateCore) -> None:
    """Attributes that come from the text: none but a link's target and a list's first number."""
    for token in state.tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + 2)}"
        token.attrs = {"start": token.attrs["start"]} if "start" in token.attrs else {}
        for child in token.children or ():
            if child.type == "link_open":
                _tame_link(child)


def _tame_link(token: Token) -> None:
    target = str(token.attrs.get("href", ""))
    token.attrs = {"href": target, "rel": "noopener noreferrer"} if _followable(target) else {}


def _image(
    renderer: RendererProtocol,
    tokens: Sequence[Token],
    index: int,
    options: OptionsDict,
    env: EnvType,
) -> str:
    token = tokens[index]
    source, words = str(token.attrs.get("src", "")), token.content
    if shown := picture(source, words):
        return shown
    # Fetching it would tell its server who reads, and when.
    return f"<em>Image: {escape(words or 'no description')}</em> <code>{escape(source)}</code>"


def _code(
    renderer: RendererProtocol,
    tokens: Sequence[Token],
    index: int,
    options: OptionsDict,
    env: EnvType,
) -> str:
    return f"<pre>\n{escape(tokens[index].content)}</pre>\n"
