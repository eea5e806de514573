"""The program on a screen: themes, the keys that work everywhere, and the first screen.

Strategy: imported only when a screen is to be shown, and importing as little as that needs: what
a key brings up is imported when the key is pressed.
"""

from __future__ import annotations

import asyncio
import gc
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events, on
from textual.app import App, SystemCommand
from textual.screen import Screen
from textual.widgets import Input

from agcx_tui.app import themes
from agcx_tui.app.dialogs.once import OnceScreen
from agcx_tui.app.keys.bindings import bindings
from agcx_tui.app.keys.gate import KeyGate
from agcx_tui.app.services import Remember, Services
from agcx_tui.app.textual_internals import EndingApp, is_ending, run_binding
from agcx_tui.app.typed_text import bound, take_waiting, type_into
from agcx_tui.app.widgets.lines.typed_line import TypedLine
from agcx_tui.core.local.choices import Remembered
from agcx_tui.core.local.config import Config
from agcx_tui.core.local.keeping_on_exit import log_failure, log_to, quietly
from agcx_tui.core.local.signals import ENDING

if TYPE_CHECKING:
    from textual.await_complete import AwaitComplete
    from textual.command import Provider
    from textual.driver import Driver
    from textual.filter import LineFilter


# Problems of a configuration that are told one by one: more would cover the list.
_SAID = 3


def _action_commands() -> type[Provider]:
    from agcx_tui.app.palette_commands import ActionCommands

    return ActionCommands


def _session_commands() -> type[Provider]:
    from agcx_tui.app.palette_commands import SessionCommands

    return SessionCommands


