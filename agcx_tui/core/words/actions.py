"""Every action that has a key: its name, its keys, and its words for the footer, help, and the palette.

Strategy: one table, by the place that offers the action.  Bindings, `?`, the palette, the footer, and the
file that `agcx config` prints are all made from it; no class spells out a binding of its own.  Knows no
Textual: `agcx_tui.app.keys.bindings` turns the table into Textual's bindings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

__all__ = ["ACTIONS", "Action", "actions", "by_id", "documented"]


@dataclass(frozen=True, slots=True)
class Action:
    """What a key does.

    Fields:
        id: Its name in a configuration.  Where several places offer one action, the id is the same.
        keys: Textual's names of the keys, with commas between.
        run: What Textual runs: `move(1)` calls `action_move(1)` of whatever has the binding.
        help: What it does, for help and the configuration.
        footer: The words in the footer; None leaves it out there.
        palette: Words that say enough without the place; None stands for those of `help`.
        in_palette: False for what nobody looks up, such as moving the cursor.
        label: How the footer writes the key, where its name is not what is on the keyboard.
        priority: Obeyed before the widget that has the focus gets the key.
    """

    id: str
    keys: str
    run: str
    help: str
    footer: str | None = None
    palette: str | None = None
    in_palette: bool = True
    label: str | None = None
    priority: bool = False


def _move(id: str, keys: str, run: str, help: str) -> Action:
    """An action that only moves the cursor, the view, or the focus."""
    return Action(id, keys, run, help, in_palette=False)


_EXPORT = Action(
    "conversation.export", "e", "export", "export", footer="export", palette="export the session"
)
_NEXT_TAB = Action(
    "conversation.next-tab",
    "tab,ctrl+pagedown",
    "next_tab(1)",
    "tabs",
    footer="tabs",
    palette="show the next tab",
    label="tab",
)
_COPY = Action(
    "transcript.copy",
    "y",
    "copy",
    "copy",
    footer="copy",
    palette="copy the selection, or the message",
)
_MAKE_SESSION = Action(
    "checkpoint.session", "c", "make_session", "new session", footer="new session"
)

# fmt: off
# By place, in the order of the footer and of help.
ACTIONS: Mapping[str, tuple[Action, ...]] = {
    "app": (
        Action("app.help", "question_mark", "help", "help",
               footer="help", palette="show every key that works here", label="?"),
        Action("app.quit", "q", "leave", "quit", in_palette=False),
        Action("app.palette", "ctrl+p", "command_palette", "every action, any session",
               in_palette=False),
        Action("app.exit", "ctrl+q", "quit", "quit at once", in_palette=False, priority=True),
        Action("app.interrupt", "ctrl+c", "copy_or_quit", "copy what is selected, or quit at once",
               in_palette=False, priority=True),
        Action("app.suspend", "ctrl+z", "suspend_process", "suspend",
               palette="suspend the program", priority=True),
    ),
    # --- the browser
    "browser": (
        Action("browser.preview", "p", "preview", "preview right, below, hidden"),
        Action("browser.view", "v", "view", "first words, last words, where you were",
               palette="preview the first words, the last words, or where you were"),
        Action("browser.zoom", "z", "zoom", "maximize preview"),
        Action("browser.rename", "f2", "rename", "rename in place", palette="rename the session"),
        Action("browser.tags", "number_sign", "tags", "tags", palette="change the tags", label="#"),
        Action("browser.storage", "S", "show('storage')", "storage",
               palette="show the storage"),
        Action("browser.prune", "P", "show('prune')", "clean up"),
        Action("browser.trash", "T", "show('trash')", "trash", palette="show the trash"),
        Action("browser.log", "L", "show('log')", "history",
               palette="show the history"),
        Action("browser.filter", "slash", "filter", "filter",
               footer="filter", palette="filter the sessions", label="/"),
        Action("browser.search", "f", "search", "search inside all conversations",
               footer="search"),
        Action("browser.export", "e", "export", "export",
               footer="export", palette="export the session, or those marked"),
        Action("browser.delete", "d,delete", "delete", "delete",
               footer="delete", palette="delete the session, or those marked", label="d"),
        Action("browser.duplicate", "D", "duplicate", "duplicate", palette="duplicate the session"),
        Action("browser.favorite", "asterisk", "favorite", "toggle favorite"),
        Action("browser.undo", "u", "undo", "undo", palette="undo the last change"),
        Action("browser.sort", "s", "sort", "sort",
               footer="sort", palette="sort by the next column"),
        Action("browser.import", "i", "show('import')", "import",
               footer="import", palette="import conversations of agents"),
        Action("browser.reverse", "r", "reverse", "reverse the order"),
        Action("browser.group", "G", "group", "group by project, day, agent, model",
               palette="group the list by project, day, agent, model, or none"),
        Action("browser.here", "full_stop", "here", "only this directory",
               palette="show only the sessions of this directory", label="."),
        Action("browser.columns", "C", "columns", "columns", palette="choose the columns"),
        Action("browser.subagents", "A", "subagents", "show or hide subagents"),
        Action("browser.copy-id", "y", "copy('id')", "copy the id"),
        Action("browser.copy-path", "Y", "copy('path')", "copy the path"),
        _move("browser.next", "tab", "app.focus_next", "next pane"),
        _move("browser.previous", "shift+tab", "app.focus_previous", "previous pane"),
        Action("browser.rescan", "f5", "rescan", "reload"),
        Action("browser.clear", "escape", "clear", "clear filter, then marks",
               palette="clear the filter, then the marks"),
    ),
    "filter": (
        Action("filter.open", "enter,ctrl+j", "open", "open",
               footer="open", palette="open the session", label="enter"),
        Action("filter.leave", "escape", "leave", "done: to the list, and esc clears the filter",
               footer="done", in_palette=False, label="esc"),
        _move("filter.down", "down", "move(1)", "down"),
        _move("filter.up", "up", "move(-1)", "up"),
        _move("filter.page-down", "pagedown", "page(1)", "a page down"),
        _move("filter.page-up", "pageup", "page(-1)", "a page up"),
    ),
    # Where Tab completes what is typed: the filter, and the search of all conversations.
    "completed": (
        Action("filter.complete", "tab", "complete(1)", "complete", footer="complete"),
        Action("filter.complete-back", "shift+tab", "complete(-1)", "previous completion"),
    ),
    "list": (
        # To a terminal that nobody has taken over yet, Enter is ctrl+j.
        Action("list.open", "enter,ctrl+j", "open", "open",
               footer="open", palette="open the session", label="enter"),
        Action("list.mark", "space", "mark", "mark",
               footer="mark", palette="mark the session", label="space"),
        _move("list.down", "down,j", "move(1)", "down"),
        _move("list.up", "up,k", "move(-1)", "up"),
        _move("list.page-down", "pagedown", "page(1)", "a page down"),
        _move("list.page-up", "pageup", "page(-1)", "a page up"),
        _move("list.half-down", "ctrl+d", "page(0.5)", "half a page down"),
        _move("list.half-up", "ctrl+u", "page(-0.5)", "half a page up"),
        _move("list.top", "home,g", "top", "first"),
        _move("list.bottom", "end", "bottom", "last"),
        _move("list.previous-start", "left_curly_bracket", "jump(-1)", "previous day, or section"),
        _move("list.next-start", "right_curly_bracket", "jump(1)", "next day, or section"),
        _move("list.fold", "left", "fold(True)", "collapse the section"),
        _move("list.unfold", "right", "fold(False)", "expand the section"),
        _move("list.extend-down", "shift+down,J", "extend(1)", "mark down"),
        _move("list.extend-up", "shift+up,K", "extend(-1)", "mark up"),
        Action("list.mark-all", "a", "mark_all", "mark all shown"),
    ),
    # --- the search of all conversations
    "recall": (
        Action("recall.escape", "escape", "clear_or_leave", "clear, then leave",
               footer="clear, then leave", label="esc"),
        Action("recall.leave", "enter", "leave", "done",
               footer="done", in_palette=False, label="enter"),
        Action("recall.earlier", "up", "earlier", "previous search", in_palette=False),
        Action("recall.later", "down", "later", "next search, or done",
               in_palette=False),
    ),
    "results": (
        Action("results.open", "enter,ctrl+j", "open", "open",
               footer="open", palette="open the match", label="enter"),
        _move("results.down", "down,j", "move(1)", "down"),
        _move("results.up", "up,k", "move(-1)", "up"),
        _move("results.page-down", "pagedown", "page(1)", "a page down"),
        _move("results.page-up", "pageup", "page(-1)", "a page up"),
        _move("results.half-down", "ctrl+d", "page(0.5)", "half a page down"),
        _move("results.half-up", "ctrl+u", "page(-0.5)", "half a page up"),
        _move("results.top", "home,g", "top", "first"),
        _move("results.bottom", "end,G", "bottom", "last"),
    ),
    "find": (
        Action("find.next-match", "n", "match(1)", "next match",
               footer="next", palette="go to the next match"),
        Action("find.previous-match", "N", "match(-1)", "previous match",
               footer="previous", palette="go to the previous match"),
        Action("find.order", "b", "order", "newest first, or best first",
               footer="order", palette="newest first, or best first"),
        Action("find.line", "slash,f", "line", "change the search",
               footer="search", palette="change the search", label="/"),
        Action("find.unsearched", "exclamation_mark", "unsearched", "what could not be searched",
               footer="not searched", palette="show what could not be searched", label="!"),
        Action("find.preview", "p", "preview", "preview right, below, hidden"),
        Action("find.zoom", "z", "zoom", "maximize preview"),
        _move("find.next", "tab", "app.focus_next", "next pane"),
        _move("find.previous", "shift+tab", "app.focus_previous", "previous pane"),
        Action("find.back", "escape", "back", "back",
               footer="back", in_palette=False, label="esc"),
        Action("find.leave", "q", "leave", "back", in_palette=False),
    ),
    # --- the other screens with a list of sessions: the trash, the clean-up
    "sessions": (
        Action("sessions.back", "escape,q", "leave", "back",
               footer="back", in_palette=False, label="esc"),
        Action("sessions.sort", "s", "sort", "sort"),
        Action("sessions.reverse", "r", "reverse", "reverse the order"),
        _move("sessions.next", "tab", "app.focus_next", "next pane"),
        _move("sessions.previous", "shift+tab", "app.focus_previous", "previous pane"),
    ),
    "trash": (
        Action("trash.restore", "r", "restore", "restore", footer="restore",
               palette="restore the session, or those marked"),
        Action("trash.reverse", "R", "reverse", "reverse the order"),
        Action("trash.empty", "E", "empty", "empty the trash", footer="empty the trash"),
        Action("trash.undo", "u", "undo", "undo", footer="undo"),
    ),
    "prune": (
        Action("prune.go", "ctrl+s", "prune", "delete these",
               footer="delete these", palette="delete the sessions listed", priority=True),
        Action("prune.checkpoints", "ctrl+t", "checkpoints", "clean up checkpoints",
               footer="checkpoints", palette="clean up checkpoints", priority=True),
        Action("prune.rule", "slash", "rule", "change the conditions", footer="conditions", label="/"),
    ),
    # --- the screens with lines to choose from: storage, history, import
    "options": (
        Action("paged.back", "escape,q", "leave", "back",
               footer="back", in_palette=False, label="esc"),
        _move("paged.down", "j", "down", "down"),
        _move("paged.up", "k", "up", "up"),
        _move("paged.top", "g", "top", "first"),
        _move("paged.bottom", "G", "bottom", "last"),
    ),
    # The list of lines obeys Enter by itself.
    "storage": (
        Action("storage.open", "o", "choose", "open", footer="open", label="enter"),
        Action("storage.build-index", "b", "build_index", "bring the search index up to date",
               footer="build index", palette="bring the search index up to date"),
        Action("storage.delete-index", "d", "delete_index", "delete the search index",
               footer="delete index", palette="delete the search index"),
    ),
    "history": (
        Action("log.undo", "u,enter", "undo", "undo this change", footer="undo this change", label="u"),
    ),
    "import": (
        Action("import.start", "enter", "start", "import those chosen", footer="import", label="enter",
               palette="import the conversations of the agents chosen", priority=True),
        Action("import.choose", "space", "choose", "choose, or not", footer="choose", label="space"),
        Action("import.undo", "u", "undo", "undo the import", footer="undo"),
        Action("import.look", "f5", "look", "look again"),
    ),
    # --- a conversation
    "conversation": (
        Action("conversation.reopen", "f5", "reopen", "reload"),
        Action("conversation.split", "x", "split", "split in two here",
               palette="split the session in two before this message"),
        Action("conversation.change", "X", "change", "change, delete, or redact messages",
               palette="change or delete the message, or redact the session"),
        Action("conversation.undo", "u", "undo", "undo the last change here"),
        Action("conversation.search", "slash", "search", "search",
               footer="search", palette="search in the conversation", label="/"),
        Action("conversation.next-match", "n", "match(1)", "next match",
               palette="go to the next match"),
        Action("conversation.previous-match", "N", "match(-1)", "previous match",
               palette="go to the previous match"),
        Action("conversation.branches", "B", "branches", "branch tree",
               palette="show the branches of the conversation"),
        Action("conversation.number", "colon,ctrl+g", "go_to_number", "go to a message", label=":"),
        Action("conversation.tab-1", "1", "tab_number(1)", "show the messages"),
        Action("conversation.tab-2", "2", "tab_number(2)", "show the context"),
        Action("conversation.tab-3", "3", "tab_number(3)", "show the checkpoints"),
        Action("conversation.tab-4", "4", "tab_number(4)", "show the details"),
        Action("conversation.tab-5", "5", "tab_number(5)", "show the activity",
               palette="show what happened in the conversation"),
        _NEXT_TAB,
        Action("conversation.previous-tab", "shift+tab,ctrl+pageup", "next_tab(-1)", "previous tab",
               palette="show the previous tab"),
        _EXPORT,
        Action("conversation.editor", "o", "open_editor", "open in the editor",
               palette="open the session in the editor"),
        Action("conversation.resume", "R", "copy_resume", "copy the resume command"),
        Action("conversation.copy-id", "Y", "copy_id", "copy the id"),
        Action("conversation.back", "escape", "back", "back",
               footer="back", palette="go back", label="esc"),
        Action("conversation.leave", "q", "leave", "back", in_palette=False),
    ),
    # A conversation as a checkpoint has it: no room in the footer for all, and no tab of checkpoints.
    "checkpoint": (
        replace(_EXPORT, footer=None),
        replace(_NEXT_TAB, footer=None, label=None),
        Action("checkpoint.tab-3", "3", "tab_number(3)", "show the details"),
        Action("checkpoint.tab-4", "4", "tab_number(4)", "show the activity"),
        _MAKE_SESSION,
    ),
    "checkpoints": (
        _MAKE_SESSION,
        Action("checkpoint.create", "n", "create", "new checkpoint", footer="new",
               palette="keep the session as it is now as a checkpoint"),
        Action("checkpoint.back", "r", "go_back", "go back to it", footer="go back",
               palette="make the session what it was at the checkpoint"),
        Action("checkpoint.rename", "f2", "rename", "rename", palette="rename the checkpoint"),
        Action("checkpoint.delete", "d,delete", "delete", "delete",
               palette="delete the checkpoint", label="d"),
        Action("checkpoint.export", "e", "export", "export", palette="export the checkpoint"),
    ),
    "search": (
        Action("search.give-up", "escape", "leave(False)", "cancel", footer="cancel"),
        Action("search.go", "enter,down,tab", "leave(True)", "go",
               footer="go", in_palette=False, label="enter"),
    ),
    "roll": (
        _move("transcript.down", "down,j", "scroll_down", "a line down"),
        _move("transcript.up", "up,k", "scroll_up", "a line up"),
        _move("transcript.half-down", "ctrl+d", "half(1)", "half a page down"),
        _move("transcript.half-up", "ctrl+u", "half(-1)", "half a page up"),
        _move("transcript.page-down", "pagedown,ctrl+f", "page_down", "a page down"),
        _move("transcript.page-up", "pageup,ctrl+b", "page_up", "a page up"),
        _move("transcript.home", "home,g", "scroll_home", "to the beginning"),
        _move("transcript.end", "end,G", "scroll_end", "to the end"),
    ),
    "transcript": (
        Action("transcript.next", "right_square_bracket", "message(1)", "next message",
               palette="go to the next message", label="]"),
        Action("transcript.previous", "left_square_bracket", "message(-1)", "previous message",
               palette="go to the previous message", label="["),
        Action("transcript.next-turn", "right_curly_bracket", "turn(1)", "next turn",
               palette="go to the next turn", label="}"),
        Action("transcript.previous-turn", "left_curly_bracket", "turn(-1)", "previous turn",
               palette="go to the previous turn", label="{"),
        Action("transcript.parent", "b", "parent", "where it branches from",
               palette="go to the message that this one branches from"),
        Action("transcript.next-way", "right", "way(1)", "next branch", label="→",
               palette="at a branch point, show the next branch"),
        Action("transcript.previous-way", "left", "way(-1)", "previous branch", label="←",
               palette="at a branch point, show the previous branch"),
        Action("transcript.toggle", "enter", "unfold", "expand or collapse",
               footer="expand", palette="expand or collapse the message", label="enter"),
        Action("transcript.tools", "t", "fold_tools", "tools",
               footer="tools", palette="expand or collapse all tool calls"),
        _COPY,
        Action("transcript.thoughts", "T", "fold_thoughts", "thoughts",
               palette="expand or collapse all thoughts"),
    ),
    "facts": (
        Action("facts.choose", "enter", "choose", "open", footer="open", label="enter"),
        _COPY,
    ),
    # --- dialogs
    "dialog": (
        Action("dialog.cancel", "escape", "dismiss(None)", "cancel", footer="cancel"),
        _move("dialog.previous", "left,up", "app.focus_previous", "previous"),
        _move("dialog.next", "right,down", "app.focus_next", "next"),
    ),
    "picks": (
        _move("picks.previous", "left", "step(-1)", "previous choice"),
        _move("picks.next", "right", "step(1)", "next choice"),
        _move("picks.up", "up", "row(-1)", "choice above"),
        _move("picks.down", "down", "row(1)", "choice below"),
        _move("picks.go", "enter", "enter", "done"),
    ),
    # The key that asked also answers; Enter stays on Cancel.
    "delete": (
        Action("delete.yes", "d,delete,ctrl+s", "delete", "delete", footer="delete", label="d"),
    ),
    "rename": (Action("rename.cancel", "escape", "dismiss(None)", "cancel", footer="cancel"),),
    "columns": (Action("columns.apply", "ctrl+s", "apply", "apply", footer="apply"),),
    "export": (Action("export.go", "ctrl+s", "export", "export", footer="export"),),
    "review": (
        Action("review.toggle", "space", "turn_over", "toggle", footer="toggle"),
        Action("review.secret", "s", "turn_secret_over", "this secret", footer="this secret"),
        Action("review.kind", "g", "turn_kind_over", "this kind", footer="this kind"),
        Action("review.all", "a", "turn_all_over", "all", footer="all"),
        Action("review.write", "ctrl+s", "write", "write", footer="write"),
    ),
    "progress": (Action("progress.stop", "escape", "dismiss(True)", "stop", footer="stop"),),
    "help": (Action("help.close", "question_mark,q", "dismiss(None)", "close"),),
}
# fmt: on


def actions() -> Iterator[Action]:
    """All of them, place by place; one that several places offer comes once for each."""
    for offered in ACTIONS.values():
        yield from offered


_BY_ID = {action.id: action for action in actions()}


def by_id(id: str | None) -> Action | None:
    """The action of that name, as one of its places offers it; None if there is none."""
    return None if id is None else _BY_ID.get(id)


def documented() -> dict[str, tuple[str, str]]:
    """By id, the keys with commas between and the words of help; in the order of the ids."""
    return {action.id: (action.keys, action.help) for action in sorted(_BY_ID.values(), key=_id)}


def _id(action: Action) -> str:
    return action.id
