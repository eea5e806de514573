"""The list of sessions and its preview: `browser` is the screen, and the other modules are its parts."""
