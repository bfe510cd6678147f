from __future__ import annotations

import itertools

import numpy as np
import pytest

from cliprow.media.captions import CaptionColours, Captions, Phrase, phrases, spoken_words
from cliprow.media.fonts import Fonts
from cliprow.media.geometry import Geometry
from cliprow.media.planes import Colour, new_frame
from cliprow.media.text import Style
from cliprow.models import SAMPLE_RATE, SAMPLES_PER_FRAME, Word
from tests.unit.media.making import words_of

TALL = Geometry.of(1080, 1920)
COLOURS = CaptionColours(
    Colour(200, 90, 90), Colour(20, 128, 128), Colour(235, 128, 128), Colour(16, 128, 128)
)


def grouped(text: str, language: str = "en", geometry: Geometry = TALL) -> list[Phrase]:
    words = spoken_words(words_of(text), language, text)
    style = Style(Fonts(language), geometry.caption_size, 800)
    return phrases(words, style, geometry, words_of(text)[-1].end // SAMPLES_PER_FRAME + 30)


def shown(phrase: Phrase) -> str:
    return " ".join(word.text for word in phrase.words)


def test_phrases_end_with_sentences_and_are_about_equally_long() -> None:
    text = "Cold brew is coffee that never meets hot water. It takes time."
    wanted = ["Cold brew is coffee that", "never meets hot water.", "It takes time."]
    assert [shown(phrase) for phrase in grouped(text)] == wanted


def test_no_two_phrases_are_on_screen_at_once() -> None:
    made = grouped("One two three four five six seven eight nine ten eleven twelve thirteen fourteen.")
    assert all(before.last <= after.first for before, after in itertools.pairwise(made))
    assert all(phrase.first < phrase.last for phrase in made)


def test_a_pause_ends_a_phrase_and_empties_the_screen() -> None:
    words = [Word("before", 0, 12_000), Word("after", 5 * SAMPLE_RATE, 5 * SAMPLE_RATE + 12_000)]
    made = phrases(spoken_words(words, "en"), Style(Fonts(), 60, 800), TALL, 200)
    assert [shown(p) for p in made] == ["before", "after"]
    assert made[0].last < made[1].first - 60


def test_a_sentence_without_spaces_is_cut_and_shares_its_time_by_length() -> None:
    sentence = "粗挽きのコーヒーと冷たい水を用意します。"
    words = spoken_words([Word(sentence, 0, 48_000)], "ja", sentence)
    assert "".join(word.text for word in words) == sentence
    assert len(words) >= 4
    assert words[0].start == 0
    assert words[-1].end == 48_000
    assert all(before.end == after.start for before, after in itertools.pairwise(words))
    assert not any(word.space_before for word in words[1:])


def test_words_of_an_unspaced_script_given_one_by_one_stay_together() -> None:
    words = [Word("วัน", 0, 4_000), Word("นี้", 4_000, 8_000), Word("ดี", 8_000, 12_000)]
    assert [word.space_before for word in spoken_words(words, "th")] == [True, False, False]


def test_korean_keeps_its_spaces() -> None:
    text = "오늘은 날씨가 좋아요"
    assert all(word.space_before for word in spoken_words(words_of(text), "ko", text))


@pytest.mark.parametrize("size", [(1080, 1920), (1920, 1080), (1080, 1080), (1080, 1350)])
@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Mwmwmwmwmwmw wmwmwmwm mwmwmwm wmwm wmwmwmw wmwmwmwmwmwm mwmwmwm mwmwm."),
        ("de", "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz gilt."),
        ("ar", "القهوة الباردة لا تحتاج إلى أدوات خاصة مثل iPhone 15 Pro وبرطمان"),
        ("ja", "粗挽きのコーヒーと冷たい水そしてふた付きの瓶だけで作れます。"),
        ("th", "กาแฟสกัดเย็นไม่ต้องใช้อุปกรณ์พิเศษใช้กาแฟบดหยาบน้ำเย็น"),
    ],
)
def test_captions_never_leave_their_box(size: tuple[int, int], language: str, text: str) -> None:
    geometry = Geometry.of(*size)
    words = words_of(text)
    count = words[-1].end // SAMPLES_PER_FRAME + 10
    captions = Captions(
        spoken_words(words, language, text),
        Style(Fonts(language), geometry.caption_size, 800),
        geometry,
        COLOURS,
        count,
    )
    _, target = new_frame(*size)
    for phrase in captions.phrases:
        captions.draw(target, phrase.first)
        captions.draw(target, phrase.last - 1)
    rows, columns = np.flatnonzero(target.y.any(axis=1)), np.flatnonzero(target.y.any(axis=0))
    slack = 0.17 * geometry.caption_size  # plate and outline reach a little beyond the letters
    assert geometry.captions.top <= rows[0]
    assert rows[-1] < geometry.captions.bottom
    assert geometry.captions.left - slack <= columns[0]
    assert columns[-1] <= geometry.captions.right + slack
    if size == (1080, 1920):
        assert columns[0] >= 108
        assert columns[-1] < 972
        assert rows[0] >= 384
        assert rows[-1] < 1536


def test_the_word_being_spoken_is_on_the_plate() -> None:
    text = "alpha beta"
    words = words_of(text)
    captions = Captions(spoken_words(words, "en", text), Style(Fonts(), 60, 800), TALL, COLOURS, 100)
    middles = []
    for word in words:
        _, target = new_frame(1080, 1920)
        target.u[:] = 128
        captions.draw(target, word.start // SAMPLES_PER_FRAME + 4)
        middles.append(np.flatnonzero((target.u < 95).any(axis=0)).mean())
    assert middles[0] < 270 < middles[1]  # in half-size columns: left word, then right word
