"""`agcx mcp` as an agent uses it: the SDK's own client, over stdin and stdout of the real program."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import pytest
from msgspec import structs

from agcx_format import (
    FunctionCall,
    FunctionCallOutput,
    InputText,
    Message,
    new_message,
    new_session,
    open_store,
    read_session,
)
from agcx_format.codec import messagepack
from agcx_format.layout import v1
from agcx_format.search import Index
from agcx_tui.cli.agents.lookup import Lookup
from tests.format.search.odd_stores import save
from tests.support.waiting import LIMIT
from tests.tui.cli.conftest import GRID, QUEUE, run

if TYPE_CHECKING:
    from mcp import Client

GRID_ID = "70b30ef8-e6eb-504a-ab0a-b17d5d131808"
TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
PASSWORD = "correct-horse-battery"


# The shell says how the server ended: the SDK knows only that the connection was closed.
_SAY_HOW_IT_ENDED = '"$@"; echo "the server ended with $?" >&2'


def ask(use: Callable[[Client], Awaitable[None]], *options: str) -> None:
    """Let a client use a server of its own; what the server wrote to stderr is part of a failure."""
    # As much work as all other imports of the tests, in every worker.
    from mcp import Client, StdioServerParameters
    from mcp.client.stdio import stdio_client

    command = [sys.executable, "-m", "agcx_tui", "mcp", *options]
    server = StdioServerParameters(
        command="sh",
        args=["-c", _SAY_HOW_IT_ENDED, "sh", *command],
        env=os.environ | {"PYTHONFAULTHANDLER": "1"},
    )

    async def talk(errors: TextIO) -> None:
        async with asyncio.timeout(LIMIT), Client(stdio_client(server, errlog=errors)) as client:
            await use(client)

    with tempfile.TemporaryFile("w+", encoding="utf-8") as errors:
        try:
            asyncio.run(talk(errors))
        except BaseException as error:
            errors.seek(0)
            error.add_note(f"stderr of the server: {errors.read() or 'nothing'}")
            raise


async def answer(client: Client, tool: str, **arguments: object) -> str:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    return result.content[0].text


async def refusal(client: Client, tool: str, **arguments: object) -> str:
    result = await client.call_tool(tool, arguments)
    assert result.is_error
    return result.content[0].text


def files_of(store) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(store.rglob("*")) if path.is_file()}


def test_an_agent_finds_reads_and_lists_and_changes_nothing(store):
    before = files_of(store)

    async def use(client: Client) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert set(tools) == {"search_conversations", "read_conversation", "list_conversations"}
        assert all(tool.annotations.read_only_hint for tool in tools.values())
        assert set(tools["read_conversation"].input_schema["properties"]) == {"id", "from", "to"}

        found = await answer(client, "search_conversations", query="grid role:user")
        assert found.startswith(f"Fix the grid layout · {GRID}")
        assert "searched 14 of 15 sessions" in found
        number = int(found.splitlines()[1].split(":")[0])

        read = await answer(client, "read_conversation", id=GRID, **{"from": number, "to": number})
        shown = run("show", GRID, "--messages", str(number)).stdout
        assert read.strip() == shown.strip()

        listed = await answer(client, "list_conversations", filter="grid")
        assert listed.startswith(GRID_ID)
        assert listed.endswith("1 session")

    ask(use)
    assert files_of(store) == before


def test_what_cannot_be_done_is_an_error_that_says_why(store):
    within = Path(open_store(store).resolve(GRID).path)
    outside = store.parent / "elsewhere" / within.name
    outside.parent.mkdir()
    outside.write_bytes(within.read_bytes())

    async def use(client: Client) -> None:
        search, read = "search_conversations", "read_conversation"
        assert "look-around" in await refusal(client, search, query="/(?=a)/")
        assert "nothing to search for" in await refusal(client, search, query="")
        assert "a date such as" in await refusal(client, "list_conversations", filter="after:soon")
        assert "no session 'ffff'" in await refusal(client, read, id="ffff")
        assert "only 24 messages" in await refusal(client, read, id=GRID, **{"from": 25})
        assert "Traceback" not in await refusal(client, read, id=GRID, **{"from": 5, "to": 2})
        for path in (outside, "/etc/passwd", f"{store}/../elsewhere/{outside.name}"):
            assert "not a session of this store" in await refusal(client, read, id=str(path))
        assert len(await refusal(client, read, id="a" * 100_000)) < 3_000
        # And it goes on, even if the store is away for a while.
        os.rename(store, away := store.parent / "away")
        assert "no session" in await refusal(client, read, id=GRID)
        for tool in (search, "list_conversations"):
            words = {"query": "grid"} if tool == search else {}
            assert f"there is no store at {store}" in await refusal(client, tool, **words)
        os.rename(away, store)
        assert GRID in await answer(client, search, query="grid")

    ask(use)


@pytest.fixture
def secrets(store) -> str:
    """The id of a session with a token, and with a password that is named in one message only."""
    messages = [
        new_message(Message(None, "user", [InputText(f"The password is: {PASSWORD}")])),
        new_message(FunctionCall(None, "shell", f'{{"command": "curl -u me:{PASSWORD} x"}}', "c")),
        new_message(Message(None, "user", [InputText(f"needle: it was {PASSWORD} with {TOKEN}")])),
    ]
    session = new_session(title=f"Uses {TOKEN} and {PASSWORD}", messages=messages)
    metadata = structs.replace(session.metadata, tags=[f"tag-{TOKEN}"])
    open_store(store).save_session(metadata.id, metadata, *session[1:])
    return str(session.metadata.id)


def test_no_secret_leaves_in_any_answer(store, secrets):
    async def use(client: Client) -> None:
        found = await answer(client, "search_conversations", query="needle", context=2)
        read = await answer(client, "read_conversation", id=secrets)
        listed = await answer(client, "list_conversations")
        assert "needle: it was [redacted" in found
        assert "needle: it was [redacted" in read
        assert "#tag-[redacted" in listed
        assert "Uses [redacted" in listed
        for text in (found, read, listed):
            assert TOKEN not in text
            assert PASSWORD not in text

    ask(use)


def test_each_line_is_there_once_also_where_a_secret_was_longer(store):
    lines = ["first", *(f"needle {number} {TOKEN}" for number in range(4)), "last"]
    said = new_message(Message(None, "user", [InputText("\n".join(lines))]))
    session = new_session(title="", messages=[said])
    open_store(store).save_session(session.metadata.id, *session)
    found = Lookup(open_store(store), Index(store)).search("needle role:user", context=1)
    _, shown = found.split(f"{session.metadata.id}"[:8], 1)
    shown = shown.split("\n\n")[0]
    assert TOKEN not in shown
    assert [line.split()[1:3] for line in shown.splitlines()[1:]] == [
        ["first"], *(["needle", str(number)] for number in range(4)), ["last"]
    ]  # fmt: skip


def test_secrets_are_shown_if_that_is_asked_for(store, secrets):
    async def use(client: Client) -> None:
        assert TOKEN in await answer(client, "search_conversations", query="needle")

    ask(use, "--no-redact")


def test_an_answer_is_bounded_and_says_where_to_read_on(store):
    words = "word " * 1_000
    messages = [new_message(Message(None, "user", [InputText(f"{n} {words}")])) for n in range(30)]
    session = new_session(title="Long", messages=messages)
    open_store(store).save_session(session.metadata.id, *session)
    id = str(session.metadata.id)

    async def use(client: Client) -> None:
        first = await answer(client, "read_conversation", id=id)
        assert len(first) < 60_000
        further = int(first.rsplit("read on from message ", 1)[1].rstrip(")\n"))
        assert 1 < further < 30
        rest = await answer(client, "read_conversation", id=id, **{"from": further})
        assert f"[{further}]" in rest
        hits = await answer(client, "search_conversations", query="word", limit=100)
        assert len(hits) < 60_000
        assert "searched" in hits

    ask(use)


def test_without_the_package_the_command_says_what_to_install(store, monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] in ("mcp", "mcp_types")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "agcx_tui.cli.agents.mcp_tools", raising=False)
    monkeypatch.setattr(sys, "meta_path", [_Missing(), *sys.meta_path])
    result = run("mcp")
    assert result.exit_code == 1
    assert "pip install '.[mcp]'" in result.stderr


class _Missing:
    """As if `mcp` were not installed."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name.split(".")[0] == "mcp":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def test_a_damaged_session_is_read_as_far_as_it_goes(store):
    async def use(client: Client) -> None:
        read = await answer(client, "read_conversation", id="0c970611", **{"to": 2})
        assert "[1]" in read
        whole = await answer(client, "read_conversation", id="0c970611")
        assert "the file is damaged after this" in whole
        assert QUEUE in await answer(client, "search_conversations", query="lease")

    ask(use)


