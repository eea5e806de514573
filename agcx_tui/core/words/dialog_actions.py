"""The rows of the table of actions for dialogs."""

from __future__ import annotations

from collections.abc import Mapping

from agcx_tui.core.words.action import Action, changing, finding, moving

__all__ = ["DIALOGS"]

_DELETE = changing("delete.yes", "d,delete,ctrl+s", "delete", "delete", footer="delete", label="d")

# fmt: off
DIALOGS: Mapping[str, tuple[Action, ...]] = {
    "dialog": (
        Action("dialog.cancel", "escape", "dismiss(None)", "cancel", footer="cancel"),
        moving("dialog.previous", "left", "app.focus_previous", "previous"),
        moving("dialog.next", "right", "app.focus_next", "next"),
        moving("dialog.up", "up", "line(-1)", "a line up, or previous"),
        moving("dialog.down", "down", "line(1)", "a line down, or next"),
        moving("dialog.page-up", "pageup", "page(-1)", "a page up"),
        moving("dialog.page-down", "pagedown", "page(1)", "a page down"),
    ),
    "verify": (changing("verify.repair", "V", "repair", "repair", footer="repair"),),
    "picks": (
        moving("picks.previous", "left", "step(-1)", "previous choice"),
        moving("picks.next", "right", "step(1)", "next choice"),
        moving("picks.up", "up", "row(-1)", "choice above"),
        moving("picks.down", "down", "row(1)", "choice below"),
        moving("picks.go", "enter", "enter", "done"),
    ),
    "box": (
        moving("box.toggle", "space", "toggle_button", "toggle"),
        moving("box.go", "enter", "enter", "done"),
    ),
    # The key that asked also answers; Enter stays on Cancel.
    "delete": (_DELETE,),
    "ask-to-delete": (_DELETE,),
    # What is typed while a button has the focus: the word begins with it.
    "empty": (Action("empty.word", "d", "begin_word", "type the confirmation word"),),
    "ask-to-undo": (changing("undo.yes", "u", "undo", "undo", footer="undo"),),
    "new-title": (Action("rename.go", "enter", "submit", "rename", footer="rename", label="enter"),),
    "rename": (Action("rename.cancel", "escape", "dismiss(None)", "cancel", footer="cancel"),),
    "change": (
        moving("change.first", "down", "enter(0)", "first choice"),
        moving("change.last", "up", "enter(-1)", "last choice"),
        Action("change.delete", "d", "choose('DELETE')", "delete this message"),
        Action("change.replace", "r", "choose('REPLACE')", "replace a text in it"),
        Action("change.split", "x", "choose('SPLIT')", "split off a new session"),
        Action("change.purge", "e", "choose('PURGE')", "remove its earlier versions"),
        Action("change.purge-all", "E", "choose('PURGE_ALL')", "remove all earlier versions"),
        Action("change.redact", "t", "choose('REDACT')", "remove a text from the session"),
        Action("change.secrets", "s", "choose('SECRETS')", "remove all secrets from the session"),
    ),
    "columns": (Action("columns.apply", "ctrl+s", "apply", "apply", footer="apply"),),
    "export": (
        Action("export.redact", "s", "redact", "toggle hiding secrets"),
        Action("export.go", "ctrl+s", "export", "export", footer="export"),
    ),
    "review": (
        Action("review.toggle", "space", "turn_over", "toggle", footer="toggle"),
        Action("review.secret", "s", "turn_secret_over", "this secret", footer="this secret"),
        Action("review.kind", "g", "turn_kind_over", "this kind", footer="this kind"),
        Action("review.all", "a", "turn_all_over", "all", footer="all"),
        Action("review.write", "ctrl+s", "write", "write", footer="write"),
    ),
    "finds": (moving("finds.go", "enter", "enter", "done"),),
    "progress": (Action("progress.stop", "escape", "dismiss(True)", "stop", footer="stop"),),
    "picture": (Action("picture.close", "escape,q,enter", "dismiss(None)", "close"),),
    "help": (
        finding("help.search", "slash", "search", "search", label="/"),
        Action("help.close", "question_mark,q", "dismiss(None)", "close"),
    ),
    "sheet": (
        moving("help.down", "down,j", "scroll_down", "a line down"),
        moving("help.up", "up,k", "scroll_up", "a line up"),
        moving("help.page-down", "pagedown,space,ctrl+d", "page_down", "a page down"),
        moving("help.page-up", "pageup,ctrl+u", "page_up", "a page up"),
        moving("help.home", "home,g", "scroll_home", "to the beginning"),
        moving("help.end", "end,G", "scroll_end", "to the end"),
    ),
}
# fmt: on
