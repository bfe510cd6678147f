"""Planar YUV420 pictures: the form in which frames are composed and given to the encoder.

A frame is three uint8 planes (Y, U, V), U and V at half size both ways; BT.709, limited range.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Plane: TypeAlias = NDArray[np.uint8]

#: Rows and columns that are transposed together.
_LANES = 8


class Planes(NamedTuple):
    """One picture: y (height, width), u and v (height/2, width/2)."""

    y: Plane
    u: Plane
    v: Plane


class Colour(NamedTuple):
    """A colour as the planes hold it."""

    y: int
    u: int
    v: int


class Box(NamedTuple):
    """A rectangle in pixels: left and top inside, right and bottom outside."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """Pixels across."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Pixels down."""
        return self.bottom - self.top


def colour(rgb: str) -> Colour:
    """Return `#rrggbb` as BT.709 limited range."""
    r, g, b = (int(rgb[i : i + 2], 16) / 255 for i in (1, 3, 5))
    luma = 0.2126 * r + 0.7152 * g + 0.0722 * b
    return Colour(
        round(16 + 219 * luma),
        round(128 + 224 * (b - luma) / 1.8556),
        round(128 + 224 * (r - luma) / 1.5748),
    )


def from_rgb(image: Image.Image) -> Planes:
    """Convert an RGB image of even size; the destination matrix is named, or colours would shift to BT.601."""
    frame = av.VideoFrame.from_ndarray(np.asarray(image.convert("RGB")), format="rgb24").reformat(
        format="yuv420p", dst_colorspace="ITU709", src_color_range="JPEG", dst_color_range="MPEG"
    )
    return Planes(*(plane.copy() for plane in views(frame)))


def to_rgb(planes: Planes) -> Image.Image:
    """Convert back, for thumbnails and tests."""
    height, width = planes.y.shape
    packed = np.concatenate([plane.reshape(-1) for plane in planes]).reshape(height * 3 // 2, width)
    frame = av.VideoFrame.from_ndarray(packed, format="yuv420p").reformat(
        format="rgb24", src_colorspace="ITU709", src_color_range="MPEG", dst_color_range="JPEG"
    )
    return Image.fromarray(frame.to_ndarray())


def views(frame: av.VideoFrame) -> Planes:
    """Return the planes of a yuv420p frame without copying."""
    sizes = ((frame.height, frame.width), *((frame.height // 2, frame.width // 2),) * 2)
    return Planes(
        *(
            np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[:height, :width]
            for plane, (height, width) in zip(frame.planes, sizes, strict=True)
        )
    )


def new_frame(width: int, height: int) -> tuple[av.VideoFrame, Planes]:
    """Return a frame over memory of our own, and its planes; the encoder reads it without a copy."""
    buffer = np.zeros((height * 3 // 2, width), np.uint8)
    flat, luma, chroma = buffer.reshape(-1), height * width, height * width // 4
    planes = Planes(
        buffer[:height],
        flat[luma : luma + chroma].reshape(height // 2, width // 2),
        flat[luma + chroma :].reshape(height // 2, width // 2),
    )
    return av.VideoFrame.from_numpy_buffer(buffer, format="yuv420p"), planes


@dataclass
class _Scratch:
    """Between the two passes over one plane: as written, and transposed."""

    columns: Plane
    rows: Plane


class ZoomPicture:
    """A picture from which any box can be drawn at frame size, sub-pixel exact.

    It is held transposed. Both bilinear passes then run along contiguous rows, where the compiler uses vector
    instructions; only what lies between the passes is transposed per frame.
    """

    def __init__(self, planes: Planes, width: int, height: int) -> None:
        self.height, self.width = planes.y.shape
        self._target = width, height
        self._transposed = Planes(*(_padded(plane.T) for plane in planes))
        self._scratch = []
        for plane, shown in zip(self._transposed, (width, width // 2, width // 2), strict=True):
            rows, columns = plane.shape[1], shown + -shown % _LANES
            self._scratch.append(
                _Scratch(np.zeros((columns, rows), np.uint8), np.zeros((rows, columns), np.uint8))
            )

    def draw(self, target: Planes, box: Box) -> None:
        """Fill `target` with what lies inside `box` (pixels of this picture, any fraction)."""
        from cliprow.media import kernels

        width, height = self._target
        for index, (source, plane, scratch) in enumerate(
            zip(self._transposed, target, self._scratch, strict=True)
        ):
            if index < 2:  # U and V share their tables
                part = 1 if index == 0 else 2
                across = _axis(width // part, self.width // part, box.left / part, box.width / width)
                down = _axis(height // part, self.height // part, box.top / part, box.height / height)
            kernels.mix_rows(source, scratch.columns[: width // part], *across)
            kernels.transpose(scratch.columns.view(np.uint64), scratch.rows.view(np.uint64))
            kernels.mix_rows(scratch.rows, plane, *down)


def _padded(plane: Plane) -> Plane:
    """Return a contiguous copy, its rows filled up to what is transposed at once."""
    return np.ascontiguousarray(np.pad(plane, ((0, 0), (0, -plane.shape[1] % _LANES))))


def _axis(
    count: int, source_count: int, start: float, step: float
) -> tuple[NDArray[np.uintp], NDArray[np.uint16]]:
    """For each target pixel: the source pixel before its centre, and the weight of the next one, of 128."""
    centres = np.clip(start + (np.arange(count) + 0.5) * step - 0.5, 0, source_count - 1.001)
    before = centres.astype(np.uintp)
    return before, ((centres - before) * 128).astype(np.uint16)
