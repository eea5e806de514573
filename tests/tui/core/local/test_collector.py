"""The garbage collector of the app passes over what was imported."""

from __future__ import annotations

import subprocess
import sys

_CHILD = """
import gc
from agcx_tui.core.local import collector

assert not collector.keep_imported()
assert not gc.get_freeze_count(), "nothing is kept before the program begins"
gc.disable()
collector.begin()
assert gc.isenabled()
before = gc.get_freeze_count()
collector.keep_imported()
assert gc.get_freeze_count() <= before
values = [[number] for number in range(5_000)]
import asyncio, email.message, http.client, xml.dom.minidom
assert collector.keep_imported(), "it says that there was much"
assert gc.get_freeze_count() >= before + 5_000, "what was made meanwhile is looked through again"
assert not gc.get_objects(generation=2)
"""


def test_what_is_imported_is_not_looked_through_again():
    subprocess.run([sys.executable, "-c", _CHILD], check=True, timeout=60)
