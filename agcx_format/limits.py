"""How much a file may ask for before it is refused, each with its reason.  Sizes in bytes."""

MIB = 1024 * 1024

# A metadata block is read for every session in the list.  The largest real one holds a title, tags
# and checkpoints: kilobytes.  A title of a megabyte still comes through.
METADATA = 64 * MIB

# Context, state and whole-file reads hold their section in memory at once.
WHOLE_SECTION = 256 * MIB

# What zstd needs to remember to decompress a frame: level 22 writes windows of 128 MiB, and libzstd
# itself refuses more by default.
WINDOW = 128 * MIB

# The u32 lengths of layout 1.
SECTION_ON_DISK = 0xFFFFFFFF

# A message larger than this is shown as a stub with its size, and can still be exported.
MESSAGE_SHOWN = 64 * MIB

# What an open conversation keeps of its decompressed text: as it is, and packed.
KEPT_OPEN = 64 * MIB
KEPT_PACKED = 32 * MIB
