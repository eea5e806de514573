"""What a started list has loaded: a start is as fast as what it does without."""

from __future__ import annotations

import subprocess
import sys

# What shows the first rows loads none of these, and what reads them none of the first set.
_CODE = """
import sys, threading
from agcx_tui.app.startup import run
run.import_asyncio()
import agcx_tui.app.app, agcx_tui.app.screens.browser.arranged
before_the_store = set(sys.modules)
from agcx_format.catalog import Columns
from agcx_tui.core.store.looking import compare
for found in compare(sys.argv[1], Columns(), None, None, False, threading.Event()):
    if isinstance(found, list):
        break
never = {
    "ssl", "importlib.metadata", "agcx_format.importing.registry", "agcx_format.catalog.openings",
    "agcx_format.redaction", "agcx_format.store.acts.plan", "agcx_tui.core.local.settings",
    "agcx_tui.core.store.store_work",
}
later = {"agcx_format.model.items", "agcx_tui.core.words.help_pages", "html", "json"}
print(*sorted(never & set(sys.modules) | later & before_the_store))
"""


def test_the_first_rows_are_shown_without_what_they_do_not_need(store):
    """Neither OpenSSL nor importers, nothing that changes a store, and no conversation."""
    words = [sys.executable, "-c", _CODE, str(store)]
    ran = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert (ran.stderr, ran.stdout.strip()) == ("", "")


# What a list loads ahead, since most likely a conversation is opened next.
_OPENED = """
import sys
import agcx_tui.app.screens.conversation.conversation
changing = {"agcx_format.redaction", "agcx_format.store.acts.plan", "agcx_format.store.checkpoints"}
print(*sorted(changing & set(sys.modules)))
"""


def test_a_conversation_is_loaded_ahead_without_what_changes_it():
    """Every list has this in memory, whether a conversation is opened or not."""
    words = [sys.executable, "-c", _OPENED]
    ran = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert (ran.stderr, ran.stdout.strip()) == ("", "")


_CHECKED = """
import sys
from agcx_tui.app.app import AgcxApp
from agcx_tui.app.keys.conflicts import key_problems
key_problems(AgcxApp, {"list.down": "j"})
print(*{"textual_image"} & set(sys.modules))
"""


def test_keys_are_checked_without_asking_the_terminal_for_pictures():
    """Its answer would be keys: one of them is `?`, which opens the help."""
    ran = subprocess.run(
        [sys.executable, "-c", _CHECKED], capture_output=True, text=True, timeout=60, check=False
    )
    assert (ran.stderr, ran.stdout.strip()) == ("", "")
