"""The golden files: what the Rust code wrote, and what it says of damaged copies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zstandard

from tests.support import ROOT

# Layout 2 has one level for all, and its table no column for it.
BALANCED = 3

GOLDEN = ROOT / "tests" / "golden"


@dataclass(frozen=True)
class GoldenSession:
    """One line of `v1.tsv` or `v2.tsv`; `rust_load` is `ok` or the kind of Rust's error."""

    layout: int
    name: str
    id: str
    level: int
    rust_load: str

    @property
    def path(self) -> Path:
        folder = GOLDEN / "v1" if self.layout == 1 else GOLDEN / "v2" / "sessions"
        return folder / f"{self.id}.agcx"

    @property
    def data(self) -> bytes:
        return self.path.read_bytes()

    @property
    def expected(self) -> dict[str, Any]:
        return read_json(GOLDEN / f"v{self.layout}-expected" / f"{self.name}.json")


@dataclass(frozen=True)
class Mutation:
    """One line of `mutations/*.tsv`: a damaged copy, and what Rust says of it."""

    name: str
    op: str
    offset: int
    value: int
    rust_metadata: str
    rust_load: str
    detail: str

    def apply(self, data: bytes) -> bytes:
        changed = bytearray(data)
        match self.op:
            case "cut":
                return data[: self.offset]
            case "append":
                return data + b"\xaa" * self.offset
            case "u32":
                changed[self.offset : self.offset + 4] = self.value.to_bytes(4, "little")
            case "set":
                changed[self.offset] = self.value
        return bytes(changed)


def read_json(path: Path) -> Any:
    packed = path.with_suffix(".json.zst")
    if packed.exists():
        return json.loads(zstandard.ZstdDecompressor().stream_reader(packed.read_bytes()).read())
    return json.loads(path.read_bytes())


def _rows(path: Path) -> Iterator[list[str]]:
    lines = path.read_text().splitlines()
    return (line.split("\t") for line in lines[1:])


def sessions(layout: int) -> list[GoldenSession]:
    return [
        GoldenSession(layout, name, session_id, int(level[0]) if level else BALANCED, verdict)
        for name, session_id, *level, verdict in _rows(GOLDEN / f"v{layout}.tsv")
    ]


def mutations(name: str) -> list[Mutation]:
    return [
        Mutation(name, op, int(offset), int(value), *verdicts)
        for op, offset, value, *verdicts in _rows(GOLDEN / "mutations" / f"{name}.tsv")
    ]


V1 = sessions(1)
V2 = sessions(2)
MUTATED = sorted(path.stem for path in (GOLDEN / "mutations").glob("*.tsv"))


def v1(name: str) -> GoldenSession:
    return next(session for session in V1 if session.name == name)