def test_an_agent_that_ends_before_its_answers_is_no_error(store):
    version = {"protocolVersion": "2025-06-18", "capabilities": {}}
    begin = {
        "method": "initialize",
        "params": {**version, "clientInfo": {"name": "x", "version": "1"}},
    }
    call = {"name": "search_conversations", "arguments": {"query": "grid"}}
    requests = [begin, *[{"method": "tools/call", "params": call}] * 20]
    command = [sys.executable, "-m", "agcx_tui", "mcp"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as server:
        server.stdout.close()
        for number, request in enumerate(requests):
            server.stdin.write(json.dumps({"jsonrpc": "2.0", "id": number, **request}) + "\n")
        server.stdin.close()
        assert server.stderr.read() == ""
        assert server.wait(LIMIT) == 0


def test_a_search_that_nobody_waits_for_any_more_is_stopped_at_once(store):
    from agcx_format.search import Index
    from agcx_tui.cli.agents.lookup import Lookup
    from agcx_tui.cli.agents.mcp_tools import make_server

    begun, ended = asyncio.Event(), threading.Event()
    searches = []

    class Slow(Lookup):
        def search(self, query, limit, context, sort, begin):
            searches.append(self.index.find(query))
            begin(searches[0])
            loop.call_soon_threadsafe(begun.set)
            ended.wait(LIMIT)
            return ""

    async def ask_and_leave() -> None:
        nonlocal loop
        loop = asyncio.get_running_loop()
        lookup = Slow(open_store(store), Index(store, None))
        asked = make_server(lookup, "").call_tool("search_conversations", {"query": "the"})
        task = asyncio.create_task(asked)
        await asyncio.wait_for(begun.wait(), LIMIT)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, LIMIT)
        assert not ended.is_set()
        assert list(searches[0]) == []
        ended.set()

    loop = None
    assert list(Index(store, None).find("the"))
    asyncio.run(ask_and_leave())


