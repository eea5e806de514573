"""Work that is done in other processes, on all cores."""
