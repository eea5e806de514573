"""One open session file: its metadata at once, its messages on demand.

`lazy` opens a file, `whole` reads and writes one as values, and `metadata` reads no more than that.
Messages come from a `source`: `sequential` decompresses from the beginning, `random_access` uses a seek
table.  `edits` changes what is said, as values.
"""
