"""The log of a queue, to make the output of a tool long.

It is generated from a fixed seed, so it is always the same.
"""

from __future__ import annotations

from random import Random

_EVENTS = (
    "lease taken by worker-{worker}",
    "job {job:08x} done in {took} ms",
    "job {job:08x} done in {took} ms",
    "job {job:08x} done in {took} ms",
    "job {job:08x} put back: 429 from api.example.com",
    "lease released by worker-{worker}",
)


def log(lines: int) -> str:
    """Lines that begin with a time of day and end with a newline."""
    random = Random(14)
    moment = 8 * 3_600_000
    written = []
    for _ in range(lines):
        moment += random.randrange(2_000)
        event = random.choice(_EVENTS).format(
            worker=random.randrange(7700, 7740),
            job=random.getrandbits(32),
            took=random.randrange(40, 3100),
        )
        seconds, milliseconds = divmod(moment, 1000)
        clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{milliseconds:03}"
        written.append(f"{clock} INFO courier.worker {event}\n")
    return "".join(written)
