"""Captions: a few words at a time, the one being spoken on a coloured plate."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass

from cliprow import models
from cliprow.media import segments
from cliprow.media.geometry import Geometry
from cliprow.media.motion import BARE_FRAMES
from cliprow.media.planes import Colour, Planes
from cliprow.media.sprites import OPAQUE, Sprite, line_offset, rounded, words_sprite
from cliprow.media.text import Block, Style, Word, cut_word, shape, wrap
from cliprow.models import SAMPLE_RATE, SAMPLES_PER_FRAME

#: A pause longer than this (samples) ends a phrase; a shorter one keeps it on screen until the next.
_PAUSE = SAMPLE_RATE * 2 // 5
#: Lines of a phrase, at most.
_LINES = 2
#: Frames in which a plate fades in.
_PLATE_FRAMES = 3
_SENTENCE_END = (".", "!", "?", "…", "。", "！", "？", "؟", "۔", "।", ":", ";", "；", "：", "؛")


@dataclass(frozen=True)
class CaptionColours:
    """Colours of captions, the same over any background."""

    plate: Colour
    on_plate: Colour
    text: Colour
    outline: Colour


@dataclass(frozen=True)
class SpokenWord:
    """A word as captioned: what is shown, when (samples), and whether a space stands before it."""

    text: str
    start: int
    end: int
    space_before: bool


@dataclass(frozen=True)
class Phrase:
    """Words shown together, from frame `first` until before frame `last`."""

    words: tuple[SpokenWord, ...]
    first: int
    last: int


def spoken_words(words: Sequence[models.Word], language: str, text: str = "") -> list[SpokenWord]:
    """Prepare narrated words: long unspaced ones are cut into phrases that share their time by length.

    Args:
        text: the narration as written; tells whether a space stands between two words of an unspaced script.
    """
    prepared: list[SpokenWord] = []
    place = 0
    for word in words:
        shown = segments.tidy(word.text)
        if not shown:
            continue
        found = text.find(shown, place)
        if found >= 0:
            space = found == 0 or text[found - 1].isspace()
            place = found + len(shown)
        else:
            space = not (
                prepared and segments.is_unspaced(shown[0]) and segments.is_unspaced(prepared[-1].text[-1])
            )
        start, length = word.start, max(0, word.end - word.start)
        total, done = len(shown), 0
        for index, token in enumerate(shown.split()):
            for number, part in enumerate(segments.split_unspaced(token, language)):
                done += len(part)
                end = word.start + length * done // total
                spaced = space if index == number == 0 else number == 0
                prepared.append(SpokenWord(part, start, end, spaced))
                start = end
    return prepared


def _no_wider(words: Sequence[SpokenWord], style: Style, width: float) -> list[SpokenWord]:
    """Cut words that are wider than a line; the parts share the word's time."""
    fitted: list[SpokenWord] = []
    for word in words:
        parts = cut_word(shape(word.text, style, space_before=word.space_before), style, width)
        done, start = 0, word.start
        for part in parts:
            done += len(part.text)
            end = word.start + (word.end - word.start) * done // len(word.text)
            fitted.append(SpokenWord(part.text, start, end, part.space_before))
            start = end
    return fitted


