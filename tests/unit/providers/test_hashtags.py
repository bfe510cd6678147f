"""Hashtags name things."""

from __future__ import annotations

import pytest

from cliprow.providers.hashtags import hashtags


@pytest.mark.parametrize(
    ("title", "text", "language", "tags"),
    [
        ("How to water house plants", "", "en", ("#houseplants", "#house", "#plants")),
        ("How does a heat pump work?", "", "en", ("#heatpump", "#heat", "#pump")),
        ("L'énergie solaire", "", "fr", ("#énergiesolaire", "#énergie", "#solaire")),
        ("सौर ऊर्जा", "", "hi", ("#सौर_ऊर्जा", "#सौर", "#ऊर्जा")),
        ("C++ & Rust!", "", "en", ("#rust",)),
        ("🎉", "", "en", ()),
        (
            "Why the sky is blue",
            "Air scatters blue light most. The air is everywhere, and blue light reaches our eyes. "
            "They scatter short waves far. It feels dry.",
            "en",
            ("#sky", "#blue", "#bluelight"),
        ),
        (
            "Warum der Himmel blau ist",
            "Die Luft streut das Licht. Die Luft ist überall, und das Licht ist blau.",
            "de",
            ("#himmel", "#luft", "#licht"),
        ),
    ],
)
def test_hashtags_are_words_of_the_title_and_what_the_text_repeats(
    title: str, text: str, language: str, tags: tuple[str, ...]
) -> None:
    assert hashtags(title, text, language)[: len(tags)] == tags


def test_numbers_verbs_and_common_words_are_no_hashtags() -> None:
    tags = hashtags(
        "Three habits of people who finish things",
        "First, write the goal down. It feels dry, and the goal takes less than ten minutes.",
        "en",
    )
    assert tags[:2] == ("#habits", "#goal")
    assert not {"#three", "#finish", "#finishthings", "#ten", "#feelsdry", "#less", "#write"}.intersection(
        tags
    )


def test_there_are_at_most_eight() -> None:
    words = "apple banana cherry grape lemon mango melon olive peach plum"
    text = " ".join(f"The {word} and the {word}." for word in words.split())
    assert len(hashtags("Fruit", text, "en")) == 8
