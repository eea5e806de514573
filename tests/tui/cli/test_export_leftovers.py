"""What a killed export left in a person's folder goes with the next export there, and nothing else does."""

from __future__ import annotations

import subprocess
import sys

from agcx_format.store.store import open_store
from agcx_tui.core.export.write_files import Form, export_each, export_together
from tests.support.browsing import demo_copy

# Exports and stops in the middle: one file is written and has no name yet, one is half written.
STUCK = """
import sys
from pathlib import Path
from agcx_tui.core.export.leftovers import exporting_to, temporary_beside
from agcx_tui.core.export.output_file import write

def parts():
    yield b"half"
    print("ready", flush=True)
    sys.stdin.read()

target = Path(sys.argv[1])
with exporting_to([target]):
    temporary_beside(target).write_bytes(b"waits for its name")
    write(target, parts(), overwrite=False)
"""


def test_only_what_is_no_longer_written_is_removed(tmp_path):
    store, out = tmp_path / "store", tmp_path / "out"
    demo_copy(store)
    path = open_store(store).resolve("70b30ef8").path
    # Of the person, or of another program.
    others = [".0123456789abcdef.tmp", ".x.0123456789ab.agcx-tmp", "0123456789abcdef.agcx-tmp"]

    def hidden() -> list[str]:
        return sorted(
            each.name for each in out.iterdir() if each.name not in ("a.md", "b.md", *others)
        )

    command = [sys.executable, "-c", STUCK, str(out / "stuck.md")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as stuck:
        try:
            assert stuck.stdout
            assert stuck.stdout.readline() == b"ready\n"
            for name in others:
                (out / name).write_bytes(b"")
            before = hidden()
            assert len(before) == 2
            assert all(name.endswith(".agcx-tmp") for name in before)
            (done,) = export_each([(path, out / "a.md")], "md", overwrite=False)
            assert not done.error
            assert hidden() == before
        finally:
            stuck.kill()
    assert hidden() == before
    export_together([path], out / "b.md", Form("md"), overwrite=False)
    assert hidden() == []
    assert {each.name for each in out.iterdir()} == {"a.md", "b.md", *others}
