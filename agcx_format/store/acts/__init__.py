"""Acts: changes that happen whole or not at all, and can be undone."""
