"""An export holds a few messages at a time, however many the session has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest

from agcx_format import limits, new_message, new_session, write_session
from agcx_format.exporting import session_json
from agcx_format.model.items import InputText, Message

# MiB that readers may hold, and messages of one MiB; at once they would take three times as much.
ROOM = 56
COUNT = 64

# In a process of its own: how much more memory it took at most, in MiB, than for a small session.
_MEASURE = """
import sys
from pathlib import Path
from agcx_tui.core.export.write_files import Form, export_each

small, large, target = sys.argv[1:]

def export(source, name):
    (done,) = export_each([(source, Path(target, name))], Form("json"), overwrite=False)
    assert not done.error, done.error

def peak():
    # Of this program alone: `ru_maxrss` begins with the memory of the one that started it.
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))

export(small, "small")
before = peak()
export(large, "large")
print((peak() - before) // 1024)
"""


@pytest.mark.parametrize("layout", [1, 2], ids=["layout 1", "layout 2"])
def test_memory_does_not_grow_with_the_session(tmp_path: Path, layout: int):
    text = Message(None, "user", [InputText("x" * limits.MIB)])
    sessions = []
    for number, count in enumerate((1, COUNT), 1):
        session = new_session(id=UUID(int=number), messages=[new_message(text)] * count)
        sessions.append(session)
        write_session(tmp_path / f"{count}.agcx", *session, layout=layout, level=1)
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            _MEASURE,
            *(tmp_path / f"{each}.agcx" for each in (1, COUNT)),
            tmp_path,
        ],
        capture_output=True,
        text=True,
        check=True,
        # Large blocks are given back at once, so that what is measured is what is in use.
        env=os.environ | {"MALLOC_MMAP_THRESHOLD_": "65536"},
    )
    assert (tmp_path / "large").read_bytes() == session_json(*sessions[1])
    assert int(done.stdout) < ROOM, done.stdout
