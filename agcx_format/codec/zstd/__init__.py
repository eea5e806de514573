"""zstd: sections of one or more frames, and seekable sections with a table of frames."""
