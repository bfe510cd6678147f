"""How things come in, stay and go: plain functions of the frame number."""

from __future__ import annotations

from dataclasses import dataclass

from cliprow.media.planes import Colour, Planes
from cliprow.media.sprites import OPAQUE, Sprite

#: The first frames of a video show its bare background: the thumbnail is drawn over the first of them.
BARE_FRAMES = 2
#: Frames in which a line of text comes in.
REVEAL_FRAMES = 14
#: Frames of a scene's first and last part in which a panel sweeps across; two neighbours make one movement.
SWEEP_FRAMES = 8


def eased(frame: int, start: int, length: int) -> float:
    """Return how far a movement is, 0 to 1, fast at first and slow in the end."""
    if frame < start:
        return 0.0
    part = min(1.0, (frame - start + 1) / length)
    return 1 - (1 - part) ** 3


@dataclass(frozen=True)
class Reveal:
    """A sprite that fades in while it moves to its place."""

    sprite: Sprite
    colour: Colour
    start: int
    #: Where it comes from, in pixels from its place.
    dx: int = 0
    dy: int = 0
    alpha: int = OPAQUE
    #: From this frame on it recedes to `receded` of its alpha.
    recede: int | None = None

    def draw(self, target: Planes, frame: int) -> None:
        """Blend the sprite where it is at `frame`."""
        if frame < self.start:
            return
        way = eased(frame, self.start, REVEAL_FRAMES)
        alpha = self.alpha * way
        if self.recede is not None:
            alpha *= 1 - 0.38 * eased(frame, self.recede, REVEAL_FRAMES)
        self.sprite.draw(
            target, self.colour, round(alpha), round(self.dx * (1 - way)), round(self.dy * (1 - way))
        )


@dataclass(frozen=True)
class Grow:
    """A bar that grows from its start edge to its full width."""

    sprite: Sprite
    colour: Colour
    start: int
    from_right: bool = False

    def draw(self, target: Planes, frame: int) -> None:
        """Blend as much of the bar as has grown."""
        width = round(self.sprite.width * eased(frame, self.start, REVEAL_FRAMES)) // 2 * 2
        draw_part(target, self.sprite, self.colour, width, self.from_right)


@dataclass(frozen=True)
class Progress:
    """A row of segments, one for each scene; the current one fills while the scene lasts."""

    #: All segments, those of the scenes before (None for none), and the current one.
    track: Sprite
    done: Sprite | None
    current: Sprite
    track_colour: Colour
    colour: Colour
    frame_count: int
    from_right: bool = False

    def draw(self, target: Planes, frame: int) -> None:
        """Blend the row as it stands at `frame`."""
        if self.done is None and frame < BARE_FRAMES:
            return
        self.track.draw(target, self.track_colour, OPAQUE // 4)
        if self.done:
            self.done.draw(target, self.colour)
        share = (frame + 1) / self.frame_count
        draw_part(
            target, self.current, self.colour, round(self.current.width * share / 2) * 2, self.from_right
        )


def draw_part(target: Planes, sprite: Sprite, colour: Colour, width: int, from_right: bool) -> None:
    """Draw only the first `width` pixels (an even number) of a sprite."""
    if width <= 0:
        return
    start = sprite.width - width if from_right else 0
    part = Sprite(
        sprite.x + start,
        sprite.y,
        sprite.luma[:, start : start + width],
        sprite.chroma[:, start // 2 : (start + width) // 2],
    )
    part.draw(target, colour)


@dataclass(frozen=True)
class Sweep:
    """A slanted panel in two colours that covers the frame at the end of a scene and uncovers the next."""

    front: Colour
    back: Colour
    frame_count: int
    #: Whether there is a scene before and one after, in whose company the movement is whole.
    enters: bool
    leaves: bool
    from_right: bool = False

    def draw(self, target: Planes, frame: int) -> None:
        """Fill the panel where it is at `frame`, if it is to be seen."""
        if self.enters and frame < SWEEP_FRAMES:
            self._panel(target, 1 + (frame + 1) / (SWEEP_FRAMES + 1))
        elif self.leaves and frame >= self.frame_count - SWEEP_FRAMES:
            self._panel(target, (frame - self.frame_count + SWEEP_FRAMES + 1) / SWEEP_FRAMES)

    def _panel(self, target: Planes, time: float) -> None:
        """Draw the panel at `time`: 0 before the frame, 1 covering all of it, 2 past it; fastest at 1."""
        from cliprow.media import kernels

        way = time * time if time < 1 else 2 - (2 - time) ** 2
        height, width = target.y.shape
        slope = 0.25 if self.from_right else -0.25
        panel = width + height * 0.25
        left = width - way * panel if self.from_right else (way - 1) * panel
        stripe = 0.08 * width
        # The stripe is on the edge that is to be seen: in front while covering, behind while uncovering.
        stripe_left = left if self.from_right == (way < 1) else left + panel - stripe
        for index, plane in enumerate(target):
            part = 1 if index == 0 else 2
            kernels.fill_slanted(plane, left / part, (left + panel) / part, slope, self.front[index])
            kernels.fill_slanted(
                plane, stripe_left / part, (stripe_left + stripe) / part, slope, self.back[index]
            )
