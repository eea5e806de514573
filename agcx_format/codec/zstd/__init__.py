"""zstd frames: one after another, or many small ones with a table."""
