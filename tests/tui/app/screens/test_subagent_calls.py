"""A subagent's session is opened from the call that started it, and Esc leads back."""

from __future__ import annotations

import json
from pathlib import Path

from textual.screen import Screen

from agcx_format import Store, open_store
from agcx_format.importing import agent_named, import_sessions
from agcx_tui.app.dialogs.delete import ConfirmDelete
from agcx_tui.app.screens.conversation.conversation import ConversationScreen
from agcx_tui.app.screens.conversation.subagent_choice import SubagentChoice
from tests.support.browsing import (
    SIZE,
    browser,
    line,
    notices,
    on_top,
    scanned,
    text_of,
    until,
)
from tests.support.rollout_lines import SESSION, call, meta, output, user, write

PICTURE = {"type": "input_image", "image_url": "data:image/png;base64,"}
OTHER = "0199bbbb-1111-7222-8333-444455556666"
THIRD = "0199cccc-1111-7222-8333-444455556666"


def key_line(pilot) -> str:
    return " ".join(each.description for each in pilot.app.screen.query_one("KeyLine").shown())


def labels(pilot, *descriptions: str) -> list[str]:
    keys = pilot.app.screen.query_one("KeyLine").shown()
    return [each.label for each in keys if each.description in descriptions]


def with_a_subagent(tmp_path: Path) -> Store:
    """A session, and that of the subagent that its second message started."""
    folder, store = tmp_path / "in", open_store(tmp_path / "store")
    folder.mkdir()
    source = {"subagent": {"thread_spawn": {"parent_thread_id": SESSION, "agent_role": "scout"}}}
    write(
        folder / f"rollout-{SESSION}.jsonl",
        meta(),
        user("Where are these columns set?\n```\na, b\n```", PICTURE),
        call("spawn_agent", {"message": "look"}, "call_7"),
        output(json.dumps({"agent_id": OTHER}), "call_7"),
    )
    write(folder / f"rollout-{OTHER}.jsonl", meta(id=OTHER, source=source), user("look"))
    list(import_sessions(store, [folder], agent=agent_named("codex")))
    return store


def with_unnamed(tmp_path: Path, *subagents: str) -> Store:
    """A session, and those of subagents that no call of it names."""
    folder, store = tmp_path / "in", open_store(tmp_path / "store")
    folder.mkdir()
    source = {"subagent": {"thread_spawn": {"parent_thread_id": SESSION, "agent_role": "scout"}}}
    write(folder / f"rollout-{SESSION}.jsonl", meta(), user("Where are these columns set?"))
    for each in subagents:
        about = meta(id=each, source=source)
        write(folder / f"rollout-{each}.jsonl", about, user(f"look at {each[:8]}"))
    list(import_sessions(store, [folder], agent=agent_named("codex")))
    return store


async def opened(pilot, before: Screen[object]) -> ConversationScreen:
    """The conversation that opens over a screen."""
    await until(pilot, lambda: pilot.app.screen is not before)
    await until(pilot, lambda: getattr(pilot.app.screen, "opened", None) is not None)
    return pilot.app.screen


async def test_a_subagent_leads_to_the_call_that_started_it(tmp_path):
    """Also if it was opened from the list, or from a search."""
    store = with_a_subagent(tmp_path)
    async with browser(store.path).run_test(size=SIZE) as pilot:
        below = await scanned(pilot, 2)
        await pilot.press("A")
        await until(pilot, lambda: below.table.subagents.shown)
        await pilot.press("end", "enter")
        subagent = await opened(pilot, below)
        assert subagent.opened.metadata.title == "scout: look"
        await until(pilot, lambda: "parent" in key_line(pilot))
        await pilot.press("s")
        parent = await opened(pilot, subagent)
        assert str(parent.opened.metadata.id) == SESSION
        await until(pilot, lambda: parent.transcript.current == 1)
        # From where it is opened again, and back: two screens, however often.
        await pilot.press("s")
        await until(pilot, lambda: pilot.app.screen is subagent)
        await pilot.press("s")
        again = await opened(pilot, subagent)
        await pilot.press("escape", "escape")
        await until(pilot, lambda: pilot.app.screen is below)
        assert again is not parent


async def test_a_parent_that_was_deleted_is_said(tmp_path):
    store = with_a_subagent(tmp_path)
    store.delete([entry for entry in store.scan() if str(entry.id) == SESSION])
    async with browser(store.path).run_test(size=SIZE) as pilot:
        below = await scanned(pilot, 1)
        await pilot.press("enter")
        await opened(pilot, below)
        await until(pilot, lambda: "parent" in key_line(pilot))
        await pilot.press("s")
        await until(pilot, lambda: "The parent of this subagent is not in" in notices(pilot))


