"""Programs that work for this one: out of reach of its keys, below it in priority, and gone with it."""

from __future__ import annotations

import os
import subprocess
import sys

from agcx_format.processes.start import start_program
from tests.support import ROOT
from tests.support.processes import has_ended, stop
from tests.support.waiting import wait_until

_STARTS = """
import sys, time
from agcx_format.processes.start import start_program
process = start_program([sys.executable, "-c", "input()"])
print(process.pid, flush=True)
time.sleep(600)
"""


def test_keys_do_not_reach_it_and_its_priority_counts_against_ours():
    process = start_program(["cat"])
    # The system signals a group, and shares a processor within a session by priority.
    assert os.getpgid(process.pid) == process.pid
    assert os.getsid(process.pid) == os.getsid(0)
    assert process.communicate(b"said")[0] == b"said"


def test_one_that_is_stopped_ends_with_a_program_that_is_killed():
    command = [sys.executable, "-c", _STARTS]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, start_new_session=True
    ) as program:
        assert program.stdout is not None
        started = int(program.stdout.readline())
        stop(started)
        program.kill()
    wait_until(lambda: has_ended(started), "its end")
