"""Work that is done in other processes, on all cores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agcx_format._exports import names_in, on_demand

if TYPE_CHECKING:
    from agcx_format.processes.child import Failed as Failed
    from agcx_format.processes.child import failure_of as failure_of
    from agcx_format.processes.pool import Ended as Ended
    from agcx_format.processes.pool import Pool as Pool
    from agcx_format.processes.pool import processes_for as processes_for
    from agcx_format.processes.start import start_program as start_program

_HOMES = {
    "child": "Failed failure_of",
    "pool": "Ended Pool processes_for",
    "start": "start_program",
}

__all__ = names_in(_HOMES)

if not TYPE_CHECKING:
    __getattr__, __dir__ = on_demand(__name__, _HOMES)
