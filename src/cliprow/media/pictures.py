"""The user's pictures: opened safely, turned upright, cut to a frame, darkened for the text over them."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from cliprow.errors import FailForGood
from cliprow.images import BROKEN, FORMATS

#: More pixels than this would not fit beside the frames in a worker's memory (JPEG is read smaller than that).
_MOST_PIXELS = 80_000_000


def open_picture(path: Path, name: str, width: int, height: int) -> Image.Image:
    """Return a picture as upright RGB, at least as large as needed to fill `width` by `height`, cut around its middle.

    Args:
        name: the file's name as its owner knows it, for messages.

    Raises:
        FailForGood: IMAGE_UNREADABLE or IMAGE_TOO_LARGE.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit follows
            with Image.open(path, formats=FORMATS) as image:
                turned = image.getexif().get(0x0112, 1) >= 5
                image.draft("RGB", (height, width) if turned else (width, height))
                if image.width * image.height > _MOST_PIXELS:
                    raise _too_large(name, f"{image.width} x {image.height} pixels")
                image.load()
                upright = _reduced(ImageOps.exif_transpose(image), width, height)
                return ImageOps.fit(_opaque(upright), (width, height), Image.Resampling.BICUBIC)
    except Image.DecompressionBombError as error:
        raise _too_large(name, "a decompression bomb") from error
    except BROKEN as error:
        raise FailForGood(
            f"The image {name} cannot be read: {_reason(error, path)}.",
            error_code="IMAGE_UNREADABLE",
            next_step="Save it again as JPEG or PNG and submit the topic again, or leave the image out.",
        ) from error


def _reduced(image: Image.Image, width: int, height: int) -> Image.Image:
    """Halve a picture (or third it, ...) while it stays large enough, before any copy of it is made."""
    factor = min(image.width // width, image.height // height)
    if factor < 2 or image.mode not in ("L", "LA", "RGB", "RGBA", "CMYK"):
        return image
    return image.reduce(factor)


def darken(image: Image.Image, wide: bool, right_to_left: bool = False) -> Image.Image:
    """Darken a picture so that white text reads on it: all of it a little, where text stands more."""
    if wide:
        across = np.interp(np.linspace(0, 1, image.width), (0, 0.45, 0.7, 1), (0.42, 0.46, 0.54, 0.92))
        across = across[::-1] if right_to_left else across
        down = np.interp(np.linspace(0, 1, image.height), (0, 0.65, 0.85, 1), (1, 1, 0.66, 0.55))
        factors = down[:, None] * across[None, :]
    else:
        down = np.interp(
            np.linspace(0, 1, image.height), (0, 0.13, 0.6, 0.8, 1), (0.7, 0.54, 0.54, 0.46, 0.55)
        )
        factors = down[:, None]
    mask = Image.fromarray(np.broadcast_to((factors * 255).astype(np.uint8), (image.height, image.width)))
    return Image.composite(image, Image.new("RGB", image.size, "#06070c"), mask)


def _opaque(image: Image.Image) -> Image.Image:
    """Return RGB; transparent parts become white, as a browser shows them."""
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        values = np.asarray(image, np.float32)
        top = float(values.max()) or 1.0
        image = Image.fromarray((values / max(top, 255.0) * 255).clip(0, 255).astype(np.uint8))
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        coloured = image.convert("RGBA")
        ground = Image.new("RGBA", coloured.size, "white")
        return Image.alpha_composite(ground, coloured).convert("RGB")
    return image.convert("RGB")


def _too_large(name: str, what: str) -> FailForGood:
    return FailForGood(
        f"The image {name} is too large to be read safely ({what}; at most {_MOST_PIXELS // 1_000_000} megapixels).",
        error_code="IMAGE_TOO_LARGE",
        next_step="Save it smaller: 4000 pixels on the long edge are enough for any platform.",
    )


def _reason(error: Exception, path: Path) -> str:
    """Say in a few words why, without the path where the file happens to lie."""
    if not path.exists():
        return "the file is missing"
    if path.stat().st_size == 0:
        return "the file is empty"
    if isinstance(error, UnidentifiedImageError):
        return "it is not an image, or of a kind that is not supported"
    return str(error).replace(str(path), "it").rstrip(".") or type(error).__name__
