"""Render a few sessions into temporary files: what the processes of an export do (see `in_processes`).

It imports no more than that needs, since each process has to.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from agcx_format.processes import Failed, failure_of
from agcx_tui.core.export.outgoing import Form
from agcx_tui.core.export.session_export import Exporter

__all__ = ["RenderJob", "Rendered", "render_batch"]


class RenderJob(msgspec.Struct, frozen=True):
    """A session to write into a new file.

    Fields:
        temporary: The path of that file.
        name: Of the file that it is for; None for a part of a shared file.
        number: Of the part in the shared file, from 1.
    """

    source: str
    temporary: str
    name: str | None = None
    number: int = 1


class Rendered(msgspec.Struct, frozen=True):
    """A session that was written.

    Fields:
        size: How many bytes were written; they are not synced.
        name: That fits what was written; None for a part of a shared file.
    """

    size: int
    name: str | None


def render_batch(form: Form, jobs: Sequence[RenderJob]) -> list[Rendered | Failed]:
    """The result of each job, or why it failed."""
    exporter = Exporter(form)
    return [_render(exporter, job) for job in jobs]


def _render(exporter: Exporter, job: RenderJob) -> Rendered | Failed:
    from agcx_format.disk import make_directory, write_unsynced

    try:
        with exporter.session(job.source) as session:
            if job.name is None:
                with open(job.temporary, "xb") as file:
                    size = sum(map(file.write, session.parts(alone=False, number=job.number)))
                return Rendered(size, None)
            make_directory(Path(os.path.dirname(job.temporary)))
            size = write_unsynced(job.temporary, session.parts()).size
            return Rendered(size, session.named(job.name))
    except Exception as error:
        return failure_of(error)
