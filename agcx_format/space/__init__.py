"""Where the bytes of a store go, and rules for cleaning up.

>>> import time
>>> from agcx_format import new_session, open_store
>>> from agcx_format.space import PruneRule, select
>>> store = open_store(directory)
>>> session = new_session(title="Old", created_at="2020-01-01T00:00:00Z")
>>> store.save_session(session.metadata.id, *session)
>>> later = time.time_ns() + 3600 * 10**9
>>> selection = select(store, PruneRule(older_than="2021-01-01T00:00:00Z"), later)
>>> [(each.entry.title, each.reasons) for each in selection.chosen]
[('Old', ('last used 2020-01-01',))]
>>> act = store.delete(selection.entries, kind="prune")
>>> act.count, len(store)
(1, 0)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agcx_format._exports import names_in, on_demand

if TYPE_CHECKING:
    from agcx_format.space.activity import ActivityFacts as ActivityFacts
    from agcx_format.space.activity import ActivitySums as ActivitySums
    from agcx_format.space.activity import ToolTally as ToolTally
    from agcx_format.space.checkpoint_rules import CheckpointSelection as CheckpointSelection
    from agcx_format.space.checkpoint_rules import ChosenCheckpoint as ChosenCheckpoint
    from agcx_format.space.checkpoint_rules import select_checkpoints as select_checkpoints
    from agcx_format.space.measure import GROUPS as GROUPS
    from agcx_format.space.measure import KINDS as KINDS
    from agcx_format.space.measure import FileStats as FileStats
    from agcx_format.space.measure import Stats as Stats
    from agcx_format.space.measure import gather as gather
    from agcx_format.space.measure_cache import StatsCache as StatsCache
    from agcx_format.space.prune_rule import Amount as Amount
    from agcx_format.space.prune_rule import Chosen as Chosen
    from agcx_format.space.prune_rule import Protected as Protected
    from agcx_format.space.prune_rule import PruneRule as PruneRule
    from agcx_format.space.prune_rule import Selection as Selection
    from agcx_format.space.prune_rule import Share as Share
    from agcx_format.space.prune_rule import Spared as Spared
    from agcx_format.space.rules import last_used as last_used
    from agcx_format.space.rules import select as select

_HOMES = {
    "activity": "ActivityFacts ActivitySums ToolTally",
    "checkpoint_rules": "CheckpointSelection ChosenCheckpoint select_checkpoints",
    "measure": "FileStats GROUPS KINDS Stats gather",
    "measure_cache": "StatsCache",
    "prune_rule": "Amount Chosen Protected PruneRule Selection Share Spared",
    "rules": "last_used select",
}

__all__ = names_in(_HOMES)

if not TYPE_CHECKING:
    __getattr__, __dir__ = on_demand(__name__, _HOMES)
