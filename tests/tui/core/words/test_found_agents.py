"""What an import says of the conversations that were chosen."""

from __future__ import annotations

from collections import Counter

from agcx_format.importing import ImportOutcome
from agcx_tui.core.words.found_agents import describe_outcomes


def test_every_conversation_that_was_chosen_is_accounted_for():
    chosen = Counter({outcome: at + 1 for at, outcome in enumerate(ImportOutcome)})
    words = describe_outcomes(chosen)
    assert words == "1 imported, 2 updated, 3 already there, 4 skipped, 5 failed"
    assert describe_outcomes(Counter()) == "Nothing to import"
