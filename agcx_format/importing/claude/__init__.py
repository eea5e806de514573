"""Conversations of Claude Code.

`transcript` reads a file line by line; `spoken` parses the lines that are messages, and `blocks` converts
their content.  All other lines are for `asides`.
"""
