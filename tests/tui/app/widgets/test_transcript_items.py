"""What a transcript shows of every kind of item, and of text that is hostile or huge."""

from __future__ import annotations

from uuid import uuid4

from agcx_format.model.items import InputImage, InputText, Message, Other, UnknownItem
from agcx_format.session.lazy import SessionFile
from agcx_format.session.source import ListSource
from agcx_tui.app.widgets.roll.viewport import Place
from tests.support.growing_source import GrowingSource
from tests.support.messages import (
    TranscriptApp,
    assistant,
    call,
    golden,
    output,
    screen_text,
    snapshot,
    thought,
    user,
)
from tests.tui.app.widgets.test_transcript import SIZE


async def test_hostile_text_stays_in_its_own_cells():
    with SessionFile(golden("hostile-text")) as source:
        app = TranscriptApp(source)
        async with app.run_test(size=SIZE) as pilot:
            await app.workers.wait_for_complete()
            await pilot.press("t", "T")
            for y in range(SIZE[1]):
                strip = app.transcript.render_line(y)
                assert strip.cell_length == app.transcript.size.width
                assert not any(
                    ord(character) < 32 or 127 <= ord(character) < 160 for character in strip.text
                )
                assert not any(segment.control for segment in strip)
                assert not any(segment.style and segment.style.link for segment in strip)
            shown = "\n".join(screen_text(app.transcript))
            assert "␛[2J␛[H␛]0;owned" in shown
            assert "[link=file:///etc/passwd]x[/link] [/oops]" in shown
            assert "</pre><img src=x onerror=alert(1)>" in shown.replace("\n  ", " ")


async def test_every_kind_of_item_is_shown():
    with SessionFile(golden("every-item")) as source:
        app = TranscriptApp(source)
        async with app.run_test(size=(100, 60)) as pilot:
            await app.workers.wait_for_complete()
            await pilot.press("t", "T")
            shown = "\n".join(screen_text(app.transcript))
    for words in [
        "■ System", "(empty)", "❯ You", "PNG image · 1 × 1 · 70 B", "https://example.org/shot.png",
        "● Assistant", "Read layout.css", ".grid { display: grid }", "■ Developer", "mixed",
        "ls -la", "completed", "cargo test", "in progress", "env RUST_LOG=debug", "(no command)",
        "rg -n grid", "src/layout.css:12:.grid", "0.1 s", "ok", "not json {", "(no output)",
        "(no text)", "It has no template.", "15 characters encrypted", "raw chain", "plain",
        "other",
    ]:  # fmt: skip
        assert words in shown, words


async def test_unknown_items_edits_and_branches_are_told():
    import msgpack

    strange = UnknownItem(msgpack.packb(["web_search_call", {"query": "grid"}]))
    edited = assistant(
        "new words",
        edited=True,
        edit_history=[("2025-01-01T00:00:00Z", assistant("old words").item)],
    )
    branch = user("a branch", branch_point=True)
    app = TranscriptApp(ListSource([snapshot(strange), edited, branch, snapshot(Other())]))
    async with app.run_test(size=(100, 40)) as pilot:
        shown = "\n".join(screen_text(app.transcript))
        assert "web_search_call" in shown
        assert "edited, 1 earlier form" in shown
        assert "branches here" in shown
        assert "old words" not in shown
        app.transcript.go(1)
        await pilot.press("enter")
        assert any("[-old-]{+new+} words" in line for line in screen_text(app.transcript))
        app.transcript.go(0)
        await pilot.press("enter")
        assert any("query: grid" in line for line in screen_text(app.transcript))


async def test_an_agent_s_own_words_in_a_user_message_are_folded():
    text = "<environment_context>\n<cwd>/x</cwd>\n</environment_context>"
    source = ListSource([user(text), user("fix it\n" + text)])
    app = TranscriptApp(source)
    async with app.run_test(size=(90, 30)) as pilot:
        shown = "\n".join(screen_text(app.transcript))
        assert "▸ context  <environment_context>" in shown
        assert "fix it" in shown
        assert "/x" not in shown
        app.transcript.go(1)
        await pilot.press("enter")
        assert any("<cwd>/x</cwd>" in line for line in screen_text(app.transcript))


async def test_a_thought_in_one_line_is_its_words_without_asterisks():
    said = {
        "*Exactly* ten minutes": "Exactly ten minutes",
        "**Looking *closely* at 2 * 3**\n\nmore": "Looking closely at 2 * 3",
        "# A plan": "A plan",
    }
    app = TranscriptApp(ListSource([thought(text) for text in said]))
    async with app.run_test(size=(90, 30)) as pilot:
        await pilot.pause()
        shown = screen_text(app.transcript)[1 : 1 + len(said)]
        assert [row.partition("reasoning  ")[2] for row in shown] == list(said.values())


