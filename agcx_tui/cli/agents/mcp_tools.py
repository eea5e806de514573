"""The tools of `agcx mcp`, as the package `mcp` wants them: their schemas are made from these signatures."""

# No `from __future__ import annotations`: the package reads the annotations of functions inside functions.

from collections.abc import Callable
from typing import Annotated, Literal

from anyio import to_thread
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.tools import Tool
from mcp.types import ToolAnnotations
from pydantic import Field

from agcx_format.errors import PersistenceError
from agcx_format.search import Search
from agcx_format.transcript import safe_text
from agcx_tui.cli.agents.lookup import MOST_HITS, MOST_SESSIONS, BadRequest, Lookup
from agcx_tui.core.words.format import shortened

__all__ = ["make_server"]

# Characters.
_LONGEST_ERROR = 2_000

_READS_ONLY = ToolAnnotations(read_only_hint=True, open_world_hint=False)

_Query = Annotated[
    str,
    Field(
        description="Words that must all occur in a session (a capital makes a word case-sensitive), "
        '"phrases", -not, /regex/. role:user|assistant|tool, tool:NAME, path:FILE, is:error, '
        "in:title|you|assistant|reasoning|tool choose messages; model:, tag:, before:2025-01-31, "
        "after:7d, is:favorite choose sessions."
    ),
]


def make_server(lookup: Lookup, instructions: str) -> MCPServer:
    """A server whose tools answer from `lookup`."""
    reading = Tool.from_function(
        _read_conversation, "read_conversation", annotations=_READS_ONLY, structured_output=False
    )

    # `from` is a keyword: the schema has it as an alias, and the server passes it under that name.
    async def read(id: str, **span: int | None) -> str:
        return await _answer(lambda: lookup.read(id, span["from"] or 1, span["to"]))

    server = MCPServer(
        "agcx",
        instructions=instructions,
        tools=[reading.model_copy(update={"fn": read})],
        log_level="WARNING",
    )

    @server.tool(annotations=_READS_ONLY, structured_output=False)
    async def search_conversations(
        query: _Query,
        limit: Annotated[int, Field(ge=1, le=MOST_HITS, description="Most hits.")] = 20,
        context: Annotated[int, Field(ge=0, le=20, description="Lines around each hit.")] = 0,
        sort: Annotated[Literal["newest", "best"], Field(description="Order.")] = "newest",
    ) -> str:
        """Search inside all conversations. Gives, session by session, "message:role: line" for each hit."""
        begun: list[Search] = []
        try:
            return await _answer(lambda: lookup.search(query, limit, context, sort, begun.append))
        finally:
            # The agent may have ended, or no longer want the answer.
            for each in begun:
                each.stop()

    @server.tool(annotations=_READS_ONLY, structured_output=False)
    async def list_conversations(
        filter: Annotated[
            str,
            Field(
                description="Words or /regex/ of the title or first words; terms as after:7d tag:ui."
            ),
        ] = "",
        limit: Annotated[int, Field(ge=1, le=MOST_SESSIONS, description="Most sessions.")] = 50,
    ) -> str:
        """List conversations, the last updated first: id, date, messages, directory, tags, title."""
        return await _answer(lambda: lookup.list(filter, limit))

    return server


async def _read_conversation(
    id: Annotated[str, Field(description="Id of a session, or its first 4 characters or more.")],
    first: Annotated[
        int, Field(ge=1, alias="from", description="First message, counted from 1.")
    ] = 1,
    last: Annotated[
        int | None, Field(ge=1, alias="to", description="Last message; none for the end.")
    ] = None,
) -> str:
    """Read messages of one conversation as text; a long answer says where to read on."""
    raise AssertionError("declares the parameters only")


async def _answer(ask: Callable[[], str]) -> str:
    try:
        return await to_thread.run_sync(ask, abandon_on_cancel=True)
    except (BadRequest, PersistenceError) as error:
        # It may repeat what was asked, however long that was.
        raise ToolError(safe_text(shortened(str(error), _LONGEST_ERROR))) from error
