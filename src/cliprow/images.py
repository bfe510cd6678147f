"""Tells whether a file is a picture that a video can show."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

from PIL import Image, UnidentifiedImageError

#: Kinds of picture that are taken, as Pillow names them.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
#: Largest file, in bytes, and largest picture, in pixels.
MAX_BYTES = 50_000_000
MAX_PIXELS = 80_000_000
#: What Pillow raises on files that are broken, on purpose or not.
BROKEN: tuple[type[Exception], ...] = (
    OSError, ValueError, SyntaxError, EOFError, TypeError, LookupError, ArithmeticError, struct.error, zlib.error,
    Image.DecompressionBombError, Image.DecompressionBombWarning,
)  # fmt: skip


def image_fault(path: Path) -> str:
    """Return why `path` cannot be shown in a video, or nothing; the whole picture is decoded to know.

    >>> image_fault(Path("no-such.png"))
    'does not exist'
    """
    try:
        if path.is_dir():
            return "is a folder"
        if path.stat().st_size > MAX_BYTES:
            return f"is larger than {MAX_BYTES // 1_000_000} MB"
        with Image.open(path, formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                return f"has {image.width}x{image.height} pixels, more than {MAX_PIXELS // 1_000_000} million"
            image.draft("RGB", (256, 256))  # reads all of a JPEG, but computes few of its pixels
            image.load()
    except FileNotFoundError:
        return "does not exist"
    except (UnidentifiedImageError, Image.DecompressionBombError):
        return f"is not a picture that can be read ({', '.join(FORMATS)})"
    except PermissionError as error:
        return f"cannot be read: {error.strerror}"
    except BROKEN as error:
        return f"is damaged: {error}"
    return ""
