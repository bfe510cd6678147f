"""One scene drawn natively for one raster: the layout `type`, typography in motion over colour or a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from PIL import Image

from cliprow.media import artwork, pictures, segments, sprites
from cliprow.media.captions import CaptionColours, Captions, spoken_words
from cliprow.media.fonts import Fonts
from cliprow.media.geometry import Geometry
from cliprow.media.logo import Logo
from cliprow.media.motion import BARE_FRAMES, Grow, Progress, Reveal, Sweep
from cliprow.media.palettes import PICTURE_INK, Palette, palette_of
from cliprow.media.planes import Box, Colour, Planes, ZoomPicture, colour, from_rgb
from cliprow.media.sprites import Sprite
from cliprow.media.text import Block, Style, fit_text
from cliprow.media.timing import point_frames
from cliprow.models import SAMPLES_PER_FRAME, LogoCorner, SceneType, VideoInputs

#: Name of the layout, as stored with what it made.
LAYOUT = "type"
#: The background is drawn this much larger than the frame, and zoomed inside that.
_OVERSCAN = 1.12
#: Share by which the background grows in a second; slow enough to be felt, not seen.
_ZOOM_A_SECOND = 0.011
#: Scenes whose text stands in the middle, large.
_CENTRED = frozenset({SceneType.INTRO, SceneType.CALL_TO_ACTION})
#: Where a point's text starts beside its marker, in ems.
_INDENT = 1.6
#: Frames between the lines of a heading.
_STAGGER = 3


class Drawable(Protocol):
    """Something that is blended into a frame."""

    def draw(self, target: Planes, frame: int) -> None:
        """Blend what is to be seen at `frame`."""


@dataclass(frozen=True)
class _Colours:
    """The palette as planes hold it."""

    ink: Colour
    accent: Colour
    on_accent: Colour


class Scene:
    """Everything of a scene that is drawn once; `compose` then fills frame after frame from it."""

    def __init__(
        self,
        inputs: VideoInputs,
        fonts: Fonts,
        picture: Image.Image | None,
        logo: Image.Image | None = None,
    ) -> None:
        """Prepare a scene.

        Args:
            picture: the user's, at `ground_size`; None for a drawn background.
            logo: the brand's, RGBA of any size.
        """
        self.frame_count = inputs.sample_count // SAMPLES_PER_FRAME
        self._inputs, self._fonts = inputs, fonts
        self._geometry = Geometry.of(inputs.width, inputs.height)
        brand = inputs.brand
        palette = palette_of(inputs.tone, brand.colours)
        self._colours = _Colours(
            colour(PICTURE_INK if picture else palette.ink), colour(palette.accent), colour(palette.on_accent)
        )
        scene = inputs.scene
        self._right_to_left = segments.is_right_to_left(scene.heading or scene.voiceover_text)
        if self._right_to_left:
            self._geometry = self._geometry.mirrored()
        if logo is not None:
            self._geometry, logo_box = self._geometry.with_logo(brand.logo_size, brand.logo_corner)
        self._ground = self._draw_ground(palette, picture)
        self._layers: list[Drawable] = []
        if picture is None:
            self._layers += artwork.floating(palette, inputs.width, inputs.height, scene.scene_number)
        self._layers += self._set_text()
        self._layers.append(self._progress())
        self._layers.append(self._captions())
        self._layers.append(
            Sweep(
                self._colours.on_accent,
                self._colours.accent,
                self.frame_count,
                enters=scene.scene_number > 1,
                leaves=scene.scene_number < inputs.scene_count,
                from_right=self._right_to_left,
            )
        )
        if logo is not None:  # above what sweeps from scene to scene: it stays
            right = brand.logo_corner is LogoCorner.TOP_RIGHT
            self._layers.append(Logo(logo, logo_box, right=right, comes_in=scene.scene_number == 1))

    def compose(self, frame: int, target: Planes) -> None:
        """Fill a frame."""
        self._ground.draw(target, self._window(frame))
        for layer in self._layers:
            layer.draw(target, frame)

    def _draw_ground(self, palette: Palette, picture: Image.Image | None) -> ZoomPicture:
        width, height = ground_size(self._inputs.width, self._inputs.height)
        if picture is None:
            image = artwork.ground(palette, width, height, self._inputs.scene.scene_number)
        else:
            image = pictures.darken(picture, self._geometry.wide, self._right_to_left)
        return ZoomPicture(from_rgb(image), self._inputs.width, self._inputs.height)

    def _window(self, frame: int) -> Box:
        """Return the part of the background to be seen: slowly nearer in one scene, farther in the next."""
        width, height = self._inputs.width, self._inputs.height
        room = _OVERSCAN - 1
        reach = min(room, _ZOOM_A_SECOND * self.frame_count / 30)
        way = (frame + 0.5) / self.frame_count
        if self._inputs.scene.scene_number % 2 == 0:
            way = 1 - way
        scale = 1 + (room - reach * way) * self._ground.width / width / _OVERSCAN
        shown_width, shown_height = width * scale, height * scale
        left, top = (self._ground.width - shown_width) / 2, (self._ground.height - shown_height) / 2
        return Box(max(0.0, left), max(0.0, top), left + shown_width, top + shown_height)

    def _set_text(self) -> list[Drawable]:
        """Place heading, rule and points inside the text box, as one group."""
        scene, geometry = self._inputs.scene, self._geometry
        unit, box = geometry.unit, geometry.text
        centred = scene.scene_type in _CENTRED
        align = "centre" if centred and not geometry.wide else "start"
        heading = self._heading(centred)
        points = self._points(box.height - (heading.height + 90 * unit if heading else 0))
        rule = 10 * unit
        gap = 34 * unit
        between = 0.7 * geometry.point_size
        points_height = sum(block.height for block in points) + between * max(0, len(points) - 1)
        total = (heading.height + gap + rule if heading else 0) + (points_height + 1.4 * gap if points else 0)
        y = box.top + max(0.0, box.height - total) * (0.5 if centred else 0.32)
        drawables: list[Drawable] = []
        if heading:
            lines = sprites.block_lines(heading, box.left, y, box.width, align)
            rise = round(heading.line_height * 0.45)
            drawables += [
                Reveal(line, self._colours.ink, BARE_FRAMES + number * _STAGGER, dy=rise)
                for number, line in enumerate(lines)
            ]
            y += heading.height + gap
            length = 150 * unit
            x = box.left + sprites.line_offset(length, box.width, align, self._right_to_left)
            bar = sprites.rounded(x, y, length, rule, rule / 2)
            drawables.append(
                Grow(
                    bar, self._colours.accent, BARE_FRAMES + (len(lines) + 1) * _STAGGER, self._right_to_left
                )
            )
            y += rule + 1.4 * gap
        starts = point_frames(scene.points[: len(points)], self._inputs.words, self.frame_count, earliest=16)
        indent = _INDENT * max((block.size for block in points), default=0)
        column = box
        if align == "centre":  # markers and lines keep one edge, and stand in the middle together
            spare = (box.width - indent - max((block.width for block in points), default=0.0)) / 2
            column = Box(box.left + spare, box.top, box.right - spare, box.bottom)
        for number, (block, start) in enumerate(zip(points, starts, strict=True)):
            recede = starts[number + 1] if number + 1 < len(starts) else None
            drawables += self._point(number, block, column, y, start, recede)
            y += block.height + between
        return drawables

    def _heading(self, large: bool) -> Block | None:
        scene, geometry = self._inputs.scene, self._geometry
        if not scene.heading.strip():
            return None
        size = geometry.title_size if large or not scene.points else geometry.heading_size
        room = geometry.text.height * (0.5 if scene.points else 0.85)
        return fit_text(
            scene.heading,
            Style(self._fonts, size, 800, leading=0.96),
            geometry.text.width,
            room,
            smallest=max(8, round(geometry.point_size * 0.8)),
            most_lines=4 if geometry.wide else 5,
        )

    def _points(self, room: float) -> list[Block]:
        """Set all points at the one largest size that fits `room`; those that fit at no size are left out."""
        geometry = self._geometry
        texts = [point for point in self._inputs.scene.points if point.strip()]
        size, smallest = geometry.point_size, max(8, round(geometry.point_size * 0.62))
        while True:
            style = Style(self._fonts, size, 600)
            width = geometry.text.width - _INDENT * size
            blocks = [fit_text(text, style, width, room, smallest=smallest, most_lines=3) for text in texts]
            size = min([size, *(block.size for block in blocks)])
            between = 0.7 * geometry.point_size
            height = sum(block.height + between for block in blocks) - between
            if all(block.size == style.size for block in blocks) and height <= room:
                return blocks
            if style.size <= smallest:
                break
            size = max(smallest, min(size, int(style.size * 0.92)))
        kept: list[Block] = []
        for block in blocks:
            room -= block.height + between
            if room < -between:
                break
            kept.append(block)
        return kept

    def _point(
        self, number: int, block: Block, box: Box, y: float, start: int, recede: int | None
    ) -> list[Drawable]:
        """Draw a point with its marker: a number for steps, a tick for conclusions, a bar otherwise."""
        indent = _INDENT * block.size
        slide = round(36 * self._geometry.unit) * (1 if self._right_to_left else -1)
        edge = box.right - indent if self._right_to_left else box.left
        left = box.left if self._right_to_left else box.left + indent
        drawables: list[Drawable] = [
            Reveal(line, self._colours.ink, start + 2, dx=slide, recede=recede)
            for line in sprites.block_lines(block, left, y, box.width - indent, "start")
        ]
        middle = y + block.ascent - 0.36 * block.size
        for sprite, tint in self._marker(number, edge, middle, block.size):
            drawables.append(Reveal(sprite, tint, start, dx=slide, recede=recede))
        return drawables

    def _marker(self, number: int, x: float, middle: float, size: int) -> list[tuple[Sprite, Colour]]:
        """Draw a marker of about one em at x, its centre at `middle`."""
        kind = self._inputs.scene.scene_type
        accent = self._colours.accent
        em = 1.0 * size
        if self._right_to_left:
            x += 0.6 * size
        if kind is SceneType.DEMO:
            disc = sprites.rounded(x, middle - 0.55 * em, 1.1 * em, 1.1 * em, em)
            numeral = fit_text(
                str(number + 1), Style(self._fonts, round(0.66 * size), 800), em, em, smallest=8
            )
            top = middle - numeral.ascent + 0.36 * numeral.size
            digits = sprites.block_lines(numeral, x, top, 1.1 * em, "centre")
            return [(disc, accent), *((digit, self._colours.on_accent) for digit in digits)]
        if kind in (SceneType.CONCLUSION, SceneType.CALL_TO_ACTION):
            tick = sprites.polyline(
                x,
                middle - 0.36 * em,
                0.86 * em,
                0.68 * em,
                [(0.02, 0.55), (0.36, 0.95), (0.98, 0.05)],
                0.15 * em,
            )
            return [(tick, accent)]
        return [(sprites.rounded(x + 0.1 * em, middle - 0.27 * em, 0.54 * em, 0.54 * em, 0.14 * em), accent)]

    def _progress(self) -> Progress:
        count, box = self._inputs.scene_count, self._geometry.progress
        gap = min(12 * self._geometry.unit, box.width / count / 3)
        width = (box.width - gap * (count - 1)) / count
        bars = [
            sprites.rounded(box.left + number * (width + gap), box.top, width, box.height, box.height / 2)
            for number in range(count)
        ]
        if self._right_to_left:
            bars.reverse()
        current = min(max(self._inputs.scene.scene_number, 1), count) - 1
        return Progress(
            sprites.merged(bars),
            sprites.merged(bars[:current]) if current else None,
            bars[current],
            self._colours.ink,
            self._colours.accent,
            self.frame_count,
            self._right_to_left,
        )

    def _captions(self) -> Captions:
        words = spoken_words(self._inputs.words, self._inputs.language, self._inputs.scene.voiceover_text)
        colours = CaptionColours(
            plate=self._colours.accent,
            on_plate=self._colours.on_accent,
            text=colour("#ffffff"),
            outline=colour("#0a0a12"),
        )
        style = Style(self._fonts, self._geometry.caption_size, 800)
        return Captions(words, style, self._geometry, colours, self.frame_count)


def ground_size(width: int, height: int) -> tuple[int, int]:
    """Return the size of the background for a raster, in even pixels."""
    return round(width * _OVERSCAN) // 4 * 4, round(height * _OVERSCAN) // 4 * 4


def texts_of(inputs: VideoInputs) -> Sequence[str]:
    """Return everything that is drawn as text in a scene."""
    return [
        segments.tidy(text)
        for text in (inputs.scene.heading, *inputs.scene.points, *(w.text for w in inputs.words))
    ]
