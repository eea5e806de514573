"""Conversations on their way out: rendered and written, and searched for secrets."""

from __future__ import annotations

import itertools
import os
import re
from pathlib import Path

from agcx_format import read_session
from agcx_format.redaction.find import find_secrets
from agcx_format.redaction.texts import texts
from agcx_tui.core.export import write_files
from tests.bench import floors
from tests.bench.registry import measure
from tests.bench.timing import Outcome, against, clock, rated
from tests.bench.workspace import Workspace

# How the secrets begin that are found most often.
_PREFIXES = re.compile(r"(?:gh[opsu]_|sk-|AKIA|xox[abp]-|-----BEGIN )[\w-]{16,}")


@measure(
    "export",
    "exporting many sessions to Markdown, a durable file each",
    "decompress + msgpack.unpackb, then the same files: write, fsync, rename, fsync of the directory",
)
def export(work: Workspace) -> Outcome:
    store = work.store(work.scaled(1_000, 50))
    sources = [entry.path for entry in os.scandir(store)]
    # What was written stays until the end: to make a file, ext4 looks at each that was just deleted.
    folders = (work.folder(f"exported-{number}") for number in itertools.count())
    written = 0

    def write() -> None:
        nonlocal written
        target = next(folders)
        jobs = [(source, target / f"{Path(source).stem}.md") for source in sources]
        done = list(write_files.export_each(jobs, "md", overwrite=False))
        assert not any(each.error for each in done)
        written = sum(each.size for each in done)

    write()
    contents = [(path.name, path.read_bytes()) for path in work.folder("exported-0").iterdir()]

    def least() -> None:
        for source in sources:
            floors.unpack(floors.messages_section(Path(source)))
        floors.write_durably(next(folders), contents)

    found = against(
        clock(write), clock(least), pairs=work.pairs(5), note=f"{len(sources):,} sessions"
    )
    return rated(found, written)


@measure(
    "redact",
    "looking for secrets in a decoded session",
    "one regular expression of five prefixes over the same texts",
)
def redact(work: Workspace) -> Outcome:
    path = work.session(work.scaled(3_000, 300), work.scaled(6_000_000, 300_000))
    metadata, conversation, state = read_session(path)
    messages, context = conversation.messages, conversation.context
    plain = [text for message in messages for _, text, _ in texts(message)]
    found = against(
        clock(lambda: find_secrets(metadata, lambda: messages, context, state)),
        clock(lambda: floors.search(plain, _PREFIXES)),
        pairs=work.pairs(7),
        note=f"{len(messages):,} messages",
    )
    return rated(found, sum(map(len, plain)))
