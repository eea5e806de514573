"""What is wrong with a store or a file (`verify_file`, `verify_store`), and what can be saved.

Strategy: a check never raises for what a file holds; everything that it finds is a value (`Finding`), and a
stream of reports is all that leaves this package.  `repair_file` writes what can be saved into a new
file, `repair_beside` into a new session of the same store.  Nothing here changes what it looks at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agcx_format._exports import names_in, on_demand

if TYPE_CHECKING:
    from agcx_format.doctor.checks import verify_file as verify_file
    from agcx_format.doctor.checks import verify_store as verify_store
    from agcx_format.doctor.repair import Repair as Repair
    from agcx_format.doctor.repair import can_be_saved as can_be_saved
    from agcx_format.doctor.repair import repair_file as repair_file
    from agcx_format.doctor.repaired_session import RepairedSession as RepairedSession
    from agcx_format.doctor.repaired_session import repair_beside as repair_beside
    from agcx_format.doctor.report import FileReport as FileReport
    from agcx_format.doctor.report import Finding as Finding
    from agcx_format.doctor.report import ReportPart as ReportPart

_HOMES = {
    "checks": "verify_file verify_store",
    "repair": "Repair can_be_saved repair_file",
    "repaired_session": "RepairedSession repair_beside",
    "report": "FileReport Finding ReportPart",
}

__all__ = names_in(_HOMES)

if not TYPE_CHECKING:
    __getattr__, __dir__ = on_demand(__name__, _HOMES)
