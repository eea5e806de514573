"""Wording: actions and their keys, acts, deletions, reports, ages, and sizes."""
