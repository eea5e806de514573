"""What an import says of the conversations that were chosen."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from agcx_format.importing import ImportOutcome, ImportResult, LeftOut, SourceState
from agcx_tui.core.importing.running import ImportProgress
from agcx_tui.core.words.found_agents import describe_new, describe_outcomes

NONE: Counter[ImportOutcome] = Counter()


def progress(outcomes: Counter[ImportOutcome], **why_skipped: int) -> ImportProgress:
    return ImportProgress(1, 1, 1, 1, outcomes, Counter(why_skipped), ())


def test_every_conversation_that_was_chosen_is_accounted_for():
    chosen = Counter({outcome: at + 1 for at, outcome in enumerate(ImportOutcome)})
    words = describe_outcomes(progress(chosen, empty=4))
    assert words == "1 imported, 2 updated, 3 already there, 4 skipped (empty), 5 failed"
    assert "4 skipped (3: edited; 1: empty)" in describe_outcomes(
        progress(chosen, empty=1, edited=3)
    )
    assert describe_outcomes(progress(NONE)) == "Nothing to import"


def test_what_an_earlier_importer_read_did_not_grow():
    known = Counter({SourceState.NEW: 312, SourceState.GROWN: 4, SourceState.KNOWN: 9})
    assert describe_new(known) == "312 new · 4 to update"
    assert describe_new(Counter({SourceState.KNOWN: 9})) == "nothing new"


def test_what_another_program_changed_meanwhile_is_not_said_to_be_imported():
    skipped = ImportResult(Path("a"), ImportOutcome.SKIPPED, "changed meanwhile")
    read = progress(Counter({ImportOutcome.IMPORTED: 1}))
    done = read.without([LeftOut(skipped, ImportOutcome.IMPORTED)])
    assert describe_outcomes(done) == "1 skipped (changed meanwhile)"
