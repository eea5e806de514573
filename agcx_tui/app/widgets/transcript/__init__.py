"""A conversation as a roll: `transcript` is the widget, and the other modules are its parts."""
