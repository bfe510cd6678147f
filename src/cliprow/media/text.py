"""Text set in lines: shaped by script, ordered by direction, broken and sized to fit a box.

A line is a row of words, each with its own place, so that one word can be highlighted; words are ordered by
the direction of the paragraph, and neighbours of the other direction keep theirs (UAX 9, word by word).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache

from PIL import ImageDraw, ImageFont

from cliprow.media import segments
from cliprow.media.fonts import Fonts, sized

_ELLIPSIS = "…"
#: Least room above and below the baseline, in ems.
_ASCENT, _DESCENT = 0.93, 0.27


@dataclass(frozen=True)
class Style:
    """How a text is set."""

    fonts: Fonts
    #: Pixels of one em.
    size: int
    #: 100 to 900.
    weight: int
    #: Height of a line, of the height that its fonts ask for.
    leading: float = 1.0


@dataclass(frozen=True)
class Piece:
    """A stretch of a word in one font and direction."""

    text: str
    font: ImageFont.FreeTypeFont
    direction: str
    #: Pixels from the word's left edge.
    x: float


@dataclass(frozen=True)
class Word:
    """A shaped word; it stays on one line."""

    text: str
    pieces: tuple[Piece, ...]
    width: float
    ascent: float
    descent: float
    #: A space stands before it in the text (not so between words of Japanese or Thai).
    space_before: bool

    @cached_property
    def direction(self) -> str:
        """`ltr`, `rtl`, or empty for numbers and signs."""
        return segments.strong_direction(self.text)

    def draw(self, canvas: ImageDraw.ImageDraw, x: float, baseline: float, stroke: int = 0) -> None:
        """Draw in full white onto a mask, `stroke` pixels fatter on all sides."""
        for piece in self.pieces:
            canvas.text(
                (x + piece.x, baseline),
                piece.text,
                fill=255,
                font=piece.font,
                anchor="ls",
                direction=piece.direction,
                stroke_width=stroke,
                stroke_fill=255,
            )


@dataclass(frozen=True)
class Line:
    """Words with their places: pixels from the line's left edge, in the order they are read."""

    words: tuple[tuple[float, Word], ...]
    width: float
    ascent: float
    descent: float


@dataclass(frozen=True)
class Block:
    """A paragraph: its lines from top to bottom, all as high as the highest."""

    lines: tuple[Line, ...]
    size: int
    right_to_left: bool
    leading: float = 1.0

    @property
    def width(self) -> float:
        """Pixels of the widest line."""
        return max((line.width for line in self.lines), default=0.0)

    @property
    def ascent(self) -> float:
        """Pixels from the top of a line to its baseline."""
        return max((line.ascent for line in self.lines), default=0.0) * self.leading

    @property
    def line_height(self) -> float:
        """Pixels from one baseline to the next."""
        descent = max((line.descent for line in self.lines), default=0.0)
        return self.ascent + descent * self.leading

    @property
    def height(self) -> float:
        """Pixels of all lines."""
        return self.line_height * len(self.lines)


@lru_cache(maxsize=2048)
def shape(text: str, style: Style, *, space_before: bool = True) -> Word:
    """Shape one word, which may mix scripts and directions."""
    base = "rtl" if segments.is_right_to_left(text) else "ltr"
    runs = [(face, part, segments.strong_direction(part) or base) for face, part in style.fonts.runs(text)]
    if base == "rtl":
        runs.reverse()
    pieces: list[Piece] = []
    # What is drawn decides, not the font's own line height, which some make half as high again as their letters.
    x, ascent, descent = 0.0, _ASCENT * style.size, _DESCENT * style.size
    for face, part, direction in runs:
        font = sized(face, style.size, style.weight)
        pieces.append(Piece(part, font, direction, x))
        x += font.getlength(part, direction=direction)
        _, top, _, bottom = font.getbbox(part, direction=direction, anchor="ls")
        ascent, descent = max(ascent, -top), max(descent, bottom)
    return Word(text, tuple(pieces), x, ascent, descent, space_before)


def shape_words(text: str, style: Style) -> list[Word]:
    """Shape a text word by word; scripts without spaces are cut into short phrases."""
    words: list[Word] = []
    for token in text.split():
        for index, part in enumerate(segments.split_unspaced(token, style.fonts.language)):
            words.append(shape(part, style, space_before=index == 0))
    return words


def set_line(words: list[Word], style: Style, right_to_left: bool) -> Line:
    """Place words side by side in the direction of the paragraph."""
    places: dict[int, float] = {}
    order = _visual_order(words, right_to_left)
    x = 0.0
    for place, index in enumerate(order):
        # The gap between two neighbours is the space before whichever is read later.
        if place and words[max(index, order[place - 1])].space_before:
            x += space_width(style)
        places[index] = x
        x += words[index].width
    return Line(
        tuple((places[index], word) for index, word in enumerate(words)),
        x,
        max((word.ascent for word in words), default=0.0),
        max((word.descent for word in words), default=0.0),
    )


