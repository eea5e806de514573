"""One picture, in its size or as large as the terminal has room for it.

The library asks the terminal for the size of its cells when it is imported, and the app would take the answer
for keys: so that is done only for a picture, while the app gives the terminal away.
"""

from __future__ import annotations

from io import BytesIO

from PIL import Image, UnidentifiedImageError
from textual import events
from textual.app import ComposeResult
from textual.containers import Center
from textual.geometry import Size
from textual.screen import ModalScreen
from textual.widgets import Static

from agcx_tui.app.keys.bindings import bindings
from agcx_tui.core.local.picture_file import MOST_PIXELS, UnusablePicture, picture_bytes

__all__ = ["PictureScreen", "readable_picture"]

_FORMATS = ("PNG", "GIF", "JPEG", "WEBP", "BMP")
# More pixels than this in a row are not seen in a terminal.
_SHOWN = 2_000
# A cell shows at least this many side by side, so that a small picture stays small.
_IN_CELL = 8
# Cells around a picture, and lines for its facts with a gap above.
_BESIDE, _BELOW = 4, 3


def readable_picture(url: str) -> Image.Image:
    """The first frame of a picture, decoded and made no larger than is seen; blocks.

    Raises:
        UnusablePicture: see `picture_bytes`, or it cannot be decoded.
    """
    data, _ = picture_bytes(url)
    try:
        with Image.open(BytesIO(data), formats=_FORMATS) as picture:
            # Known before any pixel is decoded.
            if picture.width * picture.height > MOST_PIXELS:
                raise UnusablePicture("The image has too many pixels to be shown.")
            shown = picture.convert("RGBA")
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError):
        raise UnusablePicture("The image is damaged.") from None
    shown.thumbnail((_SHOWN, _SHOWN))
    return shown


class PictureScreen(ModalScreen[None]):
    """`kind` is what the terminal understands: `kitty` or `sixel`."""

    BINDINGS = bindings("picture")
    DEFAULT_CSS = """
    PictureScreen {
        align: center middle;
        & > Center { height: auto; }
        & #facts { width: 100%; margin-top: 1; text-align: center; }
    }
    """

    def __init__(self, picture: Image.Image, facts: str, kind: str) -> None:
        super().__init__()
        self._picture = picture
        self._facts = facts
        self._kind = kind

    def compose(self) -> ComposeResult:
        from textual_image.widget import SixelImage, TGPImage

        widget = TGPImage if self._kind == "kitty" else SixelImage
        yield Center(widget(self._picture, id="picture"))
        yield Static(f"{self._facts} · esc close", id="facts", markup=False)

    def on_resize(self, event: events.Resize) -> None:
        """Show all of it, as large as it is where there is room, in the middle."""
        shown = self.query_one("#picture")
        most = max(1, self._picture.width // _IN_CELL)
        room = Size(
            min(most, max(1, event.size.width - _BESIDE)), max(1, event.size.height - _BELOW)
        )
        # It is asked how large it would be by itself.
        shown.styles.width = shown.styles.height = "auto"
        width = max(1, shown.get_content_width(room, event.size))
        height = max(1, shown.get_content_height(room, event.size, width))
        shown.styles.width, shown.styles.height = width, height
