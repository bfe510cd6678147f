"""How sentences lean on each other, count, promise and ask."""

from __future__ import annotations

import pytest

from cliprow.providers.wording import (
    asks_something,
    enumerations,
    leans,
    ordinal,
    promises,
    states_alone,
    sums_up,
    words_of,
)


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "They scatter short waves far more than long ones."),
        ("en", "It’s the reason."),
        ("en", "So blue reaches our eyes."),
        ("en", "As a result, prices fell."),
        ("en", "If it feels dry, water the plant."),
        ("en", "When the soil stays wet for a week, they rot."),
        ("en", "Most of them die."),
        ("de", "Sie streuen kurze Wellen."),
        ("de", "Deshalb ist der Himmel blau."),
        ("de", "Das ist der Grund."),
        ("fr", "C’est la raison."),
        ("fr", "Quand la terre reste mouillée, elles pourrissent."),
        ("es", "Además, ahorra tiempo."),
        ("es", "Dispersan las ondas cortas."),
        ("pt", "Por isso o céu é azul."),
        ("sw", "Inatoka kwa jua."),
    ],
)
def test_a_sentence_leans_on_the_one_before_it(language: str, sentence: str) -> None:
    assert leans(sentence, language)


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "Sunlight looks white, but it is a mixture of all colours."),
        ("en", "At sunset the sky turns red."),
        ("en", "Pick one thing today."),
        ("de", "Gießen Sie langsam."),
        ("de", "Das Licht trifft auf Luft."),
        ("fr", "L’eau coule lentement."),
        ("es", "La luz del sol ajusta el reloj."),
        ("pt", "O céu é azul."),
    ],
)
def test_a_sentence_stands_by_itself(language: str, sentence: str) -> None:
    assert not leans(sentence, language)


@pytest.mark.parametrize(
    ("language", "sentence", "place", "rest"),
    [
        ("en", "First, decide.", 1, "decide."),
        ("en", "First of all, decide.", 1, "decide."),
        ("en", "Finally, rest.", -1, "rest."),
        ("en", "First light is blue.", 0, "First light is blue."),
        ("en", "Step 2: bake it.", 2, "bake it."),
        ("sw", "3. Subiri.", 3, "Subiri."),
        ("fr", "D’abord, enfoncez un doigt.", 1, "enfoncez un doigt."),
        ("de", "Zweitens, warte.", 2, "warte."),
        ("de", "Zuerst kommt Wasser.", 1, ""),
        ("es", "En segundo lugar, espera.", 2, "espera."),
    ],
)
def test_a_sentence_numbers_itself(language: str, sentence: str, place: int, rest: str) -> None:
    assert ordinal(sentence, language) == (place, rest)


@pytest.mark.parametrize(
    ("language", "sentences", "found"),
    [
        ("en", ["Hi.", "First, a.", "A bit.", "Second, b.", "Third, c.", "Bye."], [[1, 3, 4]]),
        ("en", ["First, a.", "Then b.", "Finally, c.", "Then d."], [[0, 1, 2]]),
        ("fr", ["D'abord, a.", "Ensuite, b.", "Enfin, c."], [[0, 1, 2]]),
        ("de", ["Erstens a.", "Zweitens b.", "Drittens c."], [[0, 1, 2]]),
        ("en", ["First, a.", "Nothing else."], []),
        ("en", ["Then b.", "Finally, c."], []),
        ("ja", ["1. 水。", "2. 塩。"], [[0, 1]]),
    ],
)
def test_sentences_that_count_are_an_enumeration(
    language: str, sentences: list[str], found: list[list[int]]
) -> None:
    assert enumerations(sentences, language) == found


@pytest.mark.parametrize(
    ("language", "text", "numbers"),
    [
        ("en", "Three habits of 2 people", {3, 2}),
        ("de", "5 Tipps", {5}),
        ("pt", "Três ideias", {3}),
        ("en", "In 1969", set()),
        ("sw", "Vitu vitatu", set()),
    ],
)
def test_a_number_of_things_is_promised(language: str, text: str, numbers: set[int]) -> None:
    assert promises(text, language) == numbers


def test_a_last_sentence_asks_or_sums_up() -> None:
    assert asks_something("Pick one thing today.", "en")
    assert asks_something("Schau heute Abend nach Westen.", "de")
    assert asks_something("Prueba una sola cosa esta noche.", "es")
    assert not asks_something("Most plants rest.", "en")
    assert sums_up("That’s why the sky is blue.", "en")
    assert sums_up("En résumé, le ciel est bleu.", "fr")
    assert not sums_up("Das Licht ist blau.", "de")
    assert not asks_something("Chagua moja leo.", "sw")


@pytest.mark.parametrize(
    ("sentence", "alone"),
    [
        ("Air scatters short waves most.", True),
        ("Sunlight looks white, but it is a mixture.", False),
        ("Is the sky blue?", False),
        ("What you need:", False),
        ("Second, wait.", False),
        ("Pick one thing today.", False),
    ],
)
def test_a_sentence_is_understood_without_any_other(sentence: str, alone: bool) -> None:
    assert states_alone(sentence, "en") is alone


def test_french_words_are_parted_at_their_apostrophes_and_english_ones_are_not() -> None:
    assert words_of("C’est l'eau", "fr") == ["C'", "est", "l'", "eau"]
    assert words_of("It’s don't", "en") == ["It's", "don't"]