def phrases(words: Sequence[SpokenWord], style: Style, geometry: Geometry, frame_count: int) -> list[Phrase]:
    """Group words into phrases that fit two lines, ending at sentences and pauses."""
    groups: list[list[SpokenWord]] = []
    for sentence in _sentences(words):
        groups += _balanced(sentence, style, geometry)
    starts = [max(BARE_FRAMES, group[0].start // SAMPLES_PER_FRAME) for group in groups]
    made = []
    for number, group in enumerate(groups):
        own_end = (group[-1].end + _PAUSE) // SAMPLES_PER_FRAME
        following = starts[number + 1] if number + 1 < len(groups) else frame_count
        last = following if following - own_end < 0 or number + 1 == len(groups) else own_end
        made.append(Phrase(tuple(group), starts[number], min(frame_count, max(last, starts[number] + 1))))
    return made


def _sentences(words: Sequence[SpokenWord]) -> list[list[SpokenWord]]:
    """Cut words at pauses and after sentences; a sentence of one word keeps the next one company."""
    parts: list[list[SpokenWord]] = []
    for word in words:
        part = parts[-1] if parts else []
        closed = bool(part) and part[-1].text.rstrip("\"'”’»)」』").endswith(_SENTENCE_END) and len(part) > 1
        if not part or closed or word.start - part[-1].end > _PAUSE:
            parts.append([word])
        else:
            part.append(word)
    return parts


def _balanced(words: list[SpokenWord], style: Style, geometry: Geometry) -> list[list[SpokenWord]]:
    """Cut a sentence into as few phrases as fit, all of about the same length."""
    total = sum(len(word.text) for word in words)
    fewest = _cut(words, style, geometry, total)
    for most in range(-(-total // len(fewest)), total):
        even = _cut(words, style, geometry, most)
        if len(even) == len(fewest):
            return even
    return fewest


def _cut(
    words: list[SpokenWord], style: Style, geometry: Geometry, most_chars: int
) -> list[list[SpokenWord]]:
    """Fill phrases one after another, each with `most_chars` letters and two lines at most."""
    groups: list[list[SpokenWord]] = []
    for word in words:
        longer = [*groups[-1], word] if groups else []
        if longer and sum(len(w.text) for w in longer) <= most_chars and _fits(longer, style, geometry):
            groups[-1] = longer
        else:
            groups.append([word])
    return groups


def _fits(group: list[SpokenWord], style: Style, geometry: Geometry) -> bool:
    # A word without a space before it is a part of one, and counts half.
    if sum(1.0 if word.space_before else 0.5 for word in group) > geometry.caption_words:
        return False
    shaped = [shape(word.text, style, space_before=word.space_before) for word in group]
    right_to_left = segments.is_right_to_left(" ".join(word.text for word in group))
    return len(wrap(shaped, style, geometry.captions.width, right_to_left)) <= _LINES


class Captions:
    """Draws the captions of a scene; masks of the current phrase are kept, those of others are not."""

    def __init__(
        self,
        words: Sequence[SpokenWord],
        style: Style,
        geometry: Geometry,
        colours: CaptionColours,
        frame_count: int,
    ) -> None:
        self._style, self._geometry, self._colours = style, geometry, colours
        self.phrases = phrases(_no_wider(words, style, geometry.captions.width), style, geometry, frame_count)
        self._firsts = [phrase.first for phrase in self.phrases]
        self._current: tuple[int, _Drawn] | None = None

    def draw(self, target: Planes, frame: int) -> None:
        """Blend what is to be seen at `frame`."""
        number = bisect.bisect_right(self._firsts, frame) - 1
        if number < 0 or frame >= self.phrases[number].last:
            return
        if self._current is None or self._current[0] != number:
            self._current = number, _Drawn(self.phrases[number], self._style, self._geometry)
        self._current[1].draw(target, frame, self._colours)


class _Drawn:
    """The masks of one phrase."""

    def __init__(self, phrase: Phrase, style: Style, geometry: Geometry) -> None:
        self._starts = [word.start // SAMPLES_PER_FRAME for word in phrase.words]
        self._starts[0] = phrase.first
        box = geometry.captions
        shaped = [shape(word.text, style, space_before=word.space_before) for word in phrase.words]
        right_to_left = segments.is_right_to_left(" ".join(word.text for word in phrase.words))
        lines = wrap(shaped, style, box.width, right_to_left)
        if len(lines) == _LINES:  # balance: the narrowest measure that still gives two lines
            for share in (0.5, 0.6, 0.7, 0.8, 0.9):
                narrow = wrap(shaped, style, box.width * share, right_to_left)
                if len(narrow) == _LINES:
                    lines = narrow
                    break
        block = Block(tuple(lines), style.size, right_to_left, leading=1.08)
        top = box.top + max(0.0, (box.height - block.height) / 2)
        stroke = max(2, style.size // 12)
        self._fills: list[Sprite] = []
        self._words: list[Sprite] = []
        self._plates: list[Sprite] = []
        self._outlines: list[Sprite] = []
        for row, line in enumerate(lines):
            left = box.left + line_offset(line.width, box.width, "centre", right_to_left)
            y = top + row * block.line_height
            placed = list(line.words)
            self._outlines.append(words_sprite(placed, left, y, block, stroke))
            self._fills.append(words_sprite(placed, left, y, block))
            for place, word in placed:
                self._words.append(words_sprite([(place, word)], left, y, block))
                self._plates.append(_plate(left + place, y, word, block))

    def draw(self, target: Planes, frame: int, colours: CaptionColours) -> None:
        active = max(0, bisect.bisect_right(self._starts, frame) - 1)
        since = frame - self._starts[active]
        for outline in self._outlines:
            outline.draw(target, colours.outline, OPAQUE * 4 // 5)
        for fill in self._fills:
            fill.draw(target, colours.text)
        alpha = OPAQUE * (since + 1) // _PLATE_FRAMES
        self._plates[active].draw(target, colours.plate, alpha)
        self._words[active].draw(target, colours.on_plate, alpha)


def _plate(x: float, y: float, word: Word, block: Block) -> Sprite:
    """Draw what lies behind the word being spoken; it reaches half into the spaces beside it."""
    aside = 0.12 * block.size if word.space_before else 0.06 * block.size
    above = 0.02 * block.size
    return rounded(x - aside, y - above, word.width + 2 * aside, block.line_height + above, 0.2 * block.size)
