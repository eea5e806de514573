"""What a screen imports: what was found, how far it is, and what came of it.  No Textual."""
