"""Markdown as an assistant writes it, and text as a person typed it.

Strategy: markdown-it parses and Rich draws; in between the tokens are corrected.  HTML becomes text, since
Rich would silently drop it; images, and links that must not be followed, become text that shows where they
lead.  Styles and code colors come from the palette.  Rich takes 1 to 3 seconds for a megabyte, so text is
drawn in slices that end between paragraphs, each when it is in view.

What a person typed is shown with every character and line unchanged; only fenced code and inline marks get
a style, since people paste logs and source that Markdown would mangle.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache, partial
from typing import TYPE_CHECKING, NamedTuple

from rich.style import Style
from rich.text import Text
from textual.strip import Strip

from agcx_format.transcript import safe_text
from agcx_tui.app.blocks.block import Part
from agcx_tui.app.blocks.lines import broken, fold, indent, render
from agcx_tui.app.blocks.links import addresses, followable
from agcx_tui.app.blocks.palette import Palette
from agcx_tui.app.blocks.pieces import in_piece

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token
    from rich.console import Console

__all__ = ["MarkdownSlice", "as_typed", "markdown_parts", "markdown_slices", "warm_up"]

_SLICE = 6 * 1024
_LONGEST = 12 * 1024
# markdown-it is not linear in nesting and in runs of markers; no line people read is longer.
_LONGEST_LINE = 4 * 1024

_fence = re.compile(r" {0,3}(`{3,}|~{3,})[ ]*([^\s`]*)[^\n`]*$")


def markdown_parts(
    text: str, width: int, palette: Palette, by: int, starts_at: int | None = None
) -> list[Part]:
    """Markdown from a file, moved right by `by` cells; `starts_at` as in `Part.start`."""

    def draw(piece: str, codes: list[str]) -> list[Strip]:
        text = safe_text(piece)
        # Of an item without words, such as the answer `31.`, Markdown shows nothing.
        drawn = _markdown(text, width - by, palette, codes) or _typed(text, width - by, palette, [])
        return indent(drawn, by)

    return _parts(text, draw, width - by, starts_at)


def as_typed(
    text: str, width: int, palette: Palette, by: int, starts_at: int | None = None
) -> list[Part]:
    """Text with its lines unchanged, moved right by `by` cells; `starts_at` as in `Part.start`."""

    def draw(piece: str, codes: list[str]) -> list[Strip]:
        return indent(_typed(safe_text(piece), width - by, palette, codes), by)

    return _parts(text, draw, width - by, starts_at)


def _parts(
    text: str, draw: Callable[[str, list[str]], list[Strip]], width: int, starts_at: int | None
) -> list[Part]:
    before = len(text) - len(text.lstrip("\n"))
    text = text.strip("\n")
    if not text.strip():
        return []
    slices = list(markdown_slices(text))

    def drawn(piece: MarkdownSlice, pieces: dict[str, str], last: bool) -> list[Strip]:
        codes: list[str] = []
        strips = draw(piece.text, codes)
        pieces |= {f"code{number}": code for number, code in enumerate(codes)}
        # A slice ends between paragraphs, where the blank line must not be lost.
        return strips + ([] if last or piece.runs_on else [Strip([], 0)])

    parts = []
    for at, each in enumerate(slices):
        pieces: dict[str, str] = {}
        parts.append(
            Part(
                partial(drawn, each, pieces, at == len(slices) - 1),
                each.text.count("\n") + len(each.text) // width + 1,
                start=None if starts_at is None else starts_at + before + each.start,
                runs_on=each.runs_on,
                pieces=pieces,
            )
        )
    return parts


class MarkdownSlice(NamedTuple):
    """A piece of Markdown that begins at character `start`; with `runs_on`, cut within a line."""

    text: str
    start: int = 0
    runs_on: bool = False


def markdown_slices(text: str) -> Iterator[MarkdownSlice]:
    """Pieces of at most `_LONGEST` characters, cut between paragraphs where there are any.

    A fence that is cut is closed and opened again, so that each piece is complete.
    """
    if len(text) <= _SLICE:
        yield MarkdownSlice(text)
        return
    lines: list[str] = []
    begin = size = 0
    fence = info = ""
    for at, row in _rows(text):
        match = _fence.match(row)
        if match and not fence:
            fence, info = match[1], match[2]
        elif match and fence and row.strip().startswith(fence) and not match[2]:
            fence = ""
        lines.append(row)
        size += len(row) + 1
        if (size >= _SLICE and not fence and not row.strip()) or size >= _LONGEST:
            end = at + len(row)
            closed = "\n".join(lines).rstrip("\n") + (f"\n{fence}" if fence else "")
            yield MarkdownSlice(closed, begin, end < len(text) and text[end] != "\n")
            begin = end
            lines, size = ([f"{fence}{info}"], len(fence)) if fence else ([], 0)
    if any(row.strip() for row in lines):
        yield MarkdownSlice("\n".join(lines), begin)


def _rows(text: str) -> Iterator[tuple[int, str]]:
    """The lines of a text, long ones in pieces, with where each begins."""
    at = 0
    while at <= len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        for start in range(at, max(end, at + 1), _LONGEST_LINE):
            yield start, text[start : min(end, start + _LONGEST_LINE)]
        at = end + 1


def _markdown(text: str, width: int, palette: Palette, codes: list[str]) -> list[Strip]:
    from agcx_tui.app.blocks.markdown_elements import ThemedMarkdown

    tokens = _parser().parse(text)
    _mend(tokens)
    strips = render(ThemedMarkdown(tokens, palette, codes), max(8, width), _console(palette))
    # A table begins and ends with an empty line; the mark of a message belongs beside words.
    while strips and not strips[-1].text.strip():
        strips.pop()
    first = next((at for at, strip in enumerate(strips) if strip.text.strip()), 0)
    return strips[first:]


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 20})
    return parser.enable(["strikethrough", "table"])


def _mend(tokens: Iterable[Token]) -> None:
    """Make links safe, and put into words what Rich would hide."""
    for token in tokens:
        if token.children:
            token.children = _mended(token.children)


def _mended(children: Iterable[Token]) -> list[Token]:
    from markdown_it.token import Token

    mended: list[Token] = []
    # For each link that is open, the address to show after its text; empty if it can be followed.
    shown_after: list[str] = []
    for child in children:
        if child.type == "link_open":
            address = str(child.attrs.get("href", ""))
            target = followable(address)
            if target:
                child.attrs["href"] = target
                mended.append(child)
            shown_after.append("" if target else address)
        elif child.type == "link_close":
            address = shown_after.pop() if shown_after else ""
            if not address:
                mended.append(child)
            elif not mended or mended[-1].content != address:
                mended.append(Token("text", "", 0, content=f" ({address})"))
        elif child.type == "text" and not shown_after and "://" in child.content:
            mended.extend(_linked(child.content))
        elif child.type == "image":
            words = child.content or "image"
            address = str(child.attrs.get("src", ""))[:200]
            mended.append(Token("text", "", 0, content=f"[{words}: {address}]"))
        else:
            mended.append(child)
    for child in mended:
        # The parser has decoded what was safe as it was written: `&#x202e;`, `%E2%80%AE`.
        child.content = safe_text(child.content)
    return mended


def _linked(text: str) -> Iterator[Token]:
    """A text with its bare addresses made links."""
    from markdown_it.token import Token

    at = 0
    for start, end, target in addresses(text):
        yield Token("text", "", 0, content=text[at:start])
        yield Token("link_open", "a", 1, attrs={"href": target})
        yield Token("text", "", 0, content=text[start:end])
        yield Token("link_close", "a", -1)
        at = end
    yield Token("text", "", 0, content=text[at:])


@lru_cache(maxsize=4)
def _console(palette: Palette) -> Console:
    """A console whose Markdown styles are those of the palette."""
    from io import StringIO

    from rich.console import Console
    from rich.theme import Theme

    bold, italic = Style(bold=True), Style(italic=True)
    styles = {
        "markdown.paragraph": Style(),
        "markdown.text": Style(),
        "markdown.h1": palette.heading + Style(bold=True, underline=True),
        "markdown.h2": palette.heading + bold,
        **{f"markdown.h{level}": palette.text + bold for level in (3, 4)},
        **{f"markdown.h{level}": palette.text + bold + italic for level in (5, 6)},
        "markdown.code": palette.code,
        "markdown.code_block": palette.code,
        "markdown.block_quote": palette.muted,
        "markdown.item.bullet": palette.muted,
        "markdown.item.number": palette.muted,
        "markdown.hr": palette.muted,
        "markdown.link_url": palette.link,
        "markdown.table.border": palette.muted,
        "markdown.table.header": bold,
        "markdown.strong": bold,
        "markdown.em": italic,
        "markdown.s": Style(strike=True),
    }
    return Console(
        file=StringIO(), width=80, color_system="truecolor", force_terminal=True,
        legacy_windows=False, markup=False, emoji=False, highlight=False,
        theme=Theme(styles), _environ={},
    )  # fmt: skip


_marked = re.compile(r"[`*]|://").search
_inline = re.compile(r"(`[^`\n]+`)|(\*\*[^*\n]+\*\*)")


def _typed(text: str, width: int, palette: Palette, codes: list[str]) -> list[Strip]:
    from agcx_tui.app.blocks.code import code_strips

    strips: list[Strip] = []
    prose: list[str] = []
    code: list[str] = []
    fence = language = ""

    def flush() -> None:
        for row in prose:
            strips.extend(_typed_row(row, width, palette))
        prose.clear()

    def close() -> None:
        if code:
            drawn = code_strips("\n".join(code), language, width, palette)
            strips.extend(in_piece(drawn, f"code{len(codes)}"))
            codes.append("\n".join(code))
        code.clear()

    for row in text.split("\n"):
        match = _fence.match(row)
        if match and not fence:
            fence, language = match[1], match[2]
            prose.append(row)
            flush()
        elif fence and row.strip().startswith(fence):
            close()
            fence = ""
            prose.append(row)
        elif fence:
            code.append(row)
        else:
            prose.append(row)
    close()
    flush()
    return strips


def _typed_row(row: str, width: int, palette: Palette) -> list[Strip]:
    if len(row) <= width and row.isascii() and not _marked(row):
        return fold(row, width, palette.text)
    styled = Text(row, palette.text)
    for match in _inline.finditer(row):
        styled.stylize(palette.code if match[1] else "bold", *match.span())
    for start, end, target in addresses(row):
        styled.stylize(palette.link + Style(link=target), start, end)
    whole = render(styled, max(1, styled.cell_len))
    return list(broken(whole[0], row, width)) if whole else [Strip([], 0)]


def warm_up() -> None:
    """Import what drawing Markdown needs, a tenth of a second's work; for a thread."""
    import agcx_tui.app.blocks.markdown_elements  # noqa: F401

    _parser()
