"""Which sentences are found central."""

from __future__ import annotations

import numpy as np
import pytest

from cliprow.providers.ranking import content_words, rank_sentences

SENTENCES = [
    "Roots need air and water.",
    "Too much water takes the air away from the roots.",
    "My neighbour has a red bicycle.",
    "Without air, roots rot in wet soil.",
]


def test_a_sentence_that_shares_nothing_ranks_last() -> None:
    scores = rank_sentences(SENTENCES, "en")
    assert scores.sum() == pytest.approx(1.0)
    assert scores.argmin() == 2


def test_ranking_is_the_same_each_time_and_copes_with_the_extremes() -> None:
    assert np.array_equal(rank_sentences(SENTENCES, "en"), rank_sentences(SENTENCES, "en"))
    assert rank_sentences([], "en").size == 0
    assert rank_sentences(["One."], "en") == pytest.approx([1.0])
    assert rank_sentences(["…", "!"], "en") == pytest.approx([0.5, 0.5])


def test_ranking_works_in_scripts_without_spaces() -> None:
    scores = rank_sentences(["今天天气很好。", "天气好的时候去公园。", "他买了一本书。"], "zh")
    assert scores.argmin() == 2


def test_french_articles_are_no_part_of_a_word() -> None:
    assert content_words("L'énergie d’aujourd'hui", "fr") == ["énergie", "aujourd", "hui"]
