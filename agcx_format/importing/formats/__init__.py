"""One module or a few for each other agent; `reading` is what they share."""
