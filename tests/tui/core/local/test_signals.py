"""What the program holds back for itself is not held back in the programs that it starts."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.support.waiting import LIMIT

# Starts an editor and an agent, as which a program runs that is given.
_CODE = """
import os, signal, sys
from agcx_tui.core.conversation.resume import Resume, run as resume
from agcx_tui.core.local import editor, signals
assert signals.block()
program = [sys.executable, "-c", sys.argv[2]]
print(editor.run(program, sys.argv[1]), flush=True)
print(resume(Resume(tuple(program), sys.argv[1]), os.environ), flush=True)
print(signals.block() <= signal.pthread_sigmask(signal.SIG_BLOCK, []))
"""

_OWN_MASK = "import signal; print(signal.pthread_sigmask(signal.SIG_BLOCK, []))"

# Waits until the program that started it blocks signals, and says whether it did.
_MASK_OF_PARENT = f"""
import os, time
def blocks():
    with open(f"/proc/{{os.getppid()}}/status") as status:
        return any(int(line[7:], 16) for line in status if line.startswith("SigBlk:"))
end = time.monotonic() + {LIMIT} / 4
while not blocks() and time.monotonic() < end:
    time.sleep(0.01)
print(blocks())
"""


def said_while_running(program: str, directory: os.PathLike[str]) -> list[str]:
    words = [sys.executable, "-c", _CODE, str(directory), program]
    done = subprocess.run(words, capture_output=True, text=True, timeout=LIMIT, check=True)
    return done.stdout.splitlines()


def test_an_editor_and_an_agent_are_started_with_no_signal_blocked(tmp_path):
    assert said_while_running(_OWN_MASK, tmp_path) == ["set()", "", "set()", "", "True"]


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs /proc")
def test_signals_are_blocked_again_while_they_run(tmp_path):
    assert said_while_running(_MASK_OF_PARENT, tmp_path) == ["True", "", "True", "", "True"]
