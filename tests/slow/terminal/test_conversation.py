"""What only a real terminal shows: the screen left to an editor, and addresses one can follow."""

from __future__ import annotations

import os
from pathlib import Path

from msgspec.structs import replace

from agcx_format import read_session, write_session
from agcx_format.model.items import InputImage, InputText, Message
from tests.support.messages import golden, output, snapshot, user
from tests.support.terminals import Terminal, agcx


def terminal(path: Path, **environment: str) -> Terminal:
    """The program with this file in a terminal of 100×30."""
    return Terminal(agcx("browse", path), environment, (100, 30))


def session(path: Path, directory: Path, **fields: object) -> Path:
    """A session in `directory` whose messages hold addresses, good and bad."""
    metadata, conversation, state = read_session(golden("full"))
    said = "see https://example.org/a\x1b]8;;ftp://evil.example/\x1b\\ and file:///etc/passwd"
    conversation = replace(
        conversation,
        messages=[user(said), output("at http://example.org/out(1).", "none")],
        context=replace(conversation.context, working_directory=str(directory)),
    )
    write_session(path, replace(metadata, **fields), conversation, state)
    return path


def test_upper_e_leaves_the_screen_to_the_editor_and_comes_back(tmp_path):
    directory = tmp_path / "-src with space"
    directory.mkdir()
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nprintf "%s|" "$@" "$PWD" > "$TOLD"\n')
    editor.chmod(0o700)
    told = tmp_path / "told"
    path = session(tmp_path / "s.agcx", directory)
    environment = {
        "EDITOR": f"{editor} --wait", "VISUAL": "", "TOLD": str(told),
        "XDG_STATE_HOME": str(tmp_path / "state"), "HOME": str(tmp_path),
    }  # fmt: skip
    with terminal(path, **environment) as screen:
        screen.wait_for("example.org")
        screen.type("E")
        screen.until(told.exists)
        screen.until(lambda: told.read_text().count("|") == 3)
        assert told.read_text() == f"--wait|{directory}|{directory}|"
        # Back on the alternate screen, and it is drawn again.
        screen.until(lambda: screen.written.count(b"\x1b[?1049h") == 2)
        back = screen.written.rindex(b"\x1b[?1049h")
        screen.until(lambda: b"example.org" in screen.written[back:])


def test_upper_r_leaves_the_screen_to_the_agent_in_the_directory_and_comes_back(tmp_path):
    directory = tmp_path / "a $(touch x) b"
    directory.mkdir()
    programs = tmp_path / "programs"
    programs.mkdir()
    agent = programs / "claude"
    # It has the terminal, and ctrl+c is for it alone.
    agent.write_text(
        "#!/bin/sh\ntrap 'printf stopped >> \"$TOLD\"; exit 3' INT\n"
        'printf "%s|" "$@" "$PWD" > "$TOLD"\nread -r line\nprintf "$line" >> "$TOLD"\n'
    )
    agent.chmod(0o700)
    told = tmp_path / "told"
    path = session(tmp_path / "s.agcx", directory, tags=["claude-code"])
    environment = {
        "PATH": f"{programs}:{os.environ['PATH']}", "TOLD": str(told),
        "XDG_STATE_HOME": str(tmp_path / "state"), "HOME": str(tmp_path),
    }  # fmt: skip
    id = str(read_session(path)[0].id)
    with terminal(path, **environment) as screen:
        screen.wait_for("example.org")
        screen.type("R")
        screen.until(told.exists)
        screen.until(lambda: told.read_text().count("|") == 3)
        assert told.read_text() == f"--resume|{id}|{directory}|"
        screen.type("\x03")
        screen.until(lambda: told.read_text().endswith("|stopped"))
        screen.until(lambda: screen.written.count(b"\x1b[?1049h") == 2)
        screen.until(lambda: b"claude exited with status 3" in screen.written)
        assert list(directory.iterdir()) == []


def test_web_addresses_lead_where_they_say_and_nothing_else_can_be_followed(tmp_path):
    path = session(tmp_path / "s.agcx", tmp_path)
    environment = {"XDG_STATE_HOME": str(tmp_path / "state"), "HOME": str(tmp_path)}
    with terminal(path, **environment) as screen:
        screen.wait_for("example.org")
        screen.type("t")
        screen.wait_for("example.org/out(1)")
        links = {
            part.split(b";", 1)[1].split(b"\x1b")[0]
            for part in screen.written.split(b"\x1b]8;")[1:]
        }
        assert links - {b""} == {b"https://example.org/a", b"http://example.org/out(1)"}


def test_a_picture_is_shown_only_in_a_terminal_that_can(tmp_path):
    picture = (
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABpfZ"
        "FQAAAAABJRU5ErkJggg=="
    )
    path = session(tmp_path / "s.agcx", tmp_path)
    metadata, conversation, state = read_session(path)
    shown = Message(None, "user", [InputText("see example.org"), InputImage(picture)])
    write_session(path, metadata, replace(conversation, messages=[snapshot(shown)]), state)
    environment = {"XDG_STATE_HOME": str(tmp_path / "state"), "HOME": str(tmp_path), "TMUX": ""}
    environment |= {"TERM_PROGRAM": "", "KITTY_WINDOW_ID": "", "COLORTERM": "truecolor"}
    # A picture of Kitty is known by the color of its cells.
    for term, no_color in (("xterm-256color", ""), ("xterm-kitty", "1"), ("xterm-kitty", "")):
        known = environment | {"TERM": term} | ({"NO_COLOR": no_color} if no_color else {})
        with terminal(path, **known) as screen:
            screen.wait_for("example.org")
            screen.type("\t\r")
            if term == "xterm-kitty" and not no_color:
                # The protocol of Kitty.
                screen.wait_for("\x1b_G")
            else:
                screen.wait_for(
                    "images only in full color" if no_color else "This terminal shows no images"
                )
                assert b"\x1b_G" not in screen.written
                assert b"\x1b[16t" not in screen.written
