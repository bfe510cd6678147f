"""A brand's logo: checked and cleaned when it is uploaded, and drawn small in an upper corner.

The lower edge belongs to captions and to what platforms lay over videos, so a logo stands above.
"""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from cliprow.errors import FailForGood
from cliprow.images import BROKEN
from cliprow.media.motion import BARE_FRAMES, REVEAL_FRAMES, eased
from cliprow.media.planes import Box, Planes, from_rgb

#: What is taken.
FORMATS = ("PNG", "JPEG", "WEBP")
MAX_BYTES = 2_000_000
#: Pixels of an edge: smaller ones look torn, larger ones only cost time.
SMALLEST_EDGE, LARGEST_EDGE = 32, 4096
#: The kept one is at most this large; more is never seen.
_KEPT_EDGE = 1024


def clean_logo(data: bytes) -> bytes:
    """A logo as PNG with transparency, upright, without metadata, of at most 1024 pixels.

    Raises:
        FailForGood: LOGO_REFUSED, it is no such picture, or too small or large.
    """
    if len(data) > MAX_BYTES:
        raise _refused(f"The logo has {len(data) / 1e6:.1f} MB.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                width, height = image.size
                if min(width, height) < SMALLEST_EDGE or max(width, height) > LARGEST_EDGE:
                    raise _refused(f"The logo has {width} x {height} pixels.")
                upright = ImageOps.exif_transpose(image).convert("RGBA")
    except BROKEN as error:
        raise _refused("The file is not a picture that can be read.") from error
    upright = _cropped(upright)
    upright.thumbnail((_KEPT_EDGE, _KEPT_EDGE), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    upright.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def open_logo(path: Path) -> Image.Image:
    """A stored logo.

    Raises:
        FailForGood: LOGO_REFUSED.
    """
    try:
        with Image.open(path, formats=("PNG",)) as image:
            return image.convert("RGBA")
    except BROKEN as error:
        raise FailForGood(
            "The brand's logo cannot be read.",
            error_code="LOGO_REFUSED",
            next_step="Upload the logo again (settings, brand), and submit the topic again.",
        ) from error


def fitted(logo: Image.Image, box: Box, right: bool) -> tuple[Image.Image, int, int]:
    """The logo at the largest size that fits a box, and where it stands: at its top, on one side."""
    scale = min(box.width / logo.width, box.height / logo.height)
    size = max(2, round(logo.width * scale)), max(2, round(logo.height * scale))
    left = box.right - size[0] if right else box.left
    return logo.resize(size, Image.Resampling.LANCZOS), round(left), round(box.top)


class Logo:
    """A logo in every frame of a scene; in the first scene it comes in with the text."""

    def __init__(self, logo: Image.Image, box: Box, *, right: bool, comes_in: bool) -> None:
        image, left, top = fitted(logo, box, right)
        # Both halves of a pixel pair have to lie inside: even places and sizes.
        pad_x, pad_y = left % 2, top % 2
        canvas = Image.new(
            "RGBA",
            (
                image.width + pad_x + (image.width + pad_x) % 2,
                image.height + pad_y + (image.height + pad_y) % 2,
            ),
        )
        canvas.paste(image, (pad_x, pad_y))
        self._x, self._y = left - pad_x, top - pad_y
        self._comes_in = comes_in
        alpha = np.asarray(canvas.getchannel("A")).astype(np.int32)
        halved = alpha.reshape(alpha.shape[0] // 2, 2, -1, 2).mean(axis=(1, 3)).round().astype(np.int32)
        self._sources = [plane.astype(np.int32) for plane in from_rgb(_spread(canvas))]
        self._alphas = (alpha, halved, halved)

    def draw(self, target: Planes, frame: int) -> None:
        """Blend the logo."""
        shown = round(256 * eased(frame, BARE_FRAMES, REVEAL_FRAMES)) if self._comes_in else 256
        if not shown:
            return
        for index, (plane, source, alpha) in enumerate(zip(target, self._sources, self._alphas, strict=True)):
            part = 1 if index == 0 else 2
            y, x = self._y // part, self._x // part
            under = plane[y : y + source.shape[0], x : x + source.shape[1]]
            under[:] = under + (source - under) * alpha * shown // (255 * 256)


def _spread(image: Image.Image) -> Image.Image:
    """Its colours as RGB, those of clear pixels taken from its drawn ones, so that edges get no dark rim."""
    colours = np.asarray(image.convert("RGB")).astype(np.float32)
    weight = np.asarray(image.getchannel("A")).astype(np.float32)[..., None]
    mean = (colours * weight).sum(axis=(0, 1)) / max(1.0, float(weight.sum()))
    filled = np.where(weight > 0, colours, mean)
    return Image.fromarray(filled.round().astype(np.uint8))


def _cropped(image: Image.Image) -> Image.Image:
    """Without clear edges, which would make a logo look smaller than it is said to be."""
    box = image.getchannel("A").point(lambda value: 255 if value > 8 else 0).getbbox()
    if box is None:
        raise _refused("The logo is clear all over.")
    return image.crop(box)


def _refused(why: str) -> FailForGood:
    return FailForGood(
        why,
        error_code="LOGO_REFUSED",
        next_step=f"Send a PNG, JPEG or WebP of at most {MAX_BYTES // 1_000_000} MB, with edges from {SMALLEST_EDGE} to "
        f"{LARGEST_EDGE} pixels.",
    )