class AgcxApp(EndingApp[object]):
    """The browser on a store, or with `file` one conversation without a store.

    `looked` are the places where a store was looked for; `state` is the directory in which is kept
    where the reader was and how the program was left, `cache` the one in which is kept what a list
    needs of the sessions, each None not to keep it; without `follow` the store is neither watched
    nor looked through for first words once it is listed; `config` is what the person wrote down,
    with the `problems` that it has; `driver` is what speaks to the terminal, Textual's own by default;
    `clock` gives seconds since 1970.
    """

    TITLE = "agcx"
    BINDINGS = bindings("app")
    COMMANDS: ClassVar = App.COMMANDS | {_action_commands, _session_commands}
    ENABLE_COMMAND_PALETTE = True
    # Nothing here moves for the sake of moving.
    animation_level = "none"

    def __init__(
        self,
        store_path: str | None,
        *,
        file: str | None = None,
        looked: list[str] | None = None,
        state: Path | None = None,
        cache: Path | None = None,
        follow: bool = True,
        config: Config | None = None,
        problems: Sequence[str] = (),
        driver: type[Driver] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(driver_class=driver)
        self._store_path = store_path
        self._file = file
        self._looked = looked or []
        self._state = state
        self._cache = cache
        self._follow = follow
        self._gate = KeyGate(self)
        log_to(state)
        self.register_theme(themes.DARK)
        self.register_theme(themes.LIGHT)
        self.config = config or Config()
        self.services = Services(
            now=lambda: int(clock() * 1_000_000),
            config=self.config,
            state=state,
            cache=cache,
            hold_keys=self._gate.asked_unbidden,
        )
        self._problems = list(problems)
        self._remembered = Remembered(state)
        self.theme = self._first_theme()

    def get_css_variables(self) -> dict[str, str]:
        variables = super().get_css_variables()
        variables |= themes.selection_variables(variables)
        if self.no_color:
            # A terminal that has none would not show the cursor by what lies behind it.  Textual does not
            # reverse the lines of its own lists.
            variables["block-cursor-text-style"] = "bold underline"
            variables["block-cursor-blurred-text-style"] = "bold"
        return variables

    def get_line_filters(self) -> Sequence[LineFilter]:
        from agcx_tui.app.drawn_text import DRAWN_TEXT

        return [*super().get_line_filters(), DRAWN_TEXT]

    def _first_theme(self) -> str:
        """As it is written down, else as it was left, else as it suits the terminal."""
        self._problems += themes.problems(self.config)
        for name in (self.config.theme, self._remembered.choices.theme):
            if name in self.available_themes:
                return name
        return themes.LIGHT.name if _on_light_background() else themes.DARK.name

    def on_load(self) -> None:
        """What ends the program from outside leaves the terminal as it was; before it is changed."""
        loop = asyncio.get_running_loop()
        for number in ENDING:
            with suppress(ValueError, RuntimeError, NotImplementedError):
                loop.add_signal_handler(number, self.exit, None, 128 + number)

    def on_mount(self) -> None:
        if not gc.isenabled():
            # What was imported stays: it need not be looked through with each collection.
            gc.freeze()
            gc.enable()
        # Whatever was on the terminal meanwhile, it is gone over whole.
        self.app_resume_signal.subscribe(self, lambda _: self.refresh(layout=True))
        self.watch(self, "theme", lambda name: self.remember(theme=name), init=False)
        if self.config.keys:
            from agcx_tui.app.keys.usable import usable

            keys, refused = usable(self.config)
            self.set_keymap(dict(keys))
            self._problems += refused
            self.run_worker(lambda: self._check_keys(keys), thread=True, group="config")
        else:
            self._say_problems(self._problems)

    def _check_keys(self, keys: Mapping[str, str]) -> None:
        """In a thread: to know all names, all screens are imported."""
        from agcx_tui.app.keys.conflicts import key_problems

        problems = [*self._problems, *key_problems(keys, self.config.place)]
        self.call_from_thread(self._say_problems, problems)

    def _say_problems(self, problems: Sequence[str]) -> None:
        from agcx_format.transcript import safe_line

        if len(problems) > _SAID:
            problems = [f"{len(problems)} things are wrong with it: agcx config lists them."]
        for problem in problems:
            text = safe_line(problem)
            self.notify(text, title="Configuration", severity="warning", timeout=12, markup=False)

    def remember(self, **choices: Any) -> None:
        """Leave the program so (`remembered.Choices`), to find it so the next time."""
        if self._remembered.change(**choices):
            self.run_worker(self._remembered.keep, thread=True, group="remember")

    @on(Remember)
    def _remember(self, message: Remember) -> None:
        self.remember(**message.choices)

    def now(self) -> int:
        """Microseconds since 1970."""
        return self.services.now()

    def get_default_screen(self) -> Screen[Any]:
        if self._file is not None:
            from agcx_tui.app.screens.open_conversation import conversation_screen

            return conversation_screen(self, self.services, self._file)
        from agcx_tui.app.screens.browser.browser import BrowserScreen

        catalog = None
        if self._cache is not None and self._store_path is not None:
            from agcx_format.catalog import Catalog
            from agcx_tui.core.local.paths import catalogs

            catalog = Catalog(catalogs(self._cache), self._store_path)
        config, left = self.config, self._remembered.choices
        # A direction that was chosen for another key does not hold for this one.
        is_chosen = config.descending is not None or config.sort not in (None, left.sort)
        return BrowserScreen(
            self.services,
            self._store_path,
            looked=self._looked,
            catalog=catalog,
            follow=self._follow,
            preview=config.preview or left.preview,
            shares={"right": left.share_right, "below": left.share_below},
            sort=config.sort or left.sort,
            descending=config.descending if is_chosen else left.descending,
        )

    async def on_event(self, event: events.Event) -> None:
        """Obey what is typed in the order in which it was typed."""
        typed = isinstance(event, events.Key | events.Paste) and not event.is_forwarded
        if typed and not is_ending(self):
            await self._gate.ready()
            self._gate.note(event)
        if isinstance(event, events.Key) and await self._obeys_key(event):
            return
        if not self._gate.admits(event):
            return
        field = self.focused if typed else None
        if isinstance(field, Input):
            await self._type(field, event)
        else:
            await super().on_event(event)

    async def _type(self, field: Input, event: events.Event) -> None:
        """Have a text field take what was typed or pasted, in one go where more of it waits."""
        if isinstance(event, events.Paste):
            type_into(field, next(iter(event.text.splitlines()), ""), event.time)
            return
        if isinstance(event, events.Key) and event.is_printable:
            text = await take_waiting(self, event)
            if len(text) > 1:
                type_into(field, text, event.time)
                return
        bound(field)
        await super().on_event(event)

    async def _obeys_key(self, event: events.Key) -> bool:
        """Run what a key is bound to; false when there is nothing, or when a widget is to have the key first.

        Textual would hand the key to the widget that has the focus, and run the binding only when the key
        comes back from there: too late for the keys behind it, which have gone the same way by then.
        """
        if event.is_forwarded or await self._runs_binding(event.key, priority=True):
            return not event.is_forwarded
        field = self.focused
        if not self._gate.admits(event) or field is None or isinstance(field, Input):
            return False
        if not self.screen.is_mounted:
            # It takes its keys in their order once it is there.
            return False
        return await self._runs_binding(event.key)

    async def _runs_binding(self, key: str, *, priority: bool = False) -> bool:
        """Run what a key is bound to, up to where it first waits: a dialog that it opens is there then."""
        found = await run_binding(self, key, priority=priority)
        # Commands are tasks, which begin once the loop goes round.
        await asyncio.sleep(0)
        return found

    def pop_screen(self) -> AwaitComplete:
        was_modal = self.screen.is_modal
        left = super().pop_screen()
        self._gate.screen_left(was_modal)
        return left

    def on_key(self, event: events.Key) -> None:
        """A letter typed faster than the focus moved goes where the focus is by now.

        Textual hands a key to the widget that has the focus when it is read; `/` typed before it may not
        have been obeyed yet.  What a text field would have taken never comes here otherwise, and
        as a key of the list it might delete.
        """
        field = self.focused
        if isinstance(field, TypedLine):
            # It keeps what is typed in order by itself.
            taken = field.take(event)
        elif taken := field is not None and field.check_consume_key(event.key, event.character):
            field.post_message(events.Key(event.key, event.character))
        if taken:
            event.stop().prevent_default()

    def exit(self, *arguments: Any, **options: Any) -> None:
        quietly("the page of the list", self._keep_page)
        super().exit(*arguments, **options)

    def failed_while_ending(self, error: Exception) -> None:
        log_failure("the program was ending", error)

    def _keep_page(self) -> None:
        """Keep what the list shows: the next start paints it before anything else."""
        from agcx_tui.app.screens.browser.browser import BrowserScreen

        first = self.screen_stack[0] if self.screen_stack else None
        if self._cache is None or self._store_path is None or not isinstance(first, BrowserScreen):
            return
        from agcx_tui.app.screens.browser.page import keep_page

        keep_page(first, self._cache, self._store_path)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Of Textual's own entries of the palette, those that are of use here."""
        for command in super().get_system_commands(screen):
            if command.title in ("Theme", "Quit"):
                yield command

    def action_leave(self) -> None:
        """q closes what lies on top, and leaves the program from the screen that it began with."""
        if len(self.screen_stack) > 1:
            self.pop_screen()
        else:
            self.exit()

    def copy_to_clipboard(self, text: str) -> None:
        """Copies that Textual's own fields make go the same way as all others."""
        from agcx_tui.app.widgets.copying import copy
        from agcx_tui.core.words.format import counted

        copy(self, text, counted(len(text), "character"))

    async def action_copy_or_quit(self) -> None:
        """ctrl+c copies what is selected, which then is so no more; without, it quits."""
        field = self.focused if isinstance(self.focused, Input) else None
        in_field = field.selected_text if field is not None else ""
        text = in_field or self.screen.get_selected_text()
        if not text:
            await self.action_quit()
            return
        self.copy_to_clipboard(text)
        self.screen.clear_selection()
        if field is not None and in_field:
            # Nothing but the cursor is left of what was selected.
            field.cursor_position = field.cursor_position

    def action_command_palette(self) -> None:
        from agcx_tui.app.dialogs.palette import Palette

        if not Palette.is_open(self):
            self.push_screen(Palette(id="--command-palette"))

    def action_help(self) -> None:
        from agcx_tui.app.dialogs.help import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            screen = self.screen
            extra = screen.help_text if isinstance(screen, OnceScreen) else None
            self.push_screen(HelpScreen(list(screen.active_bindings.values()), extra))


def _on_light_background() -> bool:
    """What rxvt, Konsole and others say in COLORFGBG: `0;15` is black on white.

    Terminals that can be asked answer late or never, and the first rows do not wait for that.
    """
    return os.environ.get("COLORFGBG", "").rpartition(";")[2] in ("7", "15")
