"""Full-text search as a person asks for it: the line that is typed, and how a search went.

`line` parses what is typed, `searcher` runs it in a thread, `results` are the rows, and `summary` says how
much was searched.  `index_keeper` keeps the index up to date.
"""
