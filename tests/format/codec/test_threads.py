"""The first values of a process may be decoded by several threads at the same moment, as by a search."""

from __future__ import annotations

import subprocess
import sys

from agcx_format import InputText, Message, new_message
from agcx_format.codec import messagepack
from tests.support import ROOT
from tests.support.waiting import LIMIT

# Each fork has made no decoder yet.  Threads take turns as often as they can, as on a busy machine.
_DECODE = """
import os, sys, threading
from agcx_format.codec import messagepack

data = bytes.fromhex(sys.argv[1])

def decode():
    together.wait()
    assert len(messagepack.decode_messages(data)) == 9

sys.setswitchinterval(1e-6)
for number in range(40):
    child = os.fork()
    if not child:
        together = threading.Barrier(4)
        threads = [threading.Thread(target=decode) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status == 0, f"fork {number} ended with {os.waitstatus_to_exitcode(status)}"
"""


def test_threads_may_decode_the_first_values_together():
    message = new_message(Message(None, "user", [InputText("hello")]))
    data = messagepack.encode_messages([message] * 9)
    command = [sys.executable, "-c", _DECODE, data.hex()]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
