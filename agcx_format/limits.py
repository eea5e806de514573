"""The limits on what a file may contain, each with its reason.  Sizes are in bytes."""

MIB = 1024 * 1024

# Metadata are read for every session in a list.  Real ones hold a title, tags, and checkpoints: kilobytes.
# Even a title of a megabyte is accepted.
METADATA = 64 * MIB

# Larger metadata are decoded by one thread at a time.
METADATA_AT_ONCE = MIB

# What a list keeps of a session, in characters and items; longer texts are cut and end in `…`.  A title is
# shown on one line, a tag or a model on part of one.
LISTED_TITLE = 1024
LISTED_TEXT = 256
LISTED_TAGS = 64
LISTED_CHECKPOINTS = 1024

# Context, state, and whole-file reads hold a section in memory.
WHOLE_SECTION = 256 * MIB

# What a repair decompresses of a damaged file where only four bytes say that something may begin: as much as
# a thousand frames of a large session hold.  Of a file that was made for it there could be terabytes.
GUESSES = 1024 * MIB

# A file that is loaded whole, with the largest sections allowed.
WHOLE_FILE = METADATA + 3 * WHOLE_SECTION

# The shortest possible message takes 56 bytes of MessagePack.  A section that claims more messages than fit
# its bytes is refused, since each would cost memory: a megabyte of zstd can hold 100 GB of nil.
SMALLEST_MESSAGE = 32
SMALLER_ALLOWED = 1024

# Items of lists and maps in one value, which take seconds when they are read one by one: in bincode, and by
# the lenient MessagePack decoder.  A real message or context has thousands; a kilobyte of zstd can hold a
# quarter of a billion.
SLOW_ITEMS = 4_000_000

# Values in one JSON text of another agent. The worst take 300 bytes each until they are messages, so this is
# a gigabyte or two; the densest document that was seen has as many in 90 MB.
JSON_VALUES = 8_000_000

# A MessagePack value of more bytes is read item by item.  Of a smaller one msgspec makes at most a list of as
# many items as it has bytes, which takes ten times as much memory.
VALUE_AT_ONCE = 16 * MIB

# Messages that are loaded into one list. The shortest take a kilobyte each in memory; this many real ones
# are larger than `WHOLE_SECTION`.
MESSAGES_AT_ONCE = 1_000_000

# The window that zstd needs to decompress a frame: level 22 writes 128 MiB, and libzstd itself refuses
# more by default.
WINDOW = 128 * MIB

# Layout 1 stores lengths as u32.
SECTION_ON_DISK = 0xFFFFFFFF

# A larger file of which the disk holds less than half is not a session: writers compress, and leave no holes.
# It is not backed up or edited, which would write out the holes.
SPARSE = 1024 * MIB

# A larger message is shown only by its size; it can still be exported.
MESSAGE_SHOWN = 64 * MIB

# How much decompressed text an open conversation keeps: as text, and compressed again.
KEPT_OPEN = 64 * MIB
KEPT_PACKED = 32 * MIB
# The same of text that was only passed, where not all of it fits.
KEPT_PASSED = 8 * MIB

# A larger session file is changed piece by piece: as values it would take many times as much memory.
SESSION_IN_MEMORY = MIB

# What one act keeps in memory of the files that it is about to write; the others it keeps on disk.
KEPT_FOR_ACT = 128 * MIB

# A larger file of another agent, or one with more messages, is imported by way of a temporary file, in pages
# of this many characters: in memory a conversation takes three times its size, and a hundred times if its
# lines are very short.
SOURCE_IN_MEMORY = 32 * MIB
MESSAGES_IN_MEMORY = 100_000
PAGE_OF_MESSAGES = MIB

# The manifest of an act takes about 250 bytes for each session.  More than a quarter of a million sessions
# need two acts.
MANIFEST = 64 * MIB

# The most parts that a path within a store can have; no files of a store are deeper.
DEEPEST = 16
