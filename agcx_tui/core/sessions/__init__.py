"""The list of sessions as data: rows, marks, the filter's language."""