async def test_the_session_of_a_subagent_is_opened_from_its_call(tmp_path):
    store = with_a_subagent(tmp_path)
    async with browser(store.path).run_test(size=SIZE) as pilot:
        below = await scanned(pilot, 2)
        # What the list leaves out is no session of it.
        await until(pilot, lambda: "1 session · 1 subagent ·" in line(below, "#title"))
        await pilot.press("d")
        asked = text_of(await on_top(pilot, ConfirmDelete))
        assert "Delete this session and 1 subagent, " in asked
        await pilot.press("escape", "slash", *"Where")
        await until(pilot, lambda: "1 of 1" in line(below, "#filter-status"))
        await pilot.press("escape", "escape", "enter")
        await until(pilot, lambda: getattr(pilot.app.screen, "opened", None) is not None)
        parent = pilot.app.screen
        await until(pilot, lambda: parent.file.subagents.started)
        await pilot.press("s")
        assert pilot.app.screen is parent
        assert "subagent" not in key_line(pilot)
        # The keys of turns have no room beside those of the filter.
        assert labels(pilot, "message") == ["[ ]"]
        # The footer says what keys do with the piece of the message that is chosen.
        await pilot.press("tab")
        await until(pilot, lambda: "copy this" in key_line(pilot))
        await pilot.press("tab")
        await until(pilot, lambda: "show" in key_line(pilot))
        assert "open in viewer" in key_line(pilot)
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: "subagent" in key_line(pilot))
        assert "expand" in key_line(pilot)
        await pilot.press("s")
        await until(pilot, lambda: pilot.app.screen not in (parent, below))
        await until(pilot, lambda: pilot.app.screen.opened is not None)
        assert pilot.app.screen.opened.metadata.title == "scout: look"
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is parent)
        store.delete([entry for entry in store.scan() if str(entry.id) == OTHER])
        await pilot.press("s")
        await until(pilot, lambda: "is not in the store" in notices(pilot))


async def test_a_subagent_that_no_call_names_is_opened_from_anywhere_in_its_parent(tmp_path):
    store = with_unnamed(tmp_path, OTHER)
    async with browser(store.path).run_test(size=SIZE) as pilot:
        below = await scanned(pilot, 2)
        await pilot.press("enter")
        parent = await opened(pilot, below)
        assert str(parent.opened.metadata.id) == SESSION
        await until(pilot, lambda: "subagent" in key_line(pilot))
        await pilot.press("s")
        subagent = await opened(pilot, parent)
        assert str(subagent.opened.metadata.id) == OTHER
        await pilot.press("s")
        await until(pilot, lambda: pilot.app.screen is parent)
        # It was deleted while the parent was being read.
        store.delete([entry for entry in store.scan() if str(entry.id) == OTHER])
        await pilot.press("s")
        await until(pilot, lambda: "is not in the store" in notices(pilot))


async def test_a_subagent_with_subagents_of_its_own_leads_to_them_and_to_its_parent(tmp_path):
    folder, store = tmp_path / "in", with_unnamed(tmp_path, OTHER)
    source = {"subagent": {"thread_spawn": {"parent_thread_id": OTHER, "agent_role": "scout"}}}
    write(folder / f"rollout-{THIRD}.jsonl", meta(id=THIRD, source=source), user("look closer"))
    list(import_sessions(store, [folder], agent=agent_named("codex")))
    async with browser(store.path).run_test(size=(80, 24)) as pilot:
        below = await scanned(pilot, 3)
        await pilot.press("enter")
        parent = await opened(pilot, below)
        assert str(parent.opened.metadata.id) == SESSION
        await pilot.press("s")
        subagent = await opened(pilot, parent)
        await until(pilot, lambda: labels(pilot, "related") == ["s"])
        await pilot.press("s")
        choice = await on_top(pilot, SubagentChoice)
        await pilot.press("j", "enter")
        await until(pilot, lambda: pilot.app.screen not in (choice, subagent))
        await until(pilot, lambda: getattr(pilot.app.screen, "opened", None) is not None)
        assert str(pilot.app.screen.opened.metadata.id) == THIRD
        await pilot.press("s")
        await until(pilot, lambda: pilot.app.screen is subagent)
        await pilot.press("s")
        await on_top(pilot, SubagentChoice)
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.screen is parent)


async def test_among_several_that_no_call_names_the_person_chooses(tmp_path):
    store = with_unnamed(tmp_path, OTHER, THIRD)
    async with browser(store.path).run_test(size=SIZE) as pilot:
        below = await scanned(pilot, 3)
        await pilot.press("enter")
        parent = await opened(pilot, below)
        await until(pilot, lambda: "subagents" in key_line(pilot))
        await pilot.press("s")
        choice = await on_top(pilot, SubagentChoice)
        await until(pilot, lambda: choice.lines.option_count == 2)
        assert "2 subagents" in line(choice, "#title")
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is parent)
        await pilot.press("s")
        await on_top(pilot, SubagentChoice)
        await pilot.press("j", "enter")
        await until(pilot, lambda: pilot.app.screen not in (parent, below))
        await until(pilot, lambda: getattr(pilot.app.screen, "opened", None) is not None)
        assert str(pilot.app.screen.opened.metadata.id) == THIRD
