"""The Textual app: themes, the keys that work everywhere, and the first screen.

Strategy: this module is imported only when a screen is to be shown, and imports as little as that needs.
What a key opens is imported when the key is pressed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import App, SystemCommand
from textual.screen import Screen
from textual.widgets import Input

from agcx_tui.app import from_threads, themes, toasts
from agcx_tui.app.dialogs.once import OnceScreen
from agcx_tui.app.keys.bindings import bindings
from agcx_tui.app.keys_in_order import KeysInOrderApp
from agcx_tui.app.services import Remember, Services
from agcx_tui.app.textual_internals import (
    forget_toasts,
    free_strips_at_once,
)
from agcx_tui.core.importing.background import BackgroundImport
from agcx_tui.core.local import collector
from agcx_tui.core.local.choices import Remembered
from agcx_tui.core.local.config import Config
from agcx_tui.core.local.keeping_on_exit import log_failure, log_to, quietly
from agcx_tui.core.local.signals import ENDING
from agcx_tui.core.search.index_keeper import IndexKeeper
from agcx_tui.core.store.file_watch import follow_file

if TYPE_CHECKING:
    from textual.await_complete import AwaitComplete
    from textual.command import Provider
    from textual.driver import Driver
    from textual.filter import LineFilter
    from textual.notifications import SeverityLevel


def _provider(of: str) -> Callable[[], type[Provider]]:
    def load() -> type[Provider]:
        from agcx_tui.app.palette_commands import PROVIDERS

        return PROVIDERS[of]

    return load


class AgcxApp(KeysInOrderApp[object]):
    """The browser on a store or, with `file`, one conversation without a store.

    `looked` are the places where a store was searched.  `state` is the directory for reading positions and
    choices, `cache` the one for what lists need of sessions; None keeps nothing.  Without `follow`, the store
    is neither watched nor read for first words once it is listed.  With `here` the list begins with the
    sessions of the working directory.  `config` is the configuration, with the `problems` found in it; with
    `sync` it may have what agents write imported into the store.  `driver` talks to the terminal, by default
    Textual's own.  `clock` gives seconds since 1970.
    """

    TITLE = "agcx"
    CSS = toasts.CSS
    BINDINGS = bindings("app")
    COMMANDS: ClassVar = App.COMMANDS | set(map(_provider, ("actions", "sessions", "themes")))
    ENABLE_COMMAND_PALETTE = True
    # No animations.
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
        here: bool = False,
        sync: bool = False,
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
        self._here = here
        log_to(state)
        self.register_theme(themes.DARK)
        self.register_theme(themes.LIGHT)
        self.config = config or Config()
        now = lambda: int(clock() * 1_000_000)  # noqa: E731
        self.services = Services(
            now=now,
            config=self.config,
            state=state,
            cache=cache,
            hold_keys=self.gate.asked_unbidden,
            opening=self.gate.opening,
            index=IndexKeeper.of(cache, self.config),
            toasts=toasts.Toasts(now),
            sync=BackgroundImport.of(self.config) if sync else BackgroundImport(),
        )
        self._problems = list(problems)
        self._remembered = Remembered(state)
        self.theme = self._first_theme()

    def get_css_variables(self) -> dict[str, str]:
        variables = super().get_css_variables()
        variables |= themes.selection_variables(variables)
        if self.no_color:
            # Without colors, the cursor would not be visible.  Textual does not reverse the lines of its own
            # lists.
            variables["block-cursor-text-style"] = "bold underline"
            variables["block-cursor-blurred-text-style"] = "bold"
        return variables

    def get_line_filters(self) -> Sequence[LineFilter]:
        from agcx_tui.app.drawn_text import DRAWN_TEXT

        return [*super().get_line_filters(), DRAWN_TEXT]

    def _first_theme(self) -> str:
        """The configured theme, else the last one used, else the one that suits the terminal."""
        self._problems += themes.problems(self.config)
        for name in (self.config.theme, self._remembered.choices.theme):
            if name in self.available_themes:
                return name
        return themes.for_terminal().name

    def on_load(self) -> None:
        """Leave the terminal in order when a signal ends the program; set before the terminal is changed."""
        loop = asyncio.get_running_loop()
        for number in ENDING:
            with suppress(ValueError, RuntimeError, NotImplementedError):
                loop.add_signal_handler(number, self.exit, None, 128 + number)

    def on_mount(self) -> None:
        collector.begin()
        free_strips_at_once()
        self.app_resume_signal.subscribe(self, lambda _: self.draw_all())
        self.watch(self, "theme", lambda name: self.remember(theme=name), init=False)
        if self._follow and self._file is None:
            self.run_worker(self.services.index.run(self.services.store), group="index")
            self.run_worker(self.services.sync.run(self.services.store), group="sync")
        elif self._follow and self._file is not None:
            self.run_worker(follow_file(self._file, self.services.store), group="follow")
        if self.config.keys:
            from agcx_tui.app.keys.usable import usable

            keys, refused = usable(self.config)
            self.set_keymap(dict(keys))
            self._problems += refused
            self.run_worker(lambda: self._check_keys(keys), thread=True, group="config")
        else:
            self._say_problems(self._problems)

    def _check_keys(self, keys: Mapping[str, str]) -> None:
        """Look for conflicts between keys, in a thread: to know all names, it imports all screens."""
        from agcx_tui.app.keys.conflicts import key_problems

        problems = [*self._problems, *key_problems(AgcxApp, keys, self.config.place)]
        from_threads.call(self, self._say_problems, problems)

    def _say_problems(self, problems: Sequence[str]) -> None:
        from agcx_format.transcript import safe_line

        problems = [safe_line(problem) for problem in problems]
        if len(problems) > 1:
            for problem in problems:
                self.services.toasts.keep(f"Configuration: {problem}")
            problems = [f"{len(problems)} problems. agcx config lists them."]
        for problem in problems:
            self.notify(f"Configuration: {problem}", severity="warning", timeout=12, markup=False)

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        """Show a message in place of the one before; the history has it whole."""
        text = f"{title}: {message}" if title else message
        failed = severity != "information"
        shown = self.services.toasts.add(
            text, failed=failed, width=self.size.width, height=self.size.height
        )
        super().notify(shown, severity=severity, timeout=timeout, markup=markup)

    def on_notify(self) -> None:
        forget_toasts(self)

    def remember(self, **choices: Any) -> None:
        """Keep these choices (fields of `Choices`) for the next start."""
        if self._remembered.change(**choices):
            self.run_worker(self._remembered.keep, thread=True, group="remember")

    @on(Remember)
    def _remember(self, message: Remember) -> None:
        self.remember(**message.choices)

    def get_default_screen(self) -> Screen[Any]:
        if self._file is not None:
            from agcx_tui.app.screens.open_conversation import conversation_screen

            return conversation_screen(self, self.services, self._file)
        from agcx_tui.app.screens.browser.arranged import arranged_browser

        return arranged_browser(
            self.services,
            self._store_path,
            self._remembered.choices,
            looked=self._looked,
            follow=self._follow,
            here=self._here,
        )

    def pop_screen(self) -> AwaitComplete:
        was_modal = self.screen.is_modal
        left = super().pop_screen()
        self.gate.screen_left(was_modal)
        if not was_modal:
            forget_toasts(self, but_failures=True)
        return left

    def exit(self, *arguments: Any, **options: Any) -> None:
        quietly("the page of the list", self._keep_page)
        super().exit(*arguments, **options)

    def failed_while_ending(self, error: Exception) -> None:
        log_failure("the program was ending", error)

    def _keep_page(self) -> None:
        """Keep the page of the list: the next start paints it before anything else."""
        from agcx_tui.app.screens.browser.browser import BrowserScreen

        first = self.screen_stack[0] if self.screen_stack else None
        if self._cache is None or self._store_path is None or not isinstance(first, BrowserScreen):
            return
        from agcx_tui.app.screens.browser.page import keep_page

        keep_page(first, self._cache, self._store_path)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Textual's own palette entries, as far as they are useful here."""
        for command in super().get_system_commands(screen):
            if command.title in ("Theme", "Quit"):
                yield command

    def search_themes(self) -> None:
        from agcx_tui.app.palette_commands import theme_palette

        self.push_screen(theme_palette())

    def action_leave(self) -> None:
        """Close the screen on top; from the first screen, quit."""
        if len(self.screen_stack) > 1:
            self.pop_screen()
        else:
            self.exit()

    def copy_to_clipboard(self, text: str) -> None:
        """Copy the way this program does, also from Textual's own fields."""
        from agcx_tui.app.widgets.copying import copy
        from agcx_tui.core.words.format import counted

        copy(self, text, counted(len(text), "character"))

    async def action_copy_or_quit(self) -> None:
        """Copy the selection and clear it; without a selection, quit."""
        field = self.focused if isinstance(self.focused, Input) else None
        in_field = field.selected_text if field is not None else ""
        text = in_field or self.screen.get_selected_text()
        if not text:
            await self.action_quit()
            return
        self.copy_to_clipboard(text)
        self.screen.clear_selection()
        if field is not None and in_field:
            # Clear the selection but keep the cursor.
            field.cursor_position = field.cursor_position

    def action_command_palette(self) -> None:
        from agcx_tui.app.dialogs.palette import Palette

        if not Palette.is_open(self):
            self.push_screen(Palette(placeholder="An action, or a title…", id="--command-palette"))

    def action_help(self) -> None:
        from agcx_tui.app.dialogs.help import HelpScreen, help_sections

        if not isinstance(self.screen, HelpScreen):
            screen = self.screen
            extra, first = None, False
            if isinstance(screen, OnceScreen):
                extra, first = screen.help_section, screen.help_section_first
            bound = screen.active_bindings.values()
            self.push_screen(HelpScreen(help_sections(bound, extra, extra_first=first)))
