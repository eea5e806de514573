"""One conversation, full screen: `conversation` is the screen, and the other modules are its parts."""
