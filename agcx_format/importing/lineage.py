"""Finds what was rewound in a conversation: a person went back and said something else.

Strategy: each line names the one before it. Where a person's message continues from a line that others
continue from as well, the conversation went on in several ways, and only the way to the last message was
lived. Other lines with several successors are tools that ran at the same time. Whoever goes back to before
the first message begins a second conversation, which follows nothing.

A file can have a million lines, so they are numbers in arrays, names are hashes, and what is looked up by
name are only the lines that do not continue from the one right before them: few in most files.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Iterator
from itertools import compress

from agcx_format.importing.draft import ImportDraft
from agcx_format.importing.stored_entries import Entries

__all__ = ["Lineage"]


class Lineage:
    """Which line follows which, by their uuids, and the messages of each.

    With `every_fork`, wherever several lines continue from one, only one way was lived.
    """

    def __init__(self, *, every_fork: bool = False) -> None:
        self._every_fork = every_fork
        self._lines = _Lines()
        # Whether each line continues from the one before it, as in most files.
        self._is_chain = True
        self._before = self._beginnings = 0

    def add(self, uuid: str, parent: str, start: int, end: int) -> None:
        """The next line of the file; it became the messages from position `start` up to `end`."""
        if not uuid:
            return
        # The hash of an empty name is 0.
        name, before = hash(uuid), hash(parent)
        if not before:
            self._beginnings += 1
        elif before != self._before:
            self._is_chain = False
        self._before = name
        self._lines.add(name, before, start, end)

    def extend(self, uuids: list[str], parents: list[str], bounds: list[int]) -> None:
        """The same for several lines at once; each became the messages between two of the `bounds`."""
        if not all(uuids):
            for line in zip(uuids, parents, bounds, bounds[1:], strict=False):
                self.add(*line)
            return
        names = array("q", map(hash, uuids))
        if uuids[:-1] == parents[1:] and hash(parents[0]) == self._before != 0:
            before = array("q", [self._before]) + names[:-1]
        else:
            before = array("q", map(hash, parents))
            follows = [self._before, *names[:-1]]
            self._beginnings += before.count(0)
            self._is_chain &= all(b in (0, f) for f, b in zip(follows, before, strict=True))
        self._before = names[-1]
        places = array("q", bounds)
        self._lines.extend(names, before, places[:-1], places[1:])

    def has(self, uuids: set[str]) -> set[str]:
        """Those of the uuids that a line has."""
        wanted = {hash(uuid): uuid for uuid in uuids}
        return {wanted[name] for name in self._lines.names if name in wanted} if wanted else set()

    def mark(self, draft: ImportDraft, last: str = "") -> None:
        """Put what was rewound into branches of their own.

        `last` is the uuid of the line that the source says it continues. Only if it says so, one beginning
        takes the place of another: lines of damaged and old files follow nothing, too, and were lived.
        """
        if self._is_chain and (self._beginnings < 2 or not last):
            return
        tree = _Tree(draft.entries, self._lines.unique())
        lived = tree.lived()
        # From the last fork back: what forked within a branch that was left is a branch of that one.
        for parent, children in reversed(tree.forks()):
            if not self._every_fork and not any(map(tree.is_said, children[1:])):
                continue
            chosen = next((c for c in children if lived[c]), children[-1])
            fork = tree.message_at(parent)
            left = [child for child in children if child != chosen and tree.has_conversation(child)]
            for positions in [list(tree.below(child)) for child in left]:
                draft.leave_at(positions, fork)
            tree.leave(left)
            resumed = tree.first_below(chosen) if left and fork is not None else None
            if resumed is not None and draft.entries[resumed].parent is None:
                draft.entries[resumed].parent = fork
        beginnings = [line for line in tree.beginnings() if tree.is_said(line)]
        if last and len(beginnings) > 1 and tree.beginning_of(hash(last)) == beginnings[-1]:
            for line in beginnings[:-1]:
                draft.leave_at(list(tree.below(line)), None)


class _Lines:
    """Of each line, in the order of the file: hashes of its name and its parent's, and its messages.

    Fields:
        starts, ends: the positions of the first message and after the last one.
    """

    def __init__(self) -> None:
        self.names, self.parents = array("q"), array("q")
        self.starts, self.ends = array("q"), array("q")

    def __len__(self) -> int:
        return len(self.names)

    def add(self, name: int, parent: int, start: int, end: int) -> None:
        self.names.append(name)
        self.parents.append(parent)
        self.starts.append(start)
        self.ends.append(end)

    def extend(self, *columns: array[int]) -> None:
        for own, its in zip(self._columns(), columns, strict=True):
            own.extend(its)

    def unique(self) -> _Lines:
        """The first line of each name."""
        seen: set[int] = set()
        is_first = bytearray(len(self))
        for line, name in enumerate(self.names):
            if name not in seen:
                seen.add(name)
                is_first[line] = True
        if len(seen) == len(self):
            return self
        found = _Lines()
        for own, its in zip(self._columns(), found._columns(), strict=True):
            its.extend(compress(own, is_first))
        return found

    def _columns(self) -> tuple[array[int], ...]:
        return self.names, self.parents, self.starts, self.ends


class _Tree:
    """The lines by their numbers, from the first to the last.

    A name that no line has gets a number after theirs.
    """

    def __init__(self, entries: Entries, lines: _Lines) -> None:
        self._entries, self._lines = entries, lines
        names, parents = lines.names, lines.parents
        jumps = [
            line
            for line, parent in enumerate(parents)
            if parent and (line == 0 or parent != names[line - 1])
        ]
        wanted = {parents[line] for line in jumps}
        numbers = {name: line for line, name in enumerate(names) if name in wanted}
        # The parents of lines that do not continue from the one before them, and the other way around.
        self._jumped_from: dict[int, int] = {}
        self._jumps: dict[int, list[int]] = {}
        # So that each line is looked at a few times, however deeply forks are in each other.  Below these
        # lines everything is in branches, there is no conversation, or there is no message.
        self._left, self._quiet, self._bare = set[int](), set[int](), set[int]()
        # The first message below a line, and the last up to it.
        self._firsts: dict[int, int] = {}
        self._lasts: dict[int, int | None] = {}
        for line in jumps:
            parent = numbers.setdefault(parents[line], len(lines) + len(numbers))
            self._jumped_from[line] = parent
            self._jumps.setdefault(parent, []).append(line)

    def forks(self) -> list[tuple[int, list[int]]]:
        """The lines that several continue from, and those, in the order of the file."""
        found = ((parent, self._children(parent)) for parent in self._jumps)
        return sorted((f for f in found if len(f[1]) > 1), key=lambda fork: fork[1][0])

    def beginnings(self) -> Iterator[int]:
        """The lines that follow none."""
        return (line for line, parent in enumerate(self._lines.parents) if not parent)

    def beginning_of(self, name: int) -> int | None:
        """The first of the lines that lead to the one of this name; None if there is no such line."""
        try:
            line = self._lines.names.index(name)
        except ValueError:
            return None
        seen: set[int] = set()
        while (before := self._parent(line)) is not None and line not in seen:
            seen.add(line)
            line = before
        return line

    def lived(self) -> bytearray:
        """Whether each line is on the way to the last one that has a message."""
        found = bytearray(len(self._lines))
        ends = zip(self._lines.starts, self._lines.ends, strict=True)
        line: int | None = None
        for number, (start, end) in enumerate(ends):
            if start < end:
                line = number
        while line is not None and line < len(found) and not found[line]:
            found[line] = True
            line = self._parent(line)
        return found

    def is_said(self, line: int) -> bool:
        """Whether the person said this line."""
        return any(self._entries[at].words is not None for at in self._positions(line))

    def is_conversation(self, position: int) -> bool:
        """Whether something was said or done, rather than noted by the program."""
        return getattr(self._entries[position].item, "role", "") != "system"

    def message_at(self, line: int) -> int | None:
        """The position of the last message up to a line."""
        way: list[int] = []
        each: int | None = line
        while each is not None and each not in self._lasts and not self._positions(each):
            # In a circle it is met again.
            self._lasts[each] = None
            way.append(each)
            each = self._parent(each)
        found = None
        if each is not None:
            positions = self._positions(each)
            found = positions[-1] if positions else self._lasts[each]
        self._lasts.update(dict.fromkeys(way, found))
        return found

    def has_conversation(self, line: int) -> bool:
        """Whether something was said in a line, or in those that follow it and are in no branch yet."""
        for each in self._lines_below(line, self._quiet):
            if any(map(self.is_conversation, self._free(each))):
                return True
        self._quiet.add(line)
        return False

    def first_below(self, line: int) -> int | None:
        """The first that `below` gives, or None."""
        for each in self._lines_below(line, self._bare):
            found = self._firsts.get(each)
            if found is None or self._entries[found].branch is not None:
                found = next(self._free(each), None)
            if found is not None:
                self._firsts[line] = found
                return found
        self._bare.add(line)
        return None

    def below(self, line: int) -> Iterator[int]:
        """The messages of a line and of all that follow it that are in no branch yet, in their order."""
        for each in self._lines_below(line):
            yield from self._free(each)

    def leave(self, lines: Iterable[int]) -> None:
        """All messages below these lines are in branches now."""
        self._left.update(lines)

    def _lines_below(self, line: int, skipped: Collection[int] = ()) -> Iterator[int]:
        seen, waiting = set(), [line]
        while waiting:
            each = waiting.pop()
            if each in seen or each in self._left or each in skipped:
                continue
            seen.add(each)
            yield each
            waiting += reversed(self._children(each))

    def _free(self, line: int) -> Iterator[int]:
        return (at for at in self._positions(line) if self._entries[at].branch is None)

    def _positions(self, line: int) -> range:
        lines = self._lines
        return range(lines.starts[line], lines.ends[line]) if line < len(lines) else range(0)

    def _parent(self, line: int) -> int | None:
        if line in self._jumped_from:
            return self._jumped_from[line]
        return line - 1 if line < len(self._lines) and self._lines.parents[line] else None

    def _children(self, line: int) -> list[int]:
        lines, after = self._lines, line + 1
        continues = after < len(lines) and lines.parents[after] == lines.names[line]
        jumps = self._jumps.get(line, [])
        return sorted([after, *jumps]) if continues else jumps
