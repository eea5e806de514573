"""Conversations of other programs in, conversations in other forms out.

In: `codex.read_rollout`, `claude.read_transcript`, and `importer.import_sessions`, which puts what they
read into a store.  Out: `markdown`, `plain_text`, `json_file`.  `words` and `tools` hold the rules that both
directions and the display share: what counts as the user's own words, and how a tool call reads.
"""
