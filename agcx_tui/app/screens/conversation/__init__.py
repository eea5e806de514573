"""One conversation, full screen."""
