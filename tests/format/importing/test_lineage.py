"""What was rewound is found by looking at each line a few times, however deep the forks are in each other."""

from __future__ import annotations

from uuid import UUID

import pytest

from agcx_format.importing.draft import ImportDraft
from agcx_format.importing.lineage import Lineage
from agcx_format.model.items import InputText, Message

DEPTH = 2000


class Counted(list):
    """Entries that count how often one is looked at."""

    looks = 0

    def __getitem__(self, index):
        Counted.looks += 1
        return super().__getitem__(index)


def said(words: str) -> Message:
    return Message(None, "user", [InputText(words)])


@pytest.mark.parametrize("every_fork", [False, True], ids=["what was said", "every fork"])
@pytest.mark.parametrize("has_words", [True, False], ids=["all said", "half of them empty"])
def test_forks_within_forks(has_words: bool, every_fork: bool):
    """From each line of a long way one leads aside; in the end the person goes on from the first line."""
    entries = Counted()
    draft = ImportDraft(UUID(int=1), "2026-01-01T00:00:00Z", entries=entries)
    lineage = Lineage(every_fork=every_fork)

    def add(name: str, parent: str, *, is_said: bool = True) -> None:
        start = len(entries)
        if is_said:
            draft.add(said(name), start + 1)
        lineage.add(name, parent, start, len(entries))

    add("first", "")
    for number in range(DEPTH):
        add(f"way {number}", f"way {number - 1}" if number else "first", is_said=has_words)
    for number in range(DEPTH - 1):
        add(f"aside {number}", f"way {number}")
    add("last", "first")
    Counted.looks = 0
    lineage.mark(draft)
    assert Counted.looks < 50 * DEPTH
    branches = [entry.branch for entry in entries]
    assert branches[0] is branches[-1] is None
    assert None not in branches[1:-1]
    # Of two ways that were left, the later one is the branch, and the other one of that.
    assert len(set(branches)) == (DEPTH if has_words else DEPTH - 1) + 1
