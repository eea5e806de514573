"""What Hypothesis draws depends on the test, and not on the process in which it runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support import ROOT
from tests.support.waiting import LIMIT

_DRAW = """
import hypothesis.strategies as st
from hypothesis import given
import tests.conftest

seen = []

@given(st.one_of(st.text(), st.integers(), st.binary()))
def draw(value):
    seen.append(value)

draw()
print(ascii(seen))
"""


def drawn(folder: Path, *, imports: str, seed: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", f"{imports}\n{_DRAW}"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": f"{ROOT}:{folder}", "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=True,
    )
    return done.stdout


def test_the_same_examples_whatever_is_loaded_and_however_it_is_hashed(tmp_path: Path):
    numbers = ", ".join(str(7919 * number) for number in range(1, 300))
    words = ", ".join(f"'word{number}'" for number in range(300))
    (tmp_path / "many_constants.py").write_text(f"A = [{numbers}]\nB = [{words}]\n")
    alone = drawn(tmp_path, imports="", seed="1")
    assert alone.count(",") > 50
    assert drawn(tmp_path, imports="import many_constants", seed="2") == alone
