"""Where the bytes of a store go, and rules for cleaning up."""
