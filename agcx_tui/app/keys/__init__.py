"""Keys: bindings from the table of actions, conflicts, valid names, and when keys are obeyed."""
