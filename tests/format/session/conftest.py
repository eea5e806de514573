"""Twelve mebibytes of messages, as one frame and as frames with a seek table."""

from __future__ import annotations

from pathlib import Path

import pytest

from agcx_format.model.items import MessageSnapshot
from tests.format.session.files import message, write


@pytest.fixture(scope="package")
def messages() -> list[MessageSnapshot]:
    """12 MiB of text."""
    return [message(i, 6_000) for i in range(2_000)]


@pytest.fixture(scope="package")
def streamed(messages, tmp_path_factory) -> Path:
    return write(tmp_path_factory.mktemp("streamed") / "s.agcx", messages)


@pytest.fixture(scope="package")
def framed(messages, tmp_path_factory) -> Path:
    return write(tmp_path_factory.mktemp("framed") / "f.agcx", messages, framed=True)
