"""Converts Markdown from a conversation to harmless HTML.

Strategy: markdown-it produces the HTML with raw HTML disabled, so it escapes every character of the text that
has a meaning in HTML. What it would copy from the text is restricted here: links lead only to the web or a
mail address, a picture is shown only if its data is in the text and it is a raster image (an SVG is a
document), and no class, style, or id comes from data. Text that is too long or too complex for Markdown is
shown unformatted.
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

# Markdown takes about a second per megabyte; no one reads an answer longer than this.
_LONGEST = 256 * 1024
# Pairing many marks takes time that grows faster than the text.
_MOST_MARKS = 20_000

_followable = re.compile(r"(?:https?://|mailto:)[^\s<>\"'`\\]+", re.IGNORECASE).fullmatch
_raster = re.compile(
    r"data:image/(?:png|jpe?g|gif|webp|avif|bmp);base64,[A-Za-z0-9+/]+={0,2}"
).fullmatch
_marks = re.compile(r"[*_`~\[\]!<>]")


def escaped(text: str) -> str:
    """Text escaped for an element or an attribute."""
    return escape(visible(text))


def preformatted(text: str) -> str:
    """Text with its lines and spaces preserved."""
    # A parser drops a newline directly after the tag, so one is always inserted.
    return f"<pre>\n{escaped(text.rstrip())}</pre>"


def picture(url: str, description: str) -> str:
    """A picture whose data is in the URL itself; empty for any other URL."""
    if not _raster(url):
        return ""
    return f'<img src="{url}" alt="{escaped(description)}">'


def markdown_html(text: str) -> str:
    """Markdown as HTML, with its headings below those of the page.

    The result may contain unsafe characters from references in the text: the caller must make it safe.
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
    """Remove all attributes from the text, except the first number of a list and link targets."""
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
    # Fetching it would tell the server who reads the page, and when.
    return f"<em>Image: {escape(words or 'no description')}</em> <code>{escape(source)}</code>"


def _code(
    renderer: RendererProtocol,
    tokens: Sequence[Token],
    index: int,
    options: OptionsDict,
    env: EnvType,
) -> str:
    return f"<pre>\n{escape(tokens[index].content)}</pre>\n"
