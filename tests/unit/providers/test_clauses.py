"""Clauses that can stand on the screen by themselves, and all that cannot."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cliprow.providers.clauses import clauses, listed


@pytest.mark.parametrize(
    ("language", "sentence", "found"),
    [
        ("en", "Sunlight looks white, but it is a mixture of all colours.", ["Sunlight looks white"]),
        (
            "en",
            "Red waves are long, and blue waves are short.",
            ["Red waves are long", "Blue waves are short"],
        ),
        ("en", "Most of the blue is lost on the way, and the sky turns red.", ["The sky turns red"]),
        ("en", "Water slowly until some runs out at the bottom, then empty the saucer.", ["Water slowly"]),
        ("en", "In winter most plants rest and need about half as much.", ["In winter most plants rest"]),
        ("en", "Honey lasts for years because it holds little water.", ["Honey lasts for years"]),
        ("en", "First, decide what done looks like.", ["Decide what done looks like"]),
        ("en", "The Moon has no air, so its sky is black.", ["The Moon has no air"]),
        ("de", "Gieße langsam, bis unten Wasser herausläuft.", ["Gieße langsam"]),
        ("de", "Im Winter ruhen die meisten Pflanzen und brauchen weniger.", ["Im Winter ruhen die meisten Pflanzen"]),
        ("fr", "Le ciel est bleu, mais la mer est verte.", ["Le ciel est bleu", "La mer est verte"]),
        ("fr", "Arrosez lentement jusqu’à ce que l’eau coule.", ["Arrosez lentement"]),
        ("es", "Las plantas duermen en invierno y necesitan menos agua.", ["Las plantas duermen en invierno"]),
        ("pt", "O céu é azul, mas o mar é verde.", ["O céu é azul", "O mar é verde"]),
    ],
)  # fmt: skip
def test_a_short_clause_is_cut_out_word_for_word(language: str, sentence: str, found: list[str]) -> None:
    assert clauses(sentence, language) == found


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        # Another sense than in its sentence, part of a list, of a condition, of a quotation, of a subject.
        ("en", "Never water until the soil is dry."),
        ("en", "Red, green, and blue light make white."),
        ("en", "If you run, and sleep well, you win."),
        ("en", 'They call it "slow food", and "fast food" is the rest.'),
        ("en", "Two thirds of the population and most companies are affected."),
        # Needs something said before.
        ("en", "They scatter short waves, but that is fine."),
        ("en", "Leave it alone."),
        ("en", "Then bake."),
        # No verb, or none that is known; too long.
        ("en", "At night and in fog, lights save lives."),
        ("en", "Step one: open the lid."),
        ("en", "Push a finger two centimetres into the soil, and water only when it feels dry."),
        ("de", "Gieße nicht, bis die Erde trocken ist."),
        ("de", "Wer schläft, und gut isst, gewinnt."),
        ("fr", "N'arrosez pas parce que la terre est humide."),
        ("es", "El café, el té y el agua de la fuente son muy buenos."),
        # Grammar that is not known.
        ("ja", "光は白い。"),
        ("sw", "Mimea inahitaji maji."),
    ],
)
def test_what_is_not_surely_a_clause_of_its_own_is_left_out(language: str, sentence: str) -> None:
    assert clauses(sentence, language) == []


@given(
    st.lists(st.sampled_from(["and", "but", "because", "looks", "sky", "it", ",", ":", ".", "–", "x,"])).map(
        " ".join
    )
)
def test_every_clause_is_in_its_sentence(sentence: str) -> None:
    assert all(clause.casefold() in sentence.casefold() for clause in clauses(sentence, "en"))


@pytest.mark.parametrize(
    ("language", "sentence", "items"),
    [
        ("en", "They need three: sign up, import a file, and share a chart.", ["Sign up", "Import a file", "Share a chart"]),
        ("en", "You need two things: patience and beans.", ["Patience", "Beans"]),
        ("es", "Hay tres motivos: precio, tiempo y salud.", ["Precio", "Tiempo", "Salud"]),
        ("en", "There are four colours: red, green and blue.", []),
        ("en", "One thing is sure: air, light and water matter.", []),
        ("sw", "Vitu 3: maji, hewa, jua.", []),
    ],
)  # fmt: skip
def test_things_are_listed_when_as_many_are_announced(language: str, sentence: str, items: list[str]) -> None:
    assert listed(sentence, language) == items
