"""How the terminal shows pictures: by what it says of itself, and for Kitty by asking it.

Strategy: a picture of Kitty's protocol is drawn through text cells that represent its parts.  Kitty before
0.28 does not know them and would fill the screen with boxes, so it is asked.  No other terminal is: one that
does not know the question might show it.
"""

from __future__ import annotations

import os
import re
import termios
import tty
from collections.abc import Mapping
from select import select

__all__ = ["draws_placeholders", "graphics"]

# A picture of one pixel that is not kept, through placeholders; then what every terminal answers.
_QUESTION = b"\x1b_Gi=1,s=1,v=1,a=q,t=d,f=24,U=1;AAAA\x1b\\" + b"\x1b[c"
_YES = b"\x1b_Gi=1;OK\x1b\\"
_END = re.compile(rb"\x1b\[\?[0-9;]*c")
# Seconds without a byte of the answer; over a slow line it comes in parts.
_PATIENCE = 2.0


def graphics(environment: Mapping[str, str]) -> str:
    """`kitty`, `sixel`, or empty for a terminal that shows no pictures, by its environment.

    Within tmux or screen, what is around them is not known.
    """
    term, program = environment.get("TERM", ""), environment.get("TERM_PROGRAM", "")
    if environment.get("TMUX") or environment.get("STY") or term.startswith(("tmux", "screen")):
        return ""
    if environment.get("KITTY_WINDOW_ID") or term in ("xterm-kitty", "xterm-ghostty"):
        return "kitty"
    is_sixel = program in ("iTerm.app", "WezTerm", "mintty", "contour")
    return "sixel" if is_sixel or term.startswith(("foot", "mlterm", "contour")) else ""


def draws_placeholders(terminal: int) -> bool:
    """Ask a Kitty, through the descriptor of its terminal, whether it draws pictures through text cells.

    Blocks until it has answered.  Nothing else may read from the terminal meanwhile; what is typed is lost.

    Raises:
        OSError: the terminal cannot be asked.
    """
    try:
        before = termios.tcgetattr(terminal)
        tty.setcbreak(terminal, termios.TCSANOW)
    except termios.error as error:
        raise OSError(*error.args) from None
    try:
        os.write(terminal, _QUESTION)
        answer = b""
        while not _END.search(answer) and select([terminal], [], [], _PATIENCE)[0]:
            answer += os.read(terminal, 1024)
    finally:
        termios.tcsetattr(terminal, termios.TCSANOW, before)
    return _YES in answer
