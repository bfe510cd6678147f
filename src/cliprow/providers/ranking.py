"""Which sentences say most of what a text says (TextRank), by the words that they share."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
import regex
from numpy.typing import NDArray

from cliprow.media.segments import is_unspaced, split_unspaced
from cliprow.providers.language_data import ELIDING, language_data

_WORD = regex.compile(r"[\p{L}\p{N}][\p{L}\p{M}\p{N}'’-]*")
#: Words beyond the most frequent ones that occur twice tell little and cost memory.
_MOST_WORDS = 3000
_DAMPING, _ROUNDS = 0.85, 40


def content_words(text: str, language: str) -> list[str]:
    """Return the words that tell what a text is about, casefolded, in order; phrases where words are not spaced."""
    return _telling(
        (part for word in _words(text, language) for part in split_unspaced(word, language)), language
    )


def rank_sentences(sentences: Sequence[str], language: str) -> NDArray[np.float64]:
    """Score sentences by how much they share with the others; the scores add up to 1."""
    count = len(sentences)
    if count == 0:
        return np.zeros(0)
    words = [_features(sentence, language) for sentence in sentences]
    frequency = Counter(word for each in words for word in each)
    column = {word: n for n, (word, times) in enumerate(frequency.most_common(_MOST_WORDS)) if times > 1}
    holds = np.zeros((count, max(1, len(column))), np.float32)
    for row, each in enumerate(words):
        holds[row, [column[word] for word in each if word in column]] = 1.0
    shared = holds @ holds.T
    np.fill_diagonal(shared, 0.0)
    sizes = np.array([math.log(1 + len(each)) for each in words], np.float32)
    likeness = shared / np.maximum(sizes[:, None] + sizes[None, :], 1e-6)
    totals = likeness.sum(axis=1, keepdims=True)
    # A sentence that shares nothing passes its weight on to all.
    steps = np.where(totals > 0, likeness / np.maximum(totals, 1e-9), 1.0 / count)
    scores: NDArray[np.float64] = np.full(count, 1.0 / count)
    for _ in range(_ROUNDS):
        scores = (1 - _DAMPING) / count + _DAMPING * (steps.T @ scores)
    return np.asarray(scores / scores.sum(), np.float64)


def _features(sentence: str, language: str) -> set[str]:
    """Return what two sentences can share: words, and pairs of characters where words are not spaced."""
    words = _words(sentence, language)
    pairs = (a + b for word in words if is_unspaced(word) for a, b in pairwise(word))
    return {*_telling((word for word in words if not is_unspaced(word)), language), *pairs}


def _words(text: str, language: str) -> list[str]:
    if language in ELIDING:
        text = text.replace("'", " ").replace("’", " ")
    return [word.casefold() for word in _WORD.findall(text)]


def _telling(words: Iterable[str], language: str) -> list[str]:
    """Leave out common words and single letters."""
    common = language_data(language).stopwords
    return [word for word in words if word not in common and (len(word) > 1 or not word.isascii())]