KEY = "\n".join(
    (
        "-----BEGIN RSA PRIVATE KEY-----",
        *(f"{n:x}Zq" * 16 for n in range(16, 40)),
        "-----END RSA PRIVATE KEY-----",
    )
)


@pytest.mark.parametrize("gap", [200, 212, 220, 228, 234])
def test_no_part_of_a_secret_is_left_where_a_line_is_cut(tmp_path, gap):
    """What is around a match in a long line begins or ends within the token."""
    path = tmp_path / "store"
    path.mkdir()
    around = (
        f"{'a ' * 200}{TOKEN} {'b' * gap} needle {'c' * gap} {TOKEN[::-1]} {TOKEN} {'d ' * 200}"
    )
    save(path / f"{GRID_ID}.agcx", [Message(None, "user", [InputText(around)])])
    found = Lookup(open_store(path), Index(path)).search("needle")
    assert "needle" in found
    assert not parts_of(TOKEN) & parts_of(found)


def test_the_lines_of_a_key_that_is_one_line_in_json_are_hidden(tmp_path):
    path = tmp_path / "store"
    path.mkdir()
    wrapped = json.dumps({"output": f"needle\n{KEY}\n", "metadata": {"exit_code": 0}})
    written = json.dumps({"path": "a", "content": f"needle\n{KEY}"})
    items = [FunctionCall(None, "Write", written, "c"), FunctionCallOutput("c", wrapped)]
    save(path / f"{GRID_ID}.agcx", items)
    lookup = Lookup(open_store(path), Index(path))
    for found in (lookup.search("needle", context=5), lookup.search("/[0-9a-f]Zq/", context=2)):
        assert "[redacted " in found
        assert not parts_of(KEY.replace("-", "")) & parts_of(found)


def test_a_password_that_is_named_after_a_damaged_message_is_hidden(tmp_path):
    path = tmp_path / "store" / f"{GRID_ID}.agcx"
    path.parent.mkdir()
    said = ["one", "DAMAGED", f"curl -u me:{PASSWORD} x", f"It was {PASSWORD}"]
    save(path, [Message(None, "user", [InputText(text)]) for text in said])
    metadata, conversation, state = read_session(path)
    raw = messagepack.encode(conversation.messages).replace(b"DAMAGED", b"\xffAMAGED")
    context = messagepack.encode(conversation.context)
    path.write_bytes(b"".join(v1.LAYOUT.assemble(metadata, raw, context, None, state, 3)))
    read = Lookup(open_store(path.parent), Index(path.parent)).read(GRID_ID)
    assert "not UTF-8" in read
    assert "It was [redacted" in read
    assert PASSWORD not in read


def test_a_password_that_is_named_in_the_environment_is_hidden(tmp_path):
    messages = [new_message(Message(None, "user", [InputText(f"It was {PASSWORD}")]))]
    metadata, conversation, state = new_session(messages=messages)
    context = structs.replace(conversation.context, environment_variables={"DB_PASSWORD": PASSWORD})
    store = open_store(tmp_path / "store")
    session_id = metadata.id
    store.save_session(session_id, metadata, structs.replace(conversation, context=context), state)
    read = Lookup(store, Index(store.path)).read(str(session_id))
    assert "It was [redacted" in read


def parts_of(text: str, size: int = 8) -> set[str]:
    return {text[at : at + size] for at in range(len(text) - size + 1)}
