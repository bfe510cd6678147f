"""Masks drawn once and blended into many frames, inside their own box only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from cliprow.media.planes import Colour, Plane, Planes
from cliprow.media.text import Block, Word

#: Shapes are drawn this much larger and scaled down, which smooths their edges.
_OVERSAMPLING = 4
OPAQUE = 256


@dataclass(frozen=True)
class Sprite:
    """Where something covers a frame, and how much: 0 to 255, at full and at half size."""

    #: Left and top in the frame, even, so that both masks meet the same pixels.
    x: int
    y: int
    luma: Plane
    chroma: Plane

    @classmethod
    def from_mask(cls, mask: Image.Image, x: int, y: int) -> Sprite:
        """Cut a mask (mode L, placed at x, y) to what is drawn."""
        left, top, right, bottom = mask.getbbox() or (0, 0, 2, 2)
        left -= (x + left) % 2
        top -= (y + top) % 2
        right += (right - left) % 2
        bottom += (bottom - top) % 2
        luma = np.ascontiguousarray(mask.crop((left, top, right, bottom)))
        wide = luma.astype(np.uint16)
        chroma = (wide[::2, ::2] + wide[1::2, ::2] + wide[::2, 1::2] + wide[1::2, 1::2] + 2) >> 2
        return cls(x + left, y + top, luma, chroma.astype(np.uint8))

    @property
    def width(self) -> int:
        """Pixels across, even."""
        return int(self.luma.shape[1])

    @property
    def height(self) -> int:
        """Pixels down, even."""
        return int(self.luma.shape[0])

    def draw(self, target: Planes, colour: Colour, alpha: int = OPAQUE, dx: int = 0, dy: int = 0) -> None:
        """Blend `colour` by `alpha` of 256, moved by whole pixels; what lies outside the frame is cut off."""
        from cliprow.media import kernels

        if alpha <= 0:
            return
        alpha = min(alpha, OPAQUE)
        for index, plane in enumerate(target):
            mask, part = (self.luma, 1) if index == 0 else (self.chroma, 2)
            x, y = (self.x + dx) // part, (self.y + dy) // part
            height, width = plane.shape
            left, top = max(0, -x), max(0, -y)
            right, bottom = min(mask.shape[1], width - x), min(mask.shape[0], height - y)
            if left < right and top < bottom:
                kernels.tint(
                    plane[y + top : y + bottom, x + left : x + right],
                    mask[top:bottom, left:right],
                    colour[index],
                    alpha,
                )


def block_lines(block: Block, x: float, y: float, width: float, align: str) -> list[Sprite]:
    """Draw each line of a block whose box starts at x, y and is `width` wide.

    Args:
        align: `start` (left, or right in right-to-left text) or `centre`.
    """
    sprites = []
    for number, line in enumerate(block.lines):
        left = x + line_offset(line.width, width, align, block.right_to_left)
        sprites.append(words_sprite(list(line.words), left, y + number * block.line_height, block))
    return sprites


def line_offset(line_width: float, width: float, align: str, right_to_left: bool) -> float:
    """Return how far from the box's left edge a line starts."""
    if align == "centre":
        return (width - line_width) / 2
    return width - line_width if right_to_left else 0.0


def words_sprite(
    words: list[tuple[float, Word]], x: float, y: float, block: Block, stroke: int = 0
) -> Sprite:
    """Draw words at their places in a line whose top left is x, y; `stroke` pixels fatter."""
    margin = stroke + block.size // 3  # marks and swashes may reach beyond a line's box
    left = int(x + min(place for place, _ in words)) - margin
    right = int(x + max(place + word.width for place, word in words)) + margin + 1
    top = int(y) - margin
    mask = Image.new("L", (right - left, int(block.line_height) + 2 * margin + 1))
    canvas = ImageDraw.Draw(mask)
    for place, word in words:
        word.draw(canvas, x + place - left, y + block.ascent - top, stroke)
    return Sprite.from_mask(mask, left, top)


def rounded(x: float, y: float, width: float, height: float, radius: float) -> Sprite:
    """Draw a rectangle with round corners (a pill or a disc with a large radius)."""
    return _drawn(
        x,
        y,
        width,
        height,
        lambda canvas, w, h: canvas.rounded_rectangle(
            (0, 0, w, h), min(radius * _OVERSAMPLING, w / 2, h / 2), fill=255
        ),
    )


def merged(parts: Sequence[Sprite]) -> Sprite:
    """Return sprites that do not overlap as one, which is quicker to draw."""
    left, top = min(part.x for part in parts), min(part.y for part in parts)
    right = max(part.x + part.width for part in parts)
    bottom = max(part.y + part.height for part in parts)
    mask = Image.new("L", (right - left, bottom - top))
    for part in parts:
        mask.paste(Image.fromarray(part.luma), (part.x - left, part.y - top))
    return Sprite.from_mask(mask, left, top)


def ring(x: float, y: float, size: float, thickness: float) -> Sprite:
    """Draw a circle of `size` pixels across."""
    return _drawn(
        x,
        y,
        size,
        size,
        lambda canvas, w, h: canvas.ellipse(
            (0, 0, w, h), outline=255, width=max(1, round(thickness * _OVERSAMPLING))
        ),
    )


def polyline(
    x: float, y: float, width: float, height: float, points: list[tuple[float, float]], thickness: float
) -> Sprite:
    """Draw a line through points given as fractions of the box."""

    def draw(canvas: ImageDraw.ImageDraw, w: float, h: float) -> None:
        pen = round(thickness * _OVERSAMPLING)
        path = [(px * w, py * h) for px, py in points]
        canvas.line(path, fill=255, width=pen, joint="curve")
        for px, py in path:
            canvas.ellipse((px - pen / 2, py - pen / 2, px + pen / 2, py + pen / 2), fill=255)

    return _drawn(x, y, width, height, draw)


def polygon(x: float, y: float, width: float, height: float, points: list[tuple[float, float]]) -> Sprite:
    """Draw a filled shape through points given as fractions of the box."""
    return _drawn(
        x,
        y,
        width,
        height,
        lambda canvas, w, h: canvas.polygon([(px * w, py * h) for px, py in points], fill=255),
    )


def glow(x: int, y: int, size: int) -> Sprite:
    """Draw a soft light that fades out towards its rim."""
    steps = (np.arange(size, dtype=np.float32) - (size - 1) / 2) / (size / 2)
    distance = np.minimum(1.0, np.hypot(steps[:, None], steps[None, :]))
    fade = (np.cos(distance * np.pi) + 1) / 2
    return Sprite.from_mask(Image.fromarray((fade * fade * 255).astype(np.uint8)), x, y)


def _drawn(
    x: float,
    y: float,
    width: float,
    height: float,
    draw: Callable[[ImageDraw.ImageDraw, int, int], object],
) -> Sprite:
    """Run `draw(canvas, width, height)` on an enlarged canvas with room for half a pixel around."""
    left, top = int(x) - 1, int(y) - 1
    size = int(width) + 4, int(height) + 4
    large = Image.new("L", (size[0] * _OVERSAMPLING, size[1] * _OVERSAMPLING))
    inner = Image.new("L", (max(1, round(width * _OVERSAMPLING)), max(1, round(height * _OVERSAMPLING))))
    draw(ImageDraw.Draw(inner), inner.width - 1, inner.height - 1)
    large.paste(inner, (round((x - left) * _OVERSAMPLING), round((y - top) * _OVERSAMPLING)))
    return Sprite.from_mask(large.reduce(_OVERSAMPLING), left, top)
