"""Where the bytes of a store go, and rules for cleaning up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agcx_format._exports import names_in, on_demand

if TYPE_CHECKING:
    from agcx_format.space.activity import ActivityFacts as ActivityFacts
    from agcx_format.space.activity import ActivitySums as ActivitySums
    from agcx_format.space.activity import ToolTally as ToolTally
    from agcx_format.space.measure import (
        GROUPS as GROUPS,
    )
    from agcx_format.space.measure import (
        KINDS as KINDS,
    )
    from agcx_format.space.measure import (
        FileStats as FileStats,
    )
    from agcx_format.space.measure import (
        Stats as Stats,
    )
    from agcx_format.space.measure import (
        gather as gather,
    )
    from agcx_format.space.measure_cache import StatsCache as StatsCache
    from agcx_format.space.rules import (
        Chosen as Chosen,
    )
    from agcx_format.space.rules import (
        Protected as Protected,
    )
    from agcx_format.space.rules import (
        PruneRule as PruneRule,
    )
    from agcx_format.space.rules import (
        Selection as Selection,
    )
    from agcx_format.space.rules import (
        last_used as last_used,
    )
    from agcx_format.space.rules import (
        select as select,
    )

_HOMES = {
    "activity": "ActivityFacts ActivitySums ToolTally",
    "measure": "FileStats GROUPS KINDS Stats gather",
    "measure_cache": "StatsCache",
    "rules": "Chosen Protected PruneRule Selection last_used select",
}

__all__ = names_in(_HOMES)

if not TYPE_CHECKING:
    __getattr__, __dir__ = on_demand(__name__, _HOMES)
