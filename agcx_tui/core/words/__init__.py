"""How things read: ages and sizes, acts, deletions, reports."""
