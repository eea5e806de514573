"""A small store to try the program on, made on the spot.

Strategy: the conversations are written as a person would note them down, one Markdown file each in
`sessions/` (`script.py` says how), and one long one is generated (`migrations.py`).  `store.py`
turns them into real AGCX files in a directory of their own.  Ids are the same every time; ages
count back from the moment at which the store is made.
"""

from agcx_tui.demo.store import build_demo_store, demo_store

__all__ = ["build_demo_store", "demo_store"]
