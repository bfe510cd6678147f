from __future__ import annotations

import itertools
import re

import pytest

from cliprow.media import subtitles
from cliprow.media.captions import spoken_words
from cliprow.models import SAMPLE_RATE, SAMPLES_PER_FRAME, Word
from tests.unit.media.making import words_of

LONG = (
    "Cold brew is coffee that never meets hot water, so it tastes smooth and sweet. It steeps for half a day. "
    "All you need is a jar, coarse coffee, cold water and some patience; nothing in your kitchen is too simple for it."
)


def cues_of(text: str, language: str = "en", step: int = 14_400) -> list[subtitles.Cue]:
    words = words_of(text, step)
    return subtitles.cues(spoken_words(words, language, text), words[-1].end * 1000 // SAMPLE_RATE + 500)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", LONG),
        ("de", "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz " * 3),
        ("ja", "粗挽きのコーヒーと冷たい水そしてふた付きの瓶だけで誰でも簡単に作れます。" * 3),
        ("ar", "القهوة الباردة لا تحتاج إلى أدوات خاصة. استخدم قهوة مطحونة خشنة وماء باردا وبرطمانا بغطاء."),
    ],
)
def test_a_cue_has_at_most_two_lines_of_42_columns_and_loses_no_letter(language: str, text: str) -> None:
    made = cues_of(text, language)
    for cue in made:
        assert len(cue.lines) <= 2
        assert all(0 < subtitles.columns(line) <= 42 for line in cue.lines)
    everything = "".join("".join(cue.lines) for cue in made)
    assert everything.replace(" ", "") == text.replace(" ", "")


def test_cues_are_apart_in_order_and_long_enough_to_be_read() -> None:
    made = cues_of(LONG)
    for before, after in itertools.pairwise(made):
        assert after.start_ms - before.end_ms >= subtitles.GAP_MS - 1
    for cue in made:
        assert 1000 <= cue.end_ms - cue.start_ms <= 7000
        assert sum(map(subtitles.columns, cue.lines)) * 1000 / (cue.end_ms - cue.start_ms) <= 25


def test_cues_follow_sentences() -> None:
    made = cues_of("This is the first sentence. And this one is the second.")
    assert [" ".join(cue.lines) for cue in made] == [
        "This is the first sentence.",
        "And this one is the second.",
    ]


def test_a_cue_never_outlasts_the_video() -> None:
    words = [Word("Bye", 47_000, 47_900)]
    assert subtitles.cues(spoken_words(words, "en"), 1_000)[0].end_ms == 1_000


def test_srt_and_vtt_are_well_formed() -> None:
    made = [subtitles.Cue(61_042, 3_723_999, ("a < b & c", "second"))]
    assert subtitles.to_srt(made) == "1\n00:01:01,042 --> 01:02:03,999\na < b & c\nsecond\n\n"
    vtt = subtitles.to_vtt(made)
    assert vtt.startswith("WEBVTT\n\n00:01:01.042 --> 01:02:03.999\n")
    assert "a &lt; b &amp; c" in vtt


def test_a_right_to_left_line_is_isolated() -> None:
    srt = subtitles.to_srt(cues_of("قهوة باردة لذيذة."))
    assert "\u2067قهوة باردة لذيذة.\u2069" in srt


def test_times_never_run_backwards_when_words_crowd() -> None:
    words = [Word("w" * 30, n * SAMPLES_PER_FRAME, (n + 1) * SAMPLES_PER_FRAME) for n in range(20)]
    made = subtitles.cues(spoken_words(words, "en"), 700)
    times = [int(t) for cue in made for t in (cue.start_ms, cue.end_ms)]
    assert times == sorted(times)
    assert re.match(r"\d\d:", subtitles.to_srt(made).splitlines()[1])


def test_lines_break_between_words_only() -> None:
    text = "They scatter short waves far more than long ones: blue light is scattered about four times as strongly."
    lines = [line for cue in cues_of(text) for line in cue.lines]
    assert " ".join(lines) == text
