"""A roll of blocks; only the lines in view are drawn."""