def space_width(style: Style) -> float:
    """Return the width of a space in pixels."""
    return 0.26 * style.size


def _visual_order(words: list[Word], right_to_left: bool) -> list[int]:
    """Return the words' indices from left to right."""
    base = "rtl" if right_to_left else "ltr"
    groups: list[tuple[str, list[int]]] = []
    for index, word in enumerate(words):
        # Numbers and signs follow what stands before them, so `iPhone 15` keeps its order inside Arabic.
        direction = word.direction or (groups[-1][0] if groups else base)
        if groups and groups[-1][0] == direction:
            groups[-1][1].append(index)
        else:
            groups.append((direction, [index]))
    ordered = [members[::-1] if direction == "rtl" else members for direction, members in groups]
    if right_to_left:
        ordered.reverse()
    return [index for members in ordered for index in members]


def wrap(words: list[Word], style: Style, width: float, right_to_left: bool) -> list[Line]:
    """Break words into lines no wider than `width` (a word wider than that stays alone on its line)."""
    rows: list[list[Word]] = []
    used = 0.0
    for word in words:
        gap = space_width(style) if word.space_before else 0.0
        if rows and used + gap + word.width <= width:
            rows[-1].append(word)
            used += gap + word.width
        else:
            rows.append([word])
            used = word.width
    return [set_line(row, style, right_to_left) for row in rows]


def set_text(text: str, style: Style, width: float) -> Block:
    """Set a paragraph in lines as even as possible without needing more of them."""
    text = segments.tidy(text)
    right_to_left = segments.is_right_to_left(text)
    words = [part for word in shape_words(text, style) for part in cut_word(word, style, width)]
    lines = wrap(words, style, width, right_to_left)
    if len(lines) > 1:  # the narrowest measure with as many lines: no single word on the last one
        low, high = max(word.width for word in words), width
        while high - low > 4:
            middle = (low + high) / 2
            if len(wrap(words, style, middle, right_to_left)) > len(lines):
                low = middle
            else:
                high = middle
        lines = wrap(words, style, high, right_to_left)
    return Block(tuple(lines), style.size, right_to_left, style.leading)


def cut_word(word: Word, style: Style, width: float) -> list[Word]:
    """Cut a word that is wider than `width` between its characters, into parts of about the same width."""
    if word.width <= width:
        return [word]
    count = math.ceil(word.width / width)
    while True:
        parts = _parts(word, style, word.width / count)
        if all(part.width <= width for part in parts) or len(parts) >= len(segments.clusters(word.text)):
            return parts
        count += 1


def _parts(word: Word, style: Style, width: float) -> list[Word]:
    """Fill parts up to a little over `width`, the last one takes what is left."""
    texts = [""]
    for cluster in segments.clusters(word.text):
        if texts[-1] and shape(texts[-1], style).width >= width:
            texts.append("")
        texts[-1] += cluster
    return [
        shape(text, style, space_before=word.space_before and not number) for number, text in enumerate(texts)
    ]


def fit_text(
    text: str, style: Style, width: float, height: float, *, smallest: int, most_lines: int = 4
) -> Block:
    """Set a paragraph as large as it fits, from `style.size` down to `smallest`, then cut it with an ellipsis.

    Words are only broken at the smallest size. The block is never wider than `width` nor higher than `height`,
    unless one line of the smallest size is.
    """
    size = style.size
    while True:
        candidate = Style(style.fonts, max(size, smallest), style.weight, style.leading)
        block = set_text(text, candidate, width)
        whole = candidate.size == smallest or all(
            word.width <= width for word in shape_words(segments.tidy(text), candidate)
        )
        if whole and len(block.lines) <= most_lines and block.height <= height:
            return block
        if candidate.size == smallest:
            return _shortened(block, candidate, width, height, most_lines)
        size = int(size * 0.92)


def _shortened(block: Block, style: Style, width: float, height: float, most_lines: int) -> Block:
    """Keep the lines that fit and end the last of them with an ellipsis."""
    count = max(1, min(most_lines, int(height // block.line_height)))
    words = [word for _, word in block.lines[count - 1].words]
    mark = shape(_ELLIPSIS, style, space_before=False)
    while (
        len(words) > 1 and sum(w.width for w in words) + space_width(style) * len(words) + mark.width > width
    ):
        words.pop()
    last = set_line([*words, mark], style, block.right_to_left)
    return Block((*block.lines[: count - 1], last), style.size, block.right_to_left, style.leading)
