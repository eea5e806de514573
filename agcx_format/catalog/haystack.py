"""The text of a session that the filter of a list searches, made of lines.

    facts folded          title, model, each tag, and the id, a line each
    facts as written      the same, the name of the file in place of the id; one empty line if folding
                          changes nothing in them
    words as written      the project and, after a tab, the first words; empty if folding changes nothing
    words folded

Strategy: a word never matches across two lines, and a word with a capital matches only in the original
case.  The last two lines are always there once words are known, so they are found from the end.
"""

from __future__ import annotations

from agcx_format.transcript.folding import fold, unify

__all__ = ["lines_as_written", "with_facts", "with_words"]


def with_facts(haystack: str, facts: tuple[str, ...], *, id: str, name: str) -> str:
    """With other facts.  Known first words stay until they are read again: the beginning rarely changes."""
    _, *words = _parts(haystack)
    folded = fold("\n".join((*facts, id)))
    return "\n".join((folded, _written("\n".join((*facts, name))), *words))


def with_words(haystack: str, project: str, words: str) -> str:
    """With the name of the project and the first words of the conversation."""
    facts, *_ = _parts(haystack)
    said = "\t".join(filter(None, (project, words))).replace("\n", " ")
    return f"{facts}\n{_written(said)}\n{fold(said)}"


def _written(text: str) -> str:
    """The text for a search with a capital; empty if it is the same folded."""
    unified = unify(text)
    return unified if unified != fold(text) else ""


def _parts(haystack: str) -> tuple[str, str, str]:
    """All facts, and the first words in their original case and folded."""
    rest, _, folded = haystack.rpartition("\n")
    facts, _, written = rest.rpartition("\n")
    return facts, written, folded


def lines_as_written(haystack: str) -> list[str]:
    """Title, model, each tag, id or name of the file, project with first words, all as written."""
    facts, written, folded = _parts(haystack)
    lines = facts.split("\n")
    half = len(lines) // 2
    names = lines[half:-1]
    if len(lines) % 2 == 0 and fold("\n".join(names)) == "\n".join(lines[: half - 1]):
        # Without a name of its own the file is named by its id.
        lines = [*names, lines[-1] or lines[half - 1]]
    return [*lines, written or folded]
