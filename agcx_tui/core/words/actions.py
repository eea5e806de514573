"""Every action that has a key: its name, its keys, and its words for the footer, help, and the palette.

Strategy: one table, by the place that offers the action.  Bindings, `?`, the palette, the footer, and the
file that `agcx config` prints are all made from it; no class spells out a binding of its own.  Knows no
Textual: `agcx_tui.app.keys.bindings` turns the table into Textual's bindings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from agcx_tui.core.words.action import (
    Action,
    changing,
    finding,
    general,
    going,
    marking,
    moving,
    taking,
    viewing,
)
from agcx_tui.core.words.dialog_actions import DIALOGS

__all__ = ["ACTIONS", "actions", "by_id", "documented"]

# fmt: off
_EXPORT = taking("conversation.export", "e", "take('export')", "export",
                 footer="export", palette="export the session")
_NEXT_TAB = going("conversation.next-tab", "tab,ctrl+pagedown", "next_tab(1)", "tabs",
                  footer="tabs", palette="show the next tab", label="tab")
_COPY = taking("transcript.copy", "y", "copy", "copy",
               footer="copy", palette="copy the selection, or the message")
_MAKE_SESSION = changing("checkpoint.session", "c", "make_session", "new session from it",
                         footer="session from it")

# By place, in the order of the footer and of help.
ACTIONS: Mapping[str, tuple[Action, ...]] = {
    "app": (
        general("app.help", "question_mark", "help", "help",
               footer="help", palette="show every key that works here", label="?"),
        general("app.quit", "q", "leave", "quit", in_palette=False),
        general("app.palette", "ctrl+p", "command_palette", "every action, any session",
               in_palette=False),
        general("app.exit", "ctrl+q", "quit", "quit at once", in_palette=False, priority=True),
        general("app.interrupt", "ctrl+c", "copy_or_quit", "copy what is selected, or quit at once",
               in_palette=False, priority=True),
        general("app.suspend", "ctrl+z", "suspend_process", "suspend",
               palette="suspend the program", priority=True),
    ),
    # --- the browser
    "browser": (
        viewing("browser.preview", "p", "preview", "preview right, below, hidden",
                footer="preview", rank=4),
        viewing("browser.view", "v", "view", "first words, last words, where you were",
               palette="preview the first words, the last words, or where you were"),
        viewing("browser.zoom", "z", "zoom", "maximize preview"),
        changing("browser.rename", "f2", "act('rename')", "rename in place", palette="rename the session"),
        changing("browser.tags", "number_sign", "act('tags')", "tags", palette="change the tags", label="#"),
        going("browser.storage", "S", "show('storage')", "storage",
               footer="storage", rank=6, palette="show the storage"),
        going("browser.prune", "P", "show('prune')", "clean up", footer="clean up", rank=5),
        going("browser.trash", "T", "show('trash')", "trash", footer="trash", rank=7,
              palette="show the trash"),
        going("browser.history", "L", "show('history')", "history",
               palette="show the history"),
        finding("browser.filter", "slash", "filter", "filter",
               footer="filter", palette="filter the sessions", label="/"),
        finding("browser.search", "f", "search", "search inside all conversations",
               footer="search"),
        taking("browser.export", "e", "act('export')", "export",
               footer="export", palette="export the session, or those marked"),
        changing("browser.delete", "d,delete", "act('delete')", "delete",
               footer="delete", palette="delete the session, or those marked", label="d"),
        changing("browser.duplicate", "D", "act('duplicate')", "duplicate", palette="duplicate the session"),
        changing("browser.favorite", "asterisk", "act('favorite')", "toggle favorite"),
        viewing("browser.verify", "V", "act('verify')", "verify, and repair if damaged",
               palette="verify the session, and repair it if damaged"),
        changing("browser.undo", "u", "act('undo')", "undo", footer="undo", rank=1,
                 palette="undo the last change"),
        viewing("browser.sort", "s", "sort", "sort",
               footer="sort", palette="sort by the next column"),
        going("browser.import", "i", "show('import')", "import",
               footer="import", palette="import conversations of agents"),
        viewing("browser.reverse", "r", "reverse", "reverse the order"),
        viewing("browser.group", "G", "group", "group by project, day, agent, model",
               footer="group", rank=3, palette="group the list by project, day, agent, model, or none"),
        finding("browser.here", "full_stop", "here", "only this directory",
               palette="show only the sessions of this directory", label="."),
        viewing("browser.columns", "C", "columns", "columns", palette="choose the columns"),
        viewing("browser.subagents", "A", "subagents", "show or hide subagents"),
        taking("browser.resume", "R", "act('resume')", "resume in its agent",
               footer="resume", rank=2, palette="resume the session in its agent"),
        taking("browser.copy-resume", "ctrl+r", "act('copy_resume')", "copy the resume command",
               palette="copy the command that resumes the session"),
        taking("browser.copy-id", "y", "act('copy_id')", "copy the id"),
        taking("browser.copy-path", "Y", "act('copy_path')", "copy the path"),
        moving("browser.next", "tab", "app.focus_next", "next pane"),
        moving("browser.previous", "shift+tab", "app.focus_previous", "previous pane"),
        viewing("browser.rescan", "f5", "rescan", "reload"),
        finding("browser.clear", "escape", "clear", "clear filter, then marks",
               palette="clear the filter, then the marks"),
    ),
    "filter": (
        finding("filter.open", "enter,ctrl+j", "open", "open",
               footer="open", palette="open the session", label="enter"),
        finding("filter.leave", "escape", "leave", "back to the list; esc again clears the filter",
               footer="done", in_palette=False, label="esc"),
        moving("filter.down", "down", "move(1)", "down"),
        moving("filter.up", "up", "move(-1)", "up"),
        moving("filter.page-down", "pagedown", "page(1)", "a page down"),
        moving("filter.page-up", "pageup", "page(-1)", "a page up"),
    ),
    # Where Tab completes what is typed: the filter, and the search of all conversations.
    "completed": (
        finding("filter.complete", "tab", "complete(1)", "complete", footer="complete"),
        finding("filter.complete-back", "shift+tab", "complete(-1)", "previous completion"),
    ),
    "list": (
        # While the terminal is not in raw mode yet, Enter is ctrl+j.
        finding("list.open", "enter,ctrl+j", "open", "open",
               footer="open", palette="open the session", label="enter"),
        marking("list.mark", "space", "mark", "mark",
               footer="mark", palette="mark the session", label="space"),
        moving("list.down", "down,j", "move(1)", "down"),
        moving("list.up", "up,k", "move(-1)", "up"),
        moving("list.page-down", "pagedown", "page(1)", "a page down"),
        moving("list.page-up", "pageup", "page(-1)", "a page up"),
        moving("list.half-down", "ctrl+d", "page(0.5)", "half a page down"),
        moving("list.half-up", "ctrl+u", "page(-0.5)", "half a page up"),
        moving("list.top", "home,g", "top", "first"),
        moving("list.bottom", "end", "bottom", "last"),
        moving("list.previous-start", "left_curly_bracket", "jump(-1)", "previous day, or section"),
        moving("list.next-start", "right_curly_bracket", "jump(1)", "next day, or section"),
        viewing("list.fold", "left", "fold(True)", "collapse the section", in_palette=False),
        viewing("list.unfold", "right", "fold(False)", "expand the section", in_palette=False),
        marking("list.extend-down", "shift+down,J", "extend(1)", "mark down", in_palette=False),
        marking("list.extend-up", "shift+up,K", "extend(-1)", "mark up", in_palette=False),
        marking("list.mark-all", "a", "mark_all", "mark all shown"),
    ),
    # --- the search of all conversations
    "recall": (
        finding("recall.escape", "escape", "clear_or_leave", "clear, then leave",
               footer="clear, then leave", label="esc"),
        finding("recall.open", "enter,ctrl+j", "open", "open",
               footer="open", in_palette=False, label="enter"),
        finding("recall.earlier", "up", "earlier", "previous search", in_palette=False),
        finding("recall.later", "down", "later", "next search, or to the results",
               in_palette=False),
    ),
    "results": (
        finding("results.open", "enter,ctrl+j", "open", "open",
               footer="open", palette="open the match", label="enter"),
        moving("results.down", "down,j", "move(1)", "down"),
        moving("results.up", "up,k", "move(-1)", "up"),
        moving("results.page-down", "pagedown", "page(1)", "a page down"),
        moving("results.page-up", "pageup", "page(-1)", "a page up"),
        moving("results.half-down", "ctrl+d", "page(0.5)", "half a page down"),
        moving("results.half-up", "ctrl+u", "page(-0.5)", "half a page up"),
        moving("results.top", "home,g", "top", "first"),
        moving("results.bottom", "end,G", "bottom", "last"),
    ),
    "find": (
        finding("find.next-match", "n", "match(1)", "next match",
               footer="next", palette="go to the next match"),
        finding("find.previous-match", "N", "match(-1)", "previous match",
               footer="previous", palette="go to the previous match"),
        viewing("find.order", "b", "order", "newest first, or best first",
               footer="order", palette="newest first, or best first"),
        finding("find.line", "slash,f", "line", "change the search",
               footer="search", palette="change the search", label="/"),
        finding("find.unsearched", "exclamation_mark", "unsearched", "what could not be searched",
               footer="not searched", palette="show what could not be searched", label="!"),
        viewing("find.preview", "p", "preview", "preview right, below, hidden"),
        viewing("find.zoom", "z", "zoom", "maximize preview"),
        moving("find.next", "tab", "app.focus_next", "next pane"),
        moving("find.previous", "shift+tab", "app.focus_previous", "previous pane"),
        general("find.back", "escape", "back", "back",
               footer="back", in_palette=False, label="esc"),
        general("find.leave", "q", "leave", "back", in_palette=False),
    ),
    # --- the other screens with a list of sessions: the trash, the clean-up
    "sessions": (
        general("sessions.back", "escape,q", "leave", "back",
               footer="back", in_palette=False, label="esc"),
        viewing("sessions.sort", "s", "sort", "sort"),
        viewing("sessions.reverse", "r", "reverse", "reverse the order"),
        moving("sessions.next", "tab", "app.focus_next", "next pane"),
        moving("sessions.previous", "shift+tab", "app.focus_previous", "previous pane"),
    ),
    "trash": (
        finding("trash.filter", "slash", "filter", "filter", footer="filter",
                palette="filter the deleted sessions", label="/"),
        changing("trash.restore", "r", "restore", "restore", footer="restore",
               palette="restore the session, or those marked"),
        viewing("trash.reverse", "R", "reverse", "reverse the order"),
        changing("trash.empty", "E", "empty", "empty the trash", footer="empty"),
        changing("trash.undo", "u", "undo", "undo", footer="undo"),
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
        general("paged.back", "escape,q", "leave", "back",
               footer="back", in_palette=False, label="esc"),
        moving("paged.down", "j", "down", "down"),
        moving("paged.up", "k", "up", "up"),
        moving("paged.top", "g", "top", "first"),
        moving("paged.bottom", "G", "bottom", "last"),
    ),
    "storage": (
        Action("storage.open", "enter,o", "choose", "open", footer="open", label="enter"),
        Action("storage.build-index", "b", "build_index", "bring the search index up to date",
               footer="build index", palette="bring the search index up to date"),
        Action("storage.delete-index", "d", "delete_index", "delete the search index",
               footer="delete index", palette="delete the search index"),
    ),
    "outline": (
        Action("outline.open", "enter,o", "choose", "go to the turn", footer="open", label="enter"),
    ),
    "branches": (
        Action("branches.open", "enter,B", "choose", "go to the branch", footer="open", label="enter"),
    ),
    "subagents": (
        Action("subagents.open", "enter,s", "choose", "open the chosen session",
               footer="open", label="enter"),
    ),
    "history": (
        Action("history.undo", "u,enter", "undo", "undo this change", footer="undo this change", label="u"),
    ),
    "import": (
        Action("import.start", "enter", "start", "import the chosen agents", footer="import", label="enter",
               palette="import the conversations of the chosen agents", priority=True),
        Action("import.choose", "space", "choose", "select or deselect", footer="choose", label="space"),
        Action("import.undo", "u", "undo", "undo the import", footer="undo"),
        Action("import.look", "f5", "look", "look again"),
    ),
    # --- a conversation
    "conversation": (
        viewing("conversation.reopen", "f5", "reopen", "reload"),
        changing("conversation.split", "x", "derive('split')", "split in two here",
               palette="split the session in two before this message"),
        changing("conversation.change", "X", "derive('change')", "change, delete, or redact messages",
               palette="change or delete the message, or redact the session"),
        changing("conversation.undo", "u", "derive('undo')", "undo the last change here"),
        finding("conversation.search", "slash", "search", "search",
               footer="search", palette="search in the conversation", label="/"),
        finding("conversation.next-match", "n", "match(1)", "next match",
               palette="go to the next match"),
        finding("conversation.previous-match", "N", "match(-1)", "previous match",
               palette="go to the previous match"),
        going("conversation.branches", "B", "choose('branches')", "branch tree",
               palette="show the branches of the conversation"),
        going("conversation.subagent", "s", "subagent", "open the subagent, or the parent"),
        going("conversation.number", "colon,ctrl+g", "go_to_number", "go to a message", label=":"),
        going("conversation.tab-1", "1", "tab_number(1)", "show the messages"),
        going("conversation.tab-2", "2", "tab_number(2)", "show the context"),
        going("conversation.tab-3", "3", "tab_number(3)", "show the checkpoints"),
        going("conversation.tab-4", "4", "tab_number(4)", "show the details"),
        going("conversation.tab-5", "5", "tab_number(5)", "show the activity",
               palette="show what happened in the conversation"),
        _NEXT_TAB,
        going("conversation.previous-tab", "shift+tab,ctrl+pageup", "next_tab(-1)", "previous tab",
               palette="show the previous tab"),
        _EXPORT,
        going("conversation.outline", "o", "choose('outline')", "outline of the turns",
              footer="outline", rank=3, palette="show the turns of the conversation, to go to one"),
        taking("conversation.editor", "E", "take('editor')", "open in the editor",
               palette="open the session in the editor"),
        taking("conversation.resume", "R", "take('resume')", "resume in its agent",
               footer="resume", rank=5, palette="resume the session in its agent"),
        taking("conversation.copy-resume", "ctrl+r", "take('copy_resume')", "copy the resume command",
               palette="copy the command that resumes the session"),
        taking("conversation.copy-id", "Y", "take('copy_id')", "copy the id"),
        general("conversation.back", "escape", "back", "back",
               footer="back", palette="go back", label="esc"),
        general("conversation.leave", "q", "leave", "back", in_palette=False),
    ),
    # A conversation as a checkpoint has it: no room in the footer for all, and no tab of checkpoints.
    "checkpoint": (
        replace(_EXPORT, footer=None),
        replace(_NEXT_TAB, footer=None, label=None),
        going("checkpoint.tab-3", "3", "tab_number(3)", "show the details"),
        going("checkpoint.tab-4", "4", "tab_number(4)", "show the activity"),
        _MAKE_SESSION,
    ),
    "checkpoints": (
        _MAKE_SESSION,
        changing("checkpoint.create", "n", "create", "new checkpoint", footer="new checkpoint",
               palette="keep the session as it is now as a checkpoint"),
        changing("checkpoint.back", "r", "go_back", "go back to it", footer="go back",
               palette="make the session what it was at the checkpoint"),
        changing("checkpoint.rename", "f2", "rename", "rename", palette="rename the checkpoint"),
        changing("checkpoint.delete", "d,delete", "delete", "delete",
               palette="delete the checkpoint", label="d"),
        taking("checkpoint.export", "e", "export", "export", palette="export the checkpoint"),
    ),
    "search": (
        finding("search.give-up", "escape", "leave(False)", "cancel", footer="cancel"),
        finding("search.go", "enter,down,tab", "leave(True)", "go",
               footer="go", in_palette=False, label="enter"),
    ),
    "roll": (
        moving("transcript.down", "down,j", "scroll_down", "a line down"),
        moving("transcript.up", "up,k", "scroll_up", "a line up"),
        moving("transcript.half-down", "ctrl+d", "half(1)", "half a page down"),
        moving("transcript.half-up", "ctrl+u", "half(-1)", "half a page up"),
        moving("transcript.page-down", "pagedown,ctrl+f", "page_down", "a page down"),
        moving("transcript.page-up", "pageup,ctrl+b", "page_up", "a page up"),
        moving("transcript.home", "home,g", "scroll_home", "to the beginning"),
        moving("transcript.end", "end,G", "scroll_end", "to the end"),
    ),
    "transcript": (
        moving("transcript.next", "right_square_bracket", "message(1)", "next message",
               footer="message", rank=1, pair="transcript.previous",
               in_palette=True, palette="go to the next message", label="]"),
        moving("transcript.previous", "left_square_bracket", "message(-1)", "previous message",
               in_palette=True, palette="go to the previous message", label="["),
        moving("transcript.next-turn", "right_curly_bracket", "turn(1)", "next turn",
               footer="turn", rank=4, pair="transcript.previous-turn",
               in_palette=True, palette="go to the next turn", label="}"),
        moving("transcript.previous-turn", "left_curly_bracket", "turn(-1)", "previous turn",
               in_palette=True, palette="go to the previous turn", label="{"),
        moving("transcript.parent", "b", "parent", "where it branches from",
               in_palette=True, palette="go to the message that this one branches from"),
        viewing("transcript.next-way", "right", "way(1)", "next branch", label="→",
               palette="at a branch point, show the next branch"),
        viewing("transcript.previous-way", "left", "way(-1)", "previous branch", label="←",
               palette="at a branch point, show the previous branch"),
        viewing("transcript.toggle", "enter", "unfold", "expand or collapse",
               footer="expand", palette="expand or collapse the message", label="enter"),
        viewing("transcript.tools", "t", "fold('tool')", "tools",
               footer="tools", palette="expand or collapse all tool calls"),
        _COPY,
        viewing("transcript.only", "m", "show_only", "filter: all, only said, only failed",
                footer="filter",
                palette="show all messages, only what was said, or only what failed"),
        going("transcript.next-piece", "tab", "piece(1)", "next code, command, or image; then tabs",
              footer="tabs", rank=2, label="tab",
              palette="choose the next code, command, output, or image of the message"),
        moving("transcript.previous-piece", "shift+tab", "piece(-1)",
               "previous code, command, or image; then previous tab"),
        viewing("transcript.thoughts", "T", "fold('reasoning')", "reasoning",
               palette="expand or collapse all reasoning"),
    ),
    "facts": (
        Action("facts.choose", "enter", "choose", "open", footer="open", label="enter"),
        _COPY,
    ),
    **DIALOGS,
}
# fmt: on


def actions() -> Iterator[Action]:
    """All of them, place by place; one that several places offer comes once for each."""
    for offered in ACTIONS.values():
        yield from offered


_BY_ID = {action.id: action for action in actions()}


def by_id(id: str | None) -> Action | None:
    """The action of that name, as one of its places offers it; None if it does not exist."""
    return None if id is None else _BY_ID.get(id)


def documented() -> dict[str, tuple[str, str]]:
    """By id, the keys with commas between and the words of help; in the order of the ids."""
    return {action.id: (action.keys, action.help) for action in sorted(_BY_ID.values(), key=_id)}


def _id(action: Action) -> str:
    return action.id
