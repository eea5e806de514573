"""Where a store keeps the session files of each layout: known without importing what reads them."""

from __future__ import annotations

__all__ = ["FOLDERS"]

# By version, relative to the store; empty for the store itself.
FOLDERS: dict[int, str] = {1: "", 2: "sessions"}
