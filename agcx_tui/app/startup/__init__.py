"""Starting the app: from the command to the first rows."""
