"""Rich's Markdown with quieter headings, code blocks, and quotes.

Imported when the first Markdown is drawn, since `rich.markdown` takes a tenth of a second to import.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, ClassVar

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import BlockQuote, CodeBlock, Heading, HorizontalRule, Markdown
from rich.segment import Segment
from rich.text import Text

from agcx_tui.app.blocks.code import code_strips
from agcx_tui.app.blocks.palette import Palette
from agcx_tui.app.blocks.pieces import piece_style

if TYPE_CHECKING:
    from markdown_it.token import Token

__all__ = ["ThemedMarkdown"]


class _Heading(Heading):
    """At the left, with no box: the words are what counts."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        text = self.text.copy()
        text.justify = "left"
        yield text


class _CodeBlock(CodeBlock):
    """Code on a ground of its own, moved in by two cells so that it stands out without color."""

    palette: Palette
    codes: list[str]

    @classmethod
    def create(cls, markdown: Markdown, token: Token) -> _CodeBlock:
        block = cls((token.info or "").partition(" ")[0] or "text", "")
        assert isinstance(markdown, ThemedMarkdown)
        block.palette, block.codes = markdown.palette, markdown.codes
        return block

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = max(8, options.max_width - 4)
        code = str(self.text)
        ground = self.palette.code_ground + piece_style(f"code{len(self.codes)}")
        self.codes.append(code.removesuffix("\n"))
        for strip in code_strips(code, self.lexer_name, width, self.palette):
            yield Segment("  ", ground)
            for text, style, _ in strip:
                yield Segment(text, ground + style if style else ground)
            yield Segment(" " * (width + 2 - strip.cell_length), ground)
            yield Segment.line()


class _BlockQuote(BlockQuote):
    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        inner = options.update(width=max(8, options.max_width - 2))
        for row in console.render_lines(self.elements, inner, style=self.style, pad=False):
            yield Segment("│ ", self.style)
            yield from row
            yield Segment.line()


class _Rule(HorizontalRule):
    new_line = True

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text("─" * min(24, options.max_width), style=console.get_style("markdown.hr"))


class ThemedMarkdown(Markdown):
    """Markdown from tokens that are parsed and mended already; `codes` gets each code when it is drawn."""

    elements: ClassVar = {
        **Markdown.elements,
        "heading_open": _Heading,
        "fence": _CodeBlock,
        "code_block": _CodeBlock,
        "blockquote_open": _BlockQuote,
        "hr": _Rule,
    }

    def __init__(self, tokens: list[Token], palette: Palette, codes: list[str]) -> None:
        # Without the parser that Markdown makes for itself: it takes as long as drawing a paragraph.
        vars(self).update(_as_by_default())
        self.parsed = tokens
        self.palette = palette
        self.codes = codes


@cache
def _as_by_default() -> dict[str, object]:
    """What Markdown sets."""
    return vars(Markdown("", hyperlinks=True))
