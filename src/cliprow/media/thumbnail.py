"""Thumbnails: the title, very large, over the video's own bare background."""

from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageFilter

from cliprow.files import write_whole
from cliprow.media import segments, sprites
from cliprow.media.fonts import Fonts
from cliprow.media.logo import fitted
from cliprow.media.palettes import PICTURE_INK, Palette
from cliprow.media.planes import Box
from cliprow.media.sprites import Sprite
from cliprow.media.text import Block, Line, Style, fit_text

#: Best JPEG quality first; the first that fits the platform's size is taken.
_QUALITIES = (92, 85, 75, 60, 40, 20)
#: A ground darker than this (of 255) takes white text.
_DARK = 140


def draw_thumbnail(
    background: Image.Image, title: str, palette: Palette, fonts: Fonts, size: tuple[int, int]
) -> Image.Image:
    """Draw a cover to be read at the size of a stamp: few large words, the last line on a coloured plate.

    Args:
        background: any size; it is cut to fill.
        size: width and height in pixels.
    """
    image = _filled(background, size)
    unit = min(size) / 720
    tall = size[1] > size[0] * 1.2
    title = segments.tidy(title)
    box = _title_box(size, segments.is_right_to_left(title))
    block = fit_text(
        title,
        Style(fonts, round((120 if tall else 170) * unit), 900, leading=1.06),
        box.width,
        box.height,
        smallest=max(8, round(40 * unit)),
        most_lines=6 if tall else 4,
    )
    if not block.lines:
        return image
    ink = PICTURE_INK if np.asarray(image.convert("L")).mean() < _DARK else palette.ink
    top = box.top + (box.height - block.height) / 2
    lines = sprites.block_lines(block, box.left, top, box.width, "start")
    if ink == PICTURE_INK:
        _shade(image, lines, unit)
    for line in lines[:-1]:
        _paste(image, line, ink)
    if len(lines) > 1:
        _paste(image, _plate(block, block.lines[-1], box, top, unit), palette.accent)
        _paste(image, lines[-1], palette.on_accent)
    else:
        _paste(image, lines[0], ink)
        _paste(image, _rule(block, box, top, unit), palette.accent)
    _edge(image, palette, unit)
    return image


def add_logo(image: Image.Image, logo: Image.Image, right: bool) -> None:
    """Draw a brand's logo into an upper corner, above the title."""
    width, height = image.size
    tall = height > width * 1.2
    # Tall covers are cut to 3:4 in some grids.
    box = (
        Box(0.09 * width, 0.14 * height, 0.91 * width, 0.225 * height)
        if tall
        else Box(0.07 * width, 0.04 * height, 0.93 * width, 0.13 * height)
    )
    room = 0.3 * width
    left_edge = box.right - room if right else box.left
    drawn, left, top = fitted(logo, box._replace(left=left_edge, right=left_edge + room), right)
    image.paste(drawn, (left, top), drawn)


def save_jpeg(image: Image.Image, path: Path, max_bytes: int) -> None:
    """Write the best JPEG that stays within `max_bytes`; below the lowest quality, smaller pictures are tried."""
    while True:
        for quality in _QUALITIES:
            buffer = io.BytesIO()
            image.save(buffer, "JPEG", quality=quality, optimize=True, progressive=True, subsampling=0)
            if buffer.tell() <= max_bytes:
                write_whole(path, buffer.getvalue())
                return
        image = image.resize(
            (max(16, image.width * 3 // 4), max(16, image.height * 3 // 4)), Image.Resampling.LANCZOS
        )


def first_picture(video: Path) -> Image.Image:
    """Return the first frame of a video as RGB: the background before anything is written on it."""
    with av.open(str(video)) as container:
        frame = next(container.decode(container.streams.video[0]))
        converted = frame.reformat(
            format="rgb24", src_colorspace="ITU709", src_color_range="MPEG", dst_color_range="JPEG"
        )
        return Image.fromarray(converted.to_ndarray())


def _filled(background: Image.Image, size: tuple[int, int]) -> Image.Image:
    scale = max(size[0] / background.width, size[1] / background.height)
    wide = round(background.width * scale), round(background.height * scale)
    scaled = background.convert("RGB").resize(wide, Image.Resampling.LANCZOS)
    left, top = (wide[0] - size[0]) // 2, (wide[1] - size[1]) // 2
    return scaled.crop((left, top, left + size[0], top + size[1]))


def _title_box(size: tuple[int, int], right_to_left: bool) -> Box:
    """Return where the title stands; tall covers are cut to 3:4 in some grids."""
    width, height = size
    if height > width * 1.2:
        return Box(0.09 * width, 0.24 * height, 0.91 * width, 0.76 * height)
    near, far = (0.14, 0.93) if right_to_left else (0.07, 0.86)
    return Box(near * width, 0.14 * height, far * width, 0.86 * height)


def _shade(image: Image.Image, lines: list[Sprite], unit: float) -> None:
    """Lay a soft shadow under white text, for grounds that are light in places."""
    mask = Image.new("L", image.size)
    for line in lines:
        mask.paste(255, (line.x, line.y), Image.fromarray(line.luma))
    soft = mask.filter(ImageFilter.GaussianBlur(14 * unit)).point(lambda value: min(200, value))
    image.paste("#05060a", (0, 0), soft)


def _plate(block: Block, line: Line, box: Box, top: float, unit: float) -> Sprite:
    """Draw what lies behind the last line; the text stays in line with those above."""
    aside, y = 18 * unit, top + block.line_height * (len(block.lines) - 1)
    left = box.left + sprites.line_offset(line.width, box.width, "start", block.right_to_left)
    return sprites.rounded(
        left - aside, y - 4 * unit, line.width + 2 * aside, block.line_height + 8 * unit, 14 * unit
    )


def _rule(block: Block, box: Box, top: float, unit: float) -> Sprite:
    length = 130 * unit
    left = box.left + sprites.line_offset(length, box.width, "start", block.right_to_left)
    return sprites.rounded(left, top + block.height + 22 * unit, length, 14 * unit, 7 * unit)


def _edge(image: Image.Image, palette: Palette, unit: float) -> None:
    """Draw a bar along the lower edge, so that a row of covers is recognised as one channel's."""
    height = round(12 * unit)
    image.paste(palette.accent, (0, image.height - height, image.width, image.height))


def _paste(image: Image.Image, sprite: Sprite, tint: str) -> None:
    image.paste(tint, (sprite.x, sprite.y), Image.fromarray(sprite.luma))
