"""Where things stand in a frame: native to each aspect, inside what every platform leaves uncovered."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cliprow.media.planes import Box
from cliprow.models import LogoCorner, LogoSize

#: What TikTok, Reels and Shorts all leave free at 1080x1920, as fractions of the frame (read in November 2025).
VERTICAL_SAFE_ZONE = Box(108 / 1080, 384 / 1920, 972 / 1080, 1536 / 1920)
#: Height of a logo, as a fraction of the frame's short edge.
_LOGO_HEIGHTS = {LogoSize.SMALL: 0.06, LogoSize.MEDIUM: 0.085, LogoSize.LARGE: 0.12}


@dataclass(frozen=True)
class Geometry:
    """Boxes in pixels and sizes of type for one raster; the boxes do not touch each other."""

    width: int
    height: int
    #: How many pixels a length of 1 at a short edge of 1080 has here.
    unit: float
    #: Heading and points.
    text: Box
    #: The letters of captions.
    captions: Box
    #: One thin bar.
    progress: Box
    #: Largest sizes of type.
    title_size: int
    heading_size: int
    point_size: int
    caption_size: int
    #: Words of a caption phrase, at most.
    caption_words: int
    #: Text keeps to one side, and the other is left to the picture; in other frames titles stand in the middle.
    wide: bool

    @classmethod
    def of(cls, width: int, height: int) -> Geometry:
        """Return the geometry of a raster, by its proportions."""
        unit = min(width, height) / 1080
        wide = width > height * 1.3
        if height > width * 1.5:
            zone = _part(width, height, VERTICAL_SAFE_ZONE)
            text = Box(zone.left, zone.top, zone.right, zone.top + zone.height * 0.72)
            captions = Box(zone.left, zone.top + zone.height * 0.76, zone.right, zone.bottom)
            progress = Box(zone.left, zone.top - 72 * unit, zone.right, zone.top - 64 * unit)
            sizes = (128, 104, 62, 82)
        elif wide:
            text = _part(width, height, Box(0.068, 0.15, 0.66, 0.72))
            captions = _part(width, height, Box(0.12, 0.775, 0.88, 0.95))
            progress = _part(width, height, Box(0.068, 0.078, 0.932, 0.085))
            sizes = (124, 92, 54, 60)
        else:
            text = _part(width, height, Box(0.085, 0.15, 0.915, 0.70))
            captions = _part(width, height, Box(0.085, 0.75, 0.915, 0.94))
            progress = _part(width, height, Box(0.085, 0.075, 0.915, 0.082))
            sizes = (108, 86, 50, 64)
        title, heading, point, caption = (max(8, round(size * unit)) for size in sizes)
        # Plate and outline reach a little beyond the letters, and stay inside the zone too.
        aside = 0.15 * caption
        captions = captions._replace(left=captions.left + aside, right=captions.right - aside)
        words = 7 if wide else 5
        return cls(width, height, unit, text, captions, progress, title, heading, point, caption, words, wide)

    def with_logo(self, size: LogoSize, corner: LogoCorner) -> tuple[Geometry, Box]:
        """Return the box of a logo under the bar of progress, inside the safe zone, and the geometry that leaves it free."""
        tall = self.height > self.width * 1.5
        top = self.text.top if tall else self.progress.bottom + 22 * self.unit
        edges = (self.text.left, self.text.right) if tall else (self.progress.left, self.progress.right)
        height = _LOGO_HEIGHTS[size] * 1080 * self.unit
        width = min(height * 3.5, 0.24 * self.width)
        left = edges[0] if corner is LogoCorner.TOP_LEFT else edges[1] - width
        box = Box(left, top, left + width, top + height)
        if box.right <= self.text.left or box.left >= self.text.right:
            return self, box
        below = max(self.text.top, box.bottom + 24 * self.unit)
        return replace(self, text=self.text._replace(top=below)), box

    def mirrored(self) -> Geometry:
        """Return the same for text that runs from right to left."""
        text = Box(self.width - self.text.right, self.text.top, self.width - self.text.left, self.text.bottom)
        return replace(self, text=text)


def _part(width: int, height: int, box: Box) -> Box:
    return Box(box.left * width, box.top * height, box.right * width, box.bottom * height)
