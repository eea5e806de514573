"""What the program holds back for itself is not held back in the programs that it starts."""

from __future__ import annotations

import subprocess
import sys

from tests.support.waiting import LIMIT

_CODE = """
import os, signal, sys
from agcx_tui.core.conversation.resume import Resume, run as resume
from agcx_tui.core.local import editor, signals
assert signals.block()
mask = [sys.executable, "-c", "import signal; print(signal.pthread_sigmask(signal.SIG_BLOCK, []))"]
print(editor.run(mask, sys.argv[1]), flush=True)
print(resume(Resume(tuple(mask), sys.argv[1]), os.environ), flush=True)
print(signals.block() <= signal.pthread_sigmask(signal.SIG_BLOCK, []))
"""


def test_an_editor_and_an_agent_are_started_with_no_signal_blocked(tmp_path):
    words = [sys.executable, "-c", _CODE, str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=LIMIT, check=True)
    assert done.stdout.splitlines() == ["set()", "", "set()", "", "True"]
