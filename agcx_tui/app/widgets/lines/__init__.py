"""Widgets of one line."""
