"""Sentences, words, titles and languages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cliprow.errors import FailForGood
from cliprow.providers import language_tags
from cliprow.providers.sentences import cut_long, split_sentences
from cliprow.providers.titles import as_sentence, plain_topic, shortened
from cliprow.providers.tokens import spoken_form, tokenise


@pytest.mark.parametrize(
    ("language", "text", "sentences"),
    [
        ("en", "Dr. Smith paid $2.50. Why? He won.", ["Dr. Smith paid $2.50.", "Why?", "He won."]),
        (
            "en",
            'It works, e.g. here. "Really?" she asked. J. S. Bach.',
            ["It works, e.g. here.", '"Really?" she asked.', "J. S. Bach."],
        ),
        ("en", "1. Mix it. 2. Bake it.", ["1. Mix it.", "2. Bake it."]),
        (
            "de",
            "Am 3. Mai, z.B. heute, kam er. Dann ging er.",
            ["Am 3. Mai, z.B. heute, kam er.", "Dann ging er."],
        ),
        ("fr", "Curieux ? Parfait. « Oui ! »", ["Curieux ?", "Parfait.", "« Oui ! »"]),
        ("es", "¿Qué es? ¡Nada! Fin", ["¿Qué es?", "¡Nada!", "Fin"]),
        ("zh", "你好。你好吗？很好！", ["你好。", "你好吗？", "很好！"]),
        ("ja", "「元気です。」そうですか。", ["「元気です。」", "そうですか。"]),
        ("ar", "كيف حالك؟ بخير. شكرا", ["كيف حالك؟", "بخير.", "شكرا"]),
        ("hi", "नमस्ते। आप कैसे हैं?", ["नमस्ते।", "आप कैसे हैं?"]),
        ("en", "One line\nand the next.\n\nA new paragraph", ["One line and the next.", "A new paragraph"]),
        ("en", "Wait... what? Yes.", ["Wait... what?", "Yes."]),
        ("en", "", []),
    ],
)
def test_sentences_end_where_a_reader_would_end_them(language: str, text: str, sentences: list[str]) -> None:
    assert split_sentences(text, language) == sentences


@given(st.text(max_size=200))
def test_no_letter_is_lost_in_splitting(text: str) -> None:
    assert "".join("".join(split_sentences(text, "en")).split()) == "".join(text.split())


@given(st.text(st.sampled_from("ab ,;. 。"), max_size=300), st.integers(5, 60))
def test_long_sentences_are_cut_below_the_limit_without_losing_letters(text: str, limit: int) -> None:
    parts = cut_long(text, limit)
    assert all(len(part) <= limit for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


def test_words_keep_what_is_written_and_lose_what_is_not_said() -> None:
    tokens = tokenise("Plants 🌱 — “green”, e.g., [[these]] at https://www.example.com/a?b=c 🎉", "en")
    assert [token.text for token in tokens] == [
        "Plants 🌱 —", "“green”,", "e.g.,", "[[these]]", "at", "https://www.example.com/a?b=c 🎉",
    ]  # fmt: skip
    assert [token.spoken for token in tokens] == [
        "Plants",
        "“green”,",
        "for example,",
        "these",
        "at",
        "example.com",
    ]


def test_phrases_of_a_script_without_spaces_are_words() -> None:
    tokens = tokenise("今天天气很好，我们去公园。", "zh")
    assert "".join(token.text for token in tokens) == "今天天气很好，我们去公园。"
    assert len(tokens) > 3


def test_a_sentence_of_emoji_is_one_word_that_is_not_said() -> None:
    assert [(token.text, token.spoken) for token in tokenise("🎉 🎉", "en")] == [("🎉 🎉", "")]


@pytest.mark.parametrize("word", ["—", "•", "👨‍👩‍👧", "🇩🇪", "Привет", "***", "1️⃣"])
def test_nothing_is_said_for(word: str) -> None:
    assert spoken_form(word, "en") in ("", "1")


@given(st.text(max_size=120))
def test_words_written_one_after_another_are_the_text_again(text: str) -> None:
    written = "".join(token.text for token in tokenise(text, "en"))
    kept = "".join(written.split())
    assert len(kept) <= len("".join(text.split())) * 3  # composed forms may be longer, never repeated
    assert all(token.spoken for token in tokenise(text, "en")) or len(tokenise(text, "en")) == 1


@pytest.mark.parametrize(
    ("topic", "sentence"),
    [
        ("Why is the sky blue?", "Why is the sky blue?"),
        ("How to bake bread 🍞", "How to bake bread."),
        ("learn chess!", "learn chess!"),
        ("太陽光発電", "太陽光発電。"),
        ("सौर ऊर्जा", "सौर ऊर्जा।"),
        ("🎉", ""),
    ],
)
def test_any_topic_becomes_a_sentence(topic: str, sentence: str) -> None:
    assert as_sentence(topic) == sentence


def test_a_topic_loses_its_markup() -> None:
    assert plain_topic("## **Bold** and [a link](http://x.y)\n") == "Bold and a link"


def test_a_title_is_cut_between_words() -> None:
    assert shortened("one two three four", 12) == "one two…"
    assert len(shortened("x" * 200, 90)) == 90


@pytest.mark.parametrize(
    ("tag", "language"), [("pt-BR", "pt"), ("EN_us", "en"), ("iw", "he"), ("zh-Hant-TW", "zh")]
)
def test_the_language_of_a_tag(tag: str, language: str) -> None:
    assert language_tags.base(tag) == language


@pytest.mark.parametrize("tag", ["", "english please", "e", "../en"])
def test_what_is_no_language_tag_is_refused(tag: str) -> None:
    with pytest.raises(FailForGood) as raised:
        language_tags.base(tag)
    assert raised.value.error_code == "LANGUAGE_INVALID"


@pytest.mark.parametrize(
    ("text", "language"), [("Hello 世界 everyone", "en"), ("ChatGPT", "ja"), ("123!", "ar"), ("Ljubav", "sr")]
)
def test_text_in_the_scripts_of_its_language_passes(text: str, language: str) -> None:
    language_tags.check_script(text, language)


def test_text_in_another_script_is_refused_with_a_language_to_try() -> None:
    with pytest.raises(FailForGood, match="Cyrillic") as raised:
        language_tags.check_script("Почему небо голубое?", "en")
    assert "'ru'" in raised.value.next_step
