"""Hashtags of a title and its text: words and pairs of words that name things."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise

import regex

from cliprow.media.segments import is_unspaced
from cliprow.providers.language_data import language_data
from cliprow.providers.ranking import content_words
from cliprow.providers.tokens import without_emoji
from cliprow.providers.wording import words_of

_MOST, _FEWEST, _LONGEST = 8, 3, 30
#: Scripts in which people write the words of a hashtag together.
_JOINS = regex.compile(r"[\p{Latin}\p{N}]")
_CLAUSE_MARKS = regex.compile(r"[^\p{L}\p{M}\p{N}'’\s-]+|\s[-–—]\s")
#: Words with fewer letters are too common to be found by, except where words are short.
_SHORTEST = 3


def hashtags(title: str, text: str, language: str) -> tuple[str, ...]:
    """Make three to eight hashtags, most telling first, where there are as many words to make them of.

    From the title come pairs and single words; from the text, those that recur. A language whose grammar is not
    known gives the title's only.
    """
    title = without_emoji(title)
    grammar = language_data(language).grammar
    if grammar is None:
        telling = content_words(title, language)
        return _tags([telling] if len(telling) == 2 else [], [[word] for word in telling])
    named = list(_runs(title, language))
    told = list(_runs(text, language))
    pairs = Counter(tuple(run) for run in [*named, *told] if len(run) == 2)
    words = Counter(word for run in told for word in run)
    nouns = Counter(_nouns(text, language))
    tags = _tags(
        [run for run in named if len(run) == 2],
        [[word] for run in named for word in run],
        [list(pair) for pair, times in pairs.items() if times > 1],
        [[word] for word, times in words.most_common() if times > 2 or nouns[word] > 1],
    )
    # Few are better than noise; but one or two are too few to be found by.
    dull = (word.casefold() for word in words_of(title, language))
    spare = _tags([[word] for word in nouns], [[word] for word in dull if word in grammar.dull])
    few = [tag for tag in spare if tag not in tags and len(tag) > _SHORTEST + 1]
    return (*tags, *few[: max(0, _FEWEST - len(tags))])


def _tags(*groups: Iterable[list[str]]) -> tuple[str, ...]:
    tags: dict[str, None] = {}
    for words in (words for group in groups for words in group):
        glue = "" if all(_JOINS.match(word) or is_unspaced(word) for word in words) else "_"
        tag = regex.sub(r"[^\p{L}\p{M}\p{N}_]", "", glue.join(words))
        short = len(tag) < (_SHORTEST if tag.isascii() else 2)
        if not short and len(tag) <= _LONGEST and not tag.isdecimal():
            tags.setdefault("#" + tag)
    return tuple(tags)[:_MOST]


def _runs(text: str, language: str) -> Iterator[list[str]]:
    """Yield words that may name things as they stand together, casefolded."""
    data = language_data(language)
    grammar = data.grammar
    assert grammar is not None
    unnamed = data.stopwords.union(grammar.verbs, grammar.dull, *grammar.numbers)
    for clause in _CLAUSE_MARKS.split(text):
        run: list[str] = []
        before = ""
        for word in words_of(clause, language):
            low = word.casefold().rstrip("'")
            small = grammar.nouns_are_capital and not word[0].isupper()
            if low in unnamed or before in grammar.before_verbs or word.isdecimal() or small:
                if run:
                    yield run
                run = []
            else:
                run.append(low)
            before = low
        if run:
            yield run


def _nouns(text: str, language: str) -> Iterator[str]:
    """Yield each noun as often as it occurs: words that stand alone after an article somewhere in the text."""
    data = language_data(language)
    assert data.grammar is not None
    alone = [run[0] for run in _runs(text, language) if len(run) == 1]
    after_article: set[str] = set()
    for clause in _CLAUSE_MARKS.split(text):
        words = [word.casefold() for word in words_of(clause, language)]
        after_article.update(word for article, word in pairwise(words) if article in data.grammar.articles)
    yield from (word for word in alone if word in after_article)
