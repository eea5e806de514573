"""`python -m tests.bench`: run the measures, print what they found.

The exit status is 1 when a measure could not be taken, and 0 otherwise: a goal that was missed is
told, and no error.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from pathlib import Path

from tests.bench.registry import Measure, select
from tests.bench.report import Row, in_short, print_table, to_plain
from tests.bench.stores import SEED
from tests.bench.workspace import Workspace


def main() -> int:
    arguments = _parse()
    try:
        chosen = select(arguments.only)
    except KeyError as unknown:
        print(f"no measure is called {unknown}; --list names them", file=sys.stderr)
        return 2
    if arguments.list:
        width = max(len(measure.name) for measure in chosen) + 2
        for measure in chosen:
            print(f"{measure.name:<{width}}{measure.what} / {measure.floor}")
        return 0
    # Ended from outside, it still removes what it made.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="agcx-bench-", dir=arguments.dir) as folder:
        work = Workspace(Path(folder), quick=arguments.quick, seed=arguments.seed)
        rows = [_run(measure, work) for measure in chosen]
    if arguments.json:
        print(json.dumps(to_plain(rows, quick=arguments.quick, seed=arguments.seed), indent=1))
    else:
        print_table(rows)
    return 1 if any(row.error for row in rows) else 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="JSON in place of the table")
    parser.add_argument("--list", action="store_true", help="name the measures, run none")
    parser.add_argument("--quick", action="store_true", help="small stores and few repetitions")
    parser.add_argument(
        "--only",
        nargs="+",
        default=[],
        metavar="NAME",
        help="these measures; `list` is also list.read and list.map",
    )
    parser.add_argument("--seed", type=int, default=SEED, help="what the stores are made from")
    parser.add_argument("--dir", help="where the temporary directory is made: the disk to measure")
    return parser.parse_args()


def _run(measure: Measure, work: Workspace) -> Row:
    print(f"{measure.name} … ", end="", file=sys.stderr, flush=True)
    try:
        found = measure.run(work)
        row, told = Row(measure, found), in_short(found)
    except Exception as cause:
        # One that fails must not take the others with it.
        told = f"{type(cause).__name__}: {cause}"
        row = Row(measure, None, told.partition("\n")[0])
    print(told, file=sys.stderr)
    return row


if __name__ == "__main__":
    sys.exit(main())
