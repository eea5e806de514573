"""Conversations, out: Markdown, HTML, text, JSON, Codex rollouts."""
