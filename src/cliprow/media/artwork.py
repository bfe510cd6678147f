"""Backgrounds drawn from a palette: light over a gradient, with large quiet shapes.

The ground is a picture that is zoomed slowly; a few shapes float over it by whole pixels a frame, which is
the only speed at which a sharp edge moves without trembling.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from cliprow.media import sprites
from cliprow.media.palettes import Palette
from cliprow.media.planes import Colour, Planes, colour
from cliprow.media.sprites import OPAQUE, Sprite

#: Gradients are computed this much smaller; they have nothing to lose.
_COARSE = 8


def ground(palette: Palette, width: int, height: int, seed: int) -> Image.Image:
    """Draw the background of a scene; scenes of one video differ by `seed` in light and placing."""
    coarse = _gradient(palette, max(2, width // _COARSE), max(2, height // _COARSE), seed)
    image = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    mask = _MOTIFS[palette.motif](width, height, random.Random(seed))
    if mask is not None:
        image.paste(palette.shape, (0, 0, width, height), mask)
    return _grain(image, seed)


def _gradient(palette: Palette, width: int, height: int, seed: int) -> NDArray[np.uint8]:
    """Blend the three ground colours across the frame and lay two soft lights over them."""
    x = np.linspace(0, 1, width, dtype=np.float32)[None, :]
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    angle = math.radians((35, 145, 60, 120)[seed % 4])
    along = x * math.cos(angle) + y * math.sin(angle)
    along = (along - along.min()) / (along.max() - along.min())
    first, middle, last = (_rgb(value) for value in palette.ground)
    low, high = np.clip(along * 2, 0, 1)[..., None], np.clip(along * 2 - 1, 0, 1)[..., None]
    picture = (first * (1 - low) + middle * low) * (1 - high) + last * high
    aspect = height / width
    for cx, cy, radius, strength in (
        ((0.9, 0.15, 0.75, 0.55), (0.85, 0.9, 0.8, 0.5), (0.15, 0.95, 0.8, 0.45), (1.0, 0.5, 0.7, 0.55))[
            seed % 4
        ],
        (0.1, 0.05, 0.6, 0.2),
    ):
        distance = np.hypot(x - cx, (y - cy) * aspect) / (radius * max(1.0, aspect))
        light = (np.clip(1 - distance, 0, 1) ** 2 * strength)[..., None]
        picture = picture * (1 - light) + _rgb(palette.glow) * light
    smooth: NDArray[np.uint8] = picture.clip(0, 255).astype(np.uint8)
    return smooth


def _rgb(value: str) -> NDArray[np.float32]:
    return np.array([int(value[i : i + 2], 16) for i in (1, 3, 5)], np.float32)


def _grain(image: Image.Image, seed: int) -> Image.Image:
    """Add noise of one step, which hides the steps of a gradient."""
    pixels = np.array(image)
    noise = np.random.default_rng(seed).integers(-1, 2, (64, *pixels.shape[1:2], 1), dtype=np.int8)
    for top in range(0, pixels.shape[0], 64):
        rows = pixels[top : top + 64]
        rows[:] = (rows.astype(np.int16) + noise[: len(rows)]).clip(0, 255)
    return Image.fromarray(pixels)


def _rings(width: int, height: int, chance: random.Random) -> Image.Image:
    """Wide circles around a corner."""
    mask = Image.new("L", (width * 2, height * 2))
    canvas = ImageDraw.Draw(mask)
    edge = min(width, height) * 2
    cx, cy = width * 2 * chance.choice((0.95, 1.0)), height * 2 * chance.choice((0.12, 0.9))
    for number in range(1, 8):
        radius = edge * 0.17 * number
        canvas.ellipse(
            (cx - radius, cy - radius, cx + radius, cy + radius),
            outline=52 - number * 5,
            width=max(2, edge // 360),
        )
    return mask.reduce(2)


def _blobs(width: int, height: int, chance: random.Random) -> Image.Image:
    """Large overlapping discs at the edges."""
    mask = np.zeros((height * 2, width * 2), np.uint8)
    edge = min(width, height) * 2
    for x, y, size in ((1.02, 0.02, 0.42), (0.02, 0.86, 0.34), (0.96, 0.98, 0.5), (0.2, -0.05, 0.2)):
        radius = edge * size * chance.uniform(0.9, 1.1)
        disc = Image.new("L", (width * 2, height * 2))
        cx, cy = x * width * 2, y * height * 2
        ImageDraw.Draw(disc).ellipse((cx - radius, cy - radius, cx + radius, cy + radius), fill=38)
        mask += np.asarray(disc)
    return Image.fromarray(mask).reduce(2)


def _grid(width: int, height: int, chance: random.Random) -> Image.Image:
    """Dots as on squared paper, fading towards one corner."""
    step = max(8, min(width, height) // 18)
    dot = Image.new("L", (step * 4, step * 4))
    radius = step * 4 * 0.055
    ImageDraw.Draw(dot).ellipse(
        (step * 2 - radius, step * 2 - radius, step * 2 + radius, step * 2 + radius), fill=255
    )
    tile = np.asarray(dot.resize((step, step), Image.Resampling.BOX))
    dots = np.tile(tile, (height // step + 1, width // step + 1))[:height, :width]
    fade = (
        np.linspace(0.1, 0.5, width, dtype=np.float32)[None, :]
        * np.linspace(0.5, 1, height, dtype=np.float32)[:, None]
    )
    return Image.fromarray((dots * fade).astype(np.uint8))


def _rays(width: int, height: int, chance: random.Random) -> Image.Image:
    """Broad rays from below, as of a rising sun."""
    mask = Image.new("L", (width * 2, height * 2))
    canvas = ImageDraw.Draw(mask)
    cx, cy = width * 2 * chance.choice((0.85, 1.0)), height * 2 * 1.05
    reach = math.hypot(width, height) * 2.4
    turn = chance.uniform(0, 0.2)
    for number in range(9):
        angle = math.pi + turn + number * math.pi / 8
        half = math.pi / 34
        canvas.polygon(
            [(cx, cy)]
            + [
                (cx + reach * math.cos(angle + side * half), cy + reach * math.sin(angle + side * half))
                for side in (-1, 1)
            ],
            fill=22,
        )
    return mask.reduce(2)


def _plain(width: int, height: int, chance: random.Random) -> Image.Image | None:
    """Nothing: all shapes of this motif float."""
    return None


_MOTIFS = {"rings": _rings, "blobs": _blobs, "grid": _grid, "rays": _rays, "confetti": _plain}


@dataclass(frozen=True)
class Floating:
    """A shape that moves by whole pixels each frame and comes in again on the other side."""

    sprite: Sprite
    colour: Colour
    alpha: int
    dx: int
    dy: int

    def draw(self, target: Planes, frame: int) -> None:
        """Blend the shape where it is at `frame`."""
        height, width = target.y.shape
        x = _wrapped(self.sprite.x + self.dx * frame, self.sprite.width, width) - self.sprite.x
        y = _wrapped(self.sprite.y + self.dy * frame, self.sprite.height, height) - self.sprite.y
        self.sprite.draw(target, self.colour, self.alpha, x, y)


def _wrapped(place: int, size: int, frame_size: int) -> int:
    return (place + size) % (frame_size + size) - size


def floating(palette: Palette, width: int, height: int, seed: int) -> list[Floating]:
    """Return the shapes that float over the ground, seldom where text stands."""
    chance = random.Random(1000 + seed)
    unit = min(width, height) / 1080
    pace = max(1, round(unit))
    shape, accent = colour(palette.shape), colour(palette.accent)
    made: list[Floating] = []
    if palette.motif == "confetti":
        for number in range(14):
            size = chance.uniform(22, 46) * unit
            x, y = chance.uniform(0, width), chance.uniform(0, height)
            made.append(
                Floating(
                    _piece(number, x, y, size),
                    (shape, accent)[number % 2],
                    OPAQUE // 3,
                    0,
                    pace * (1 + number % 2),
                )
            )
        return made
    wide = width > height * 1.3  # there, nothing is written on the right
    for number in range(3):
        size = ((640, 300, 110) if wide else (360, 180, 90))[number] * unit * chance.uniform(0.9, 1.1)
        x = width * ((0.66, 0.8, 0.64) if wide else (0.62, 0.1, 0.8))[number]
        y = height * ((0.2, 0.5, 0.62) if wide else (0.62, 0.8, 0.2))[number] + chance.uniform(-40, 40) * unit
        drawn = (
            sprites.ring(x, y, size, 2.5 * unit) if number != 1 else sprites.rounded(x, y, size, size, size)
        )
        made.append(
            Floating(
                drawn,
                accent if number == 2 else shape,
                OPAQUE // (7, 14, 3)[number],
                (pace, -pace, pace)[number] * (1 if seed % 2 else -1),
                (-pace, -pace, -pace)[number],
            )
        )
    return made


def _piece(number: int, x: float, y: float, size: float) -> Sprite:
    if number % 3 == 0:
        return sprites.rounded(x, y, size, size, size)
    if number % 3 == 1:
        return sprites.polygon(x, y, size, size, [(0.5, 0), (1, 0.9), (0, 0.9)])
    return sprites.polygon(x, y, size, size, [(0.3, 0), (1, 0.4), (0.7, 1), (0, 0.6)])
