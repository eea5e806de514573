"""Jobs that are measured in a process of their own, because memory that was used stays counted.

`python -c "from tests.bench.child import main; main()" JOB PATH` prints one JSON object: `seconds`
that the job took and the `peak` of resident memory in bytes.
"""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from agcx_format import SessionFile, open_store
from tests.bench import floors


def first_message(path: str) -> None:
    with SessionFile(path) as session:
        assert session[0]


def stream(path: str) -> None:
    with SessionFile(path) as session:
        for _ in session:
            pass


# Imported in the jobs, since the others must not pay for it.


def import_rollout(path: str) -> None:
    _import(path, "codex")


def import_transcript(path: str) -> None:
    _import(path, "claude")


def _import(path: str, agent: str) -> None:
    from agcx_format.importing import ImportOutcome, agent_named, import_sessions

    with tempfile.TemporaryDirectory(dir=Path(path).parent) as folder:
        store = open_store(Path(folder) / "store")
        (result,) = import_sessions(store, [Path(path)], agent=agent_named(agent))
        assert result.outcome is ImportOutcome.IMPORTED, result.reason


def import_nothing(path: str) -> None:
    """What the interpreter and the imports of an import take."""
    from agcx_format.importing import agent_named, import_sessions  # noqa: F401

    assert agent_named("codex")


def nothing(path: str) -> None:
    """What the interpreter and the imports take."""
    with SessionFile(path):
        pass


def first_piece(path: str) -> None:
    floors.first_piece(Path(path))


JOBS: dict[str, Callable[[str], None]] = {
    job.__name__: job
    for job in (
        first_message, stream, nothing, first_piece, import_rollout, import_transcript, import_nothing,
    )
}  # fmt: skip


def run(job: str, path: Path, environment: dict[str, str]) -> dict[str, float]:
    """Run a job in a new interpreter; `seconds` and `peak` as in the module's description."""
    command = [sys.executable, "-c", "from tests.bench.child import main; main()", job, str(path)]
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, timeout=600)
    return json.loads(done.stdout)


def peak_memory() -> int:
    """Bytes; from /proc where there is one, since `ru_maxrss` there counts the parent's too."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
    found = re.search(r"VmHWM:\s*(\d+) kB", status)
    assert found
    return int(found[1]) * 1024


def main() -> None:
    job, path = sys.argv[1:]
    # The imports that opening a file brings are not what is measured.
    import msgpack  # noqa: F401
    import zstandard  # noqa: F401

    start = time.perf_counter()
    JOBS[job](path)
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "peak": peak_memory()}))
