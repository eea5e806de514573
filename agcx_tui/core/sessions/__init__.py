"""The list of sessions as data: rows, marks, the filter's language.

`table` is the list; `query` parses a filter and `matching` applies it.  `sorting`, `groups`, and
`subagents` arrange the rows, `columns` lays them out.
"""
