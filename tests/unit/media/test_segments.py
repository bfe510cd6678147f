from __future__ import annotations

import pytest

from cliprow.media import segments


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("abc", ["a", "b", "c"]),
        ("e\u0301a", ["e\u0301", "a"]),
        ("👩‍🚀🇩🇪", ["👩‍🚀", "🇩🇪"]),
        ("नमस्ते", ["न", "म", "स्ते"]),
    ],
)
def test_what_a_reader_sees_as_one_character_stays_whole(text: str, expected: list[str]) -> None:
    assert segments.clusters(text) == expected


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("今日は天気がいいので、散歩に行きましょう。", "ja"),
        ("今天是晴天，我们去散步吧。", "zh-CN"),
        ("今天是晴天，我們去散步吧。", "zh-TW"),
        ("วันนี้อากาศดีมากเราไปเดินเล่นกันเถอะ", "th"),
        ("សួស្តីពិភពលោក", "km"),
    ],
)
def test_scripts_without_spaces_are_cut_into_phrases_that_lose_nothing(text: str, language: str) -> None:
    parts = segments.split_unspaced(text, language)
    assert len(parts) > 2
    assert "".join(parts) == text


def test_no_phrase_starts_with_closing_punctuation() -> None:
    parts = segments.split_unspaced("「水」、「茶」。", "ja")
    assert all(part[0] not in "」、。" for part in parts)
    assert all(part[-1] != "「" for part in parts)


def test_text_with_spaces_is_not_cut() -> None:
    assert segments.split_unspaced("Straßenbahn", "de") == ["Straßenbahn"]


def test_direction_follows_the_first_letter() -> None:
    assert segments.is_right_to_left("15 قهوة")
    assert segments.is_right_to_left("(שלום)")
    assert not segments.is_right_to_left("Cold قهوة")
    assert segments.strong_direction("2024 –") == ""


def test_tidy_removes_what_would_break_a_line_or_turn_it_round() -> None:
    assert segments.tidy(" a\n\tb\u202e c\u0000d ") == "a b cd"
    assert segments.tidy("👩\u200d🚀") == "👩\u200d🚀"
