"""The user's own machine: paths, configuration, state, clipboard, streams."""
