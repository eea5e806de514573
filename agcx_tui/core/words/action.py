"""What a row of the table of actions is, and what the tasks of help are called."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Literal

import msgspec

__all__ = [
    "TASKS", "Action", "Task", "changing", "finding", "general", "going", "marking", "moving", "taking",
    "viewing",
]  # fmt: skip

Task = Literal["here", "find", "move", "mark", "view", "change", "take", "go", "general"]

TASKS: Mapping[Task, str] = {
    "here": "Here",
    "find": "Open and find",
    "mark": "Mark",
    "change": "Change",
    "take": "Copy and export",
    "view": "View",
    "go": "Go to",
    "move": "Move",
    "general": "Everywhere",
}
"""The headings of help, in its order."""


class Action(msgspec.Struct, frozen=True):
    """What a key does.

    Fields:
        id: Its name in a configuration.  Where several places offer one action, the id is the same.
        keys: Textual's names of the keys, with commas between.
        run: What Textual runs: `move(1)` calls `action_move(1)` of what has the binding.
        help: What it does, for help and the configuration.
        footer: The words in the footer; None leaves it out there.
        palette: Words that say enough without the place; by default those of `help`.
        in_palette: False for what is not worth looking up, such as moving the cursor.
        label: How the footer writes the key, where its name is not what is on the keyboard.
        rank: Greater ones come later in the footer, and are the first that it has no room for.
        pair: The id of the action that goes the other way; the footer writes its key before this one's.
        priority: Obeyed before the widget that has the focus gets the key.
        task: What a person is about who looks for it; its heading in help.
    """

    id: str
    keys: str
    run: str
    help: str
    footer: str | None = None
    palette: str | None = None
    in_palette: bool = True
    label: str | None = None
    rank: int = 0
    pair: str | None = None
    priority: bool = False
    task: Task = "here"


finding = partial(Action, task="find")
marking = partial(Action, task="mark")
changing = partial(Action, task="change")
taking = partial(Action, task="take")
viewing = partial(Action, task="view")
general = partial(Action, task="general")
going = partial(Action, task="go")
# No one searches the palette for what only moves the cursor, the view, or the focus.
moving = partial(Action, task="move", in_palette=False)
