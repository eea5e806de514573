"""A roll of blocks of which only the lines in view are drawn."""
