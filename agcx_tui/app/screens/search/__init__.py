"""The search of all conversations: `search` is the screen, and the other modules are its parts."""