async def test_instructions_are_folded_and_a_few_lines_of_them_stand_open():
    def developer(text: str):
        return snapshot(Message(None, "developer", [InputText(text)]))

    rules = "<permissions instructions>\n" + "you may read\n" * 20
    # Short as it is, nobody said it.
    caveat = "Caveat: The messages below were generated by the user while running local commands."
    said = [developer(rules), developer(caveat), user("fix it"), developer("Be brief.")]
    app = TranscriptApp(ListSource(said))
    async with app.run_test(size=(90, 30)) as pilot:
        shown = "\n".join(screen_text(app.transcript))
        assert "▸ instructions  <permissions instructions>" in shown
        assert "▸ instructions  Caveat: The messages" in shown
        assert "you may read" not in shown
        assert "  Be brief." in shown
        await pilot.press("t")
        assert any("you may read" in line for line in screen_text(app.transcript))
        await pilot.press("t")
        # What a subagent was asked to do is said, however long; the instructions before it are not.
        app.transcript.blocks.parent = parent = uuid4()
        task = "Look for the columns.\n" + "There may be more.\n" * 8
        app.transcript.show(ListSource([developer(rules), developer(task), developer(task)]))
        await pilot.pause()
        shown = "\n".join(screen_text(app.transcript))
        assert "■ Task from its parent" in shown
        assert "  Look for the columns." in shown
        assert shown.count("▸ instructions") == 2
        # The conversation of its parent can be before it.
        given = snapshot(Message(None, "developer", [InputText(task)]), parent_message_id=parent)
        app.transcript.show(ListSource([*map(user, map(str, range(30))), given]))
        await pilot.press("end")
        await pilot.pause()
        shown = "\n".join(screen_text(app.transcript))
        assert "■ Task from its parent" in shown
        assert "▸ instructions" not in shown
        assert "continues from" not in shown


async def test_a_compact_transcript_has_no_headers_and_reads_no_further_than_it_must():
    source = GrowingSource([user(f"message {index}") for index in range(500)])
    for _ in range(100):
        source.gate.release()
    app = TranscriptApp(source, compact=True)
    async with app.run_test(size=(60, 12)) as pilot:
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert not app.transcript.can_focus
        assert screen_text(app.transcript)[0] == "❯ message 0"
        assert source.known() < 100


async def test_no_conversation_is_blank_and_an_empty_one_says_so():
    app = TranscriptApp(None)
    async with app.run_test(size=SIZE):
        assert not any(screen_text(app.transcript))
        app.transcript.show(ListSource([]))
        assert "No messages" in "\n".join(screen_text(app.transcript))


async def test_a_huge_message_is_drawn_in_parts():
    with SessionFile(golden("one-huge-message")) as source:
        app = TranscriptApp(source)
        async with app.run_test(size=SIZE) as pilot:
            await app.workers.wait_for_complete()
            app.transcript.unfold(1)
            block = app.transcript.viewport.block(1)
            assert len(block.parts) > 20
            assert len(block._drawn) < 5
            await pilot.press("G")
            assert screen_text(app.transcript)[-1].strip() == "Done."
            assert any(line.strip().startswith("011999 ") for line in screen_text(app.transcript))
            assert app.transcript.viewport.top > Place(1, 10, 0)


async def test_tab_chooses_code_and_commands_and_y_copies_just_that():
    answer = assistant("So:\n\n```python\nx = 1\n\ny = 2\n```\n\nand\n\n    indented\n\ndone")
    run = call('{"cmd":"echo one"}')
    picture = snapshot(
        Message(None, "user", [InputText("See"), InputImage("data:image/png;base64,")])
    )
    app = TranscriptApp(
        ListSource([answer, run, output("one\ntwo"), user("Then\n```\ncode\n```"), picture])
    )
    async with app.run_test(size=SIZE) as pilot:
        transcript = app.transcript

        async def copied(*keys: str) -> str:
            await pilot.press(*keys, "y")
            return app.clipboard

        assert (await copied()).startswith("So:")
        assert await copied("tab") == "x = 1\n\ny = 2"
        # The rail is at its lines alone.
        rows = [transcript.render_line(row).text for row in range(SIZE[1])]
        marked = [row.strip(" ▌") for row in rows if "▌" in row]
        assert marked == ["x = 1", "", "y = 2"]
        assert await copied("tab") == "indented"
        assert await copied("shift+tab") == "x = 1\n\ny = 2"
        # After the last one there is none, and Escape chooses none either.
        assert (await copied("tab", "tab")).startswith("So:")
        await pilot.press("tab")
        assert transcript.give_up()
        assert (await copied()).startswith("So:")
        # Of a call, the command is what one wants.
        assert await copied("]") == "echo one"
        assert await copied("enter", "tab", "tab") == "one\ntwo"
        transcript.go(3)
        assert await copied("tab") == "code"
        transcript.go(4)
        await pilot.press("tab")
        assert transcript.pieces.picture == "data:image/png;base64,"
