"""Conversations of Codex.

`rollout` reads a file line by line; `items` converts what was said, and `events` what is only reported.
`usual` parses most lines straight into typed values.  `family` and `thread_files` say which files belong
together.
"""
