"""Pictures from a session are checked by their bytes before anything shows them."""

from __future__ import annotations

import shutil
import stat
import struct
from base64 import b64encode

import pytest

from agcx_tui.core.local.picture_file import (
    UnusablePicture,
    open_in_viewer,
    picture_bytes,
    write_picture,
)
from tests.support.waiting import wait_until


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height) + bytes(9)


def data_url(data: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{b64encode(data).decode()}"


KINDS = {
    ".png": png(2, 1),
    ".gif": b"GIF89a" + bytes(8),
    ".jpg": b"\xff\xd8\xff\xe0" + bytes(8),
    ".webp": b"RIFF\0\0\0\0WEBPVP8 " + bytes(20),
}


def test_a_file_is_private_and_named_by_what_its_bytes_are():
    for suffix, data in KINDS.items():
        path = write_picture(data_url(data, "text/html"))
        assert path.suffix == suffix
        assert path.read_bytes() == data
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    # As the end of the program does.
    shutil.rmtree(path.parent)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://a.b/c.png", "not in the session"),
        (data_url(b"<svg onload='x'/>", "image/svg+xml"), "not an image of a known kind"),
        (data_url(b"#!/bin/sh\n"), "not an image of a known kind"),
        (data_url(b"\x7fELF"), "not an image of a known kind"),
        (data_url(png(60_000, 60_000)), "too many pixels"),
        ("data:image/png;base64,a", "damaged"),
    ],
)
def test_what_is_no_picture_or_too_large_is_refused(url, why):
    with pytest.raises(UnusablePicture, match=why):
        picture_bytes(url)


def test_the_viewer_of_the_system_gets_the_path_as_one_word(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.platform", "linux")
    told = tmp_path / "told"
    program = tmp_path / "xdg-open"
    program.write_text(f'#!/bin/sh\nprintf "%s|" "$@" > {told}.part && mv {told}.part {told}\n')
    program.chmod(0o700)
    picture = tmp_path / "a $(b).png"
    assert open_in_viewer(picture, {"PATH": f".:{tmp_path}"}) == ""
    wait_until(told.exists)
    assert told.read_text() == f"{picture}|"
    assert "not installed" in open_in_viewer(picture, {"PATH": "."})
    # As where there is no desktop.
    program.write_text("#!/bin/sh\nexit 3\n")
    assert "no viewer" in open_in_viewer(picture, {"PATH": str(tmp_path)}, patience=60)
