"""One module for each agent whose files are read with the means of `reading`."""
