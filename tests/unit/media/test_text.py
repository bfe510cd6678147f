from __future__ import annotations

import pytest
from PIL import Image, ImageDraw

from cliprow.media.fonts import Fonts
from cliprow.media.text import Style, cut_word, fit_text, set_line, set_text, shape, shape_words

LATIN = Style(Fonts("en"), 40, 700)


def visual(text: str, style: Style, right_to_left: bool) -> list[str]:
    """Return the words from left to right."""
    line = set_line(shape_words(text, style), style, right_to_left)
    return [word.text for _, word in sorted(line.words, key=lambda placed: placed[0])]


def test_right_to_left_words_run_from_right_to_left() -> None:
    style = Style(Fonts("ar"), 40, 700)
    assert visual("قهوة باردة لذيذة", style, True) == ["لذيذة", "باردة", "قهوة"]


def test_left_to_right_words_inside_arabic_keep_their_order() -> None:
    style = Style(Fonts("ar"), 40, 700)
    assert visual("مثل iPhone 15 Pro جديد", style, True) == ["جديد", "iPhone", "15", "Pro", "مثل"]


def test_words_are_apart_by_a_space_only_where_one_is_written() -> None:
    style = Style(Fonts("ja"), 40, 700)
    line = set_line(shape_words("今日は天気がいい", style), style, False)
    assert line.width == pytest.approx(sum(word.width for _, word in line.words))
    latin = set_line(shape_words("cold brew", LATIN), LATIN, False)
    assert latin.width > sum(word.width for _, word in latin.words)


def test_arabic_letters_are_joined() -> None:
    style = Style(Fonts("ar"), 40, 700)
    apart = sum(shape(letter, style).width for letter in "قهوة")
    assert shape("قهوة", style).width < 0.95 * apart


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Everything you ever wanted to know about cold brew coffee but never dared to ask " * 3),
        ("de", "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"),
        ("ja", "自宅で簡単に作れる水出しコーヒーの作り方を最初から最後まで丁寧に説明します。" * 3),
        ("th", "วิธีทำกาแฟสกัดเย็นที่บ้านโดยไม่ต้องใช้อุปกรณ์พิเศษใดๆทั้งสิ้น" * 3),
        ("ar", "كل ما أردت معرفته عن القهوة الباردة ولم تجرؤ على السؤال عنه من قبل " * 3),
        ("en", "👩‍🚀" * 60),
    ],
)
def test_text_of_any_length_stays_in_its_box(language: str, text: str) -> None:
    block = fit_text(text, Style(Fonts(language), 80, 800), 600, 300, smallest=30)
    assert block.width <= 600
    assert block.height <= 300
    canvas = Image.new("L", (700, 460))
    draw = ImageDraw.Draw(canvas)
    for number, line in enumerate(block.lines):
        for x, word in line.words:
            word.draw(draw, 50 + x, 80 + number * block.line_height + block.ascent)
    left, top, right, bottom = canvas.getbbox() or (0, 0, 0, 0)
    slack = 0.2 * block.size  # side bearings and marks
    assert left >= 50 - slack
    assert right <= 650 + slack
    assert top >= 80 - slack
    assert bottom <= 80 + block.height + slack


def test_what_does_not_fit_at_the_smallest_size_ends_with_an_ellipsis() -> None:
    block = fit_text("many words " * 80, Style(Fonts("en"), 60, 700), 300, 120, smallest=30)
    assert block.lines[-1].words[-1][1].text == "…"


def test_lines_of_a_paragraph_are_about_equally_long() -> None:
    block = set_text("one two three four five six seven eight nine ten eleven", LATIN, 600)
    assert len(block.lines) == 2
    assert block.lines[1].width > 0.7 * block.lines[0].width


def test_a_long_word_is_cut_into_even_parts() -> None:
    word = shape("Donaudampfschifffahrtsgesellschaft", LATIN)
    parts = cut_word(word, LATIN, word.width * 0.6)
    assert "".join(part.text for part in parts) == word.text
    assert len(parts) == 2
    assert not parts[1].space_before


def test_an_empty_text_has_no_lines() -> None:
    assert fit_text(" \n", LATIN, 100, 100, smallest=10).lines == ()
