"""Which keys there are, and which are obeyed."""
