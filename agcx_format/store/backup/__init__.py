"""Backups: sessions and checkpoints of a store in one archive, each content only once."""
