"""A store of very many acts, without the time that they would take."""

from __future__ import annotations

from pathlib import Path


def repeat_last_act(store: Path, count: int) -> None:
    """Make a store's only act, a deletion, into so many, each of a session of its own."""
    (made,) = (path.parent for path in (store / "trash").glob("*/manifest.json"))
    (kept,) = made.glob("files/*.agcx")
    manifest, before = (made / "manifest.json").read_text(), kept.stem
    for number in range(count - 1):
        moment = f"20250101T{number // 3600 % 24:02}{number // 60 % 60:02}{number % 60:02}"
        act = store / "trash" / f"{moment}.{number:06}Z-delete-{number:06x}"
        (act / "files").mkdir(parents=True)
        after = f"{number:08x}{before[8:]}"
        (act / "files" / f"{after}.agcx").hardlink_to(kept)
        (act / "manifest.json").write_text(manifest.replace(before, after))
