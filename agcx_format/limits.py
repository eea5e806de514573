"""How much a file may ask for before it is refused, each with its reason.  Sizes in bytes."""

MIB = 1024 * 1024

# A metadata block is read for every session in the list.  The largest real one holds a title, tags
# and checkpoints: kilobytes.  A title of a megabyte still comes through.
METADATA = 64 * MIB

# Metadata larger than this are decoded by one thread at a time.
METADATA_AT_ONCE = MIB

# What a list keeps of a session, in characters and items; what is longer is cut and ends in `…`.  A title
# is shown in one line, a tag or a model in a part of one.
LISTED_TITLE = 1024
LISTED_TEXT = 256
LISTED_TAGS = 64
LISTED_CHECKPOINTS = 1024

# Context, state and whole-file reads hold their section in memory at once.
WHOLE_SECTION = 256 * MIB

# A file that is loaded as a whole: its sections at their largest.
WHOLE_FILE = METADATA + 3 * WHOLE_SECTION

# The shortest message there can be has 56 bytes of MessagePack.  What claims to hold more messages than
# its bytes have room for would cost memory for each: 100 GB of nil take a megabyte of zstd.
SMALLEST_MESSAGE = 32
SMALLER_ALLOWED = 1024

# Items of lists and maps that the slow way through MessagePack goes through for one value: some seconds.
# A real message or context holds thousands; a kilobyte of zstd can hold a quarter of a billion.
SLOW_ITEMS = 4_000_000

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

# The manifest of an act: some 250 bytes for each session.  More than a quarter of a million sessions are
# changed in two acts.
MANIFEST = 64 * MIB

# So many parts a path within a store has at most: nothing of ours lies deeper.
DEEPEST = 16
