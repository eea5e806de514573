"""What the processes of the tests do."""

from __future__ import annotations

import os
import signal
import time

from agcx_format.errors import CorruptData


class Odd(Exception):
    """It can be pickled, and not be read back."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(one + two)


def act(job: str) -> str:
    """The job in capitals, unless it says what else to do."""
    match job.split():
        case ["wait", seconds]:
            time.sleep(float(seconds))
        case ["damage"]:
            raise CorruptData("damaged", path="there")
        case ["odd"]:
            raise Odd("one", "two")
        case ["priority"]:
            return str(os.nice(0))
        case ["garbage"]:
            # Where its answers go, see `child`.
            os.write(3, b"no answer")
            time.sleep(60)
        case ["print"]:
            print("no answer")
        case ["kill"]:
            os.kill(os.getpid(), signal.SIGKILL)
        case ["interrupt"]:
            os.kill(os.getpid(), signal.SIGINT)
    return job.upper()
