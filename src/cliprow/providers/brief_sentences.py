"""The sentences of a brief, measured and scored, with what each of them leans on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from cliprow.providers.brief import Section
from cliprow.providers.brief_speech import Said, said_in
from cliprow.providers.language_data import language_data
from cliprow.providers.pace import spoken_seconds
from cliprow.providers.ranking import rank_sentences
from cliprow.providers.sentences import cut_long
from cliprow.providers.titles import has_words
from cliprow.providers.wording import enumerations, is_question, leans, promises

#: A sentence that takes longer to say (seconds) is cut at its clauses.
LONGEST_S = 14.0
#: What opens a section says what it is about, and what follows often rests on it.
_OPENING_WEIGHT = 1.6


@dataclass(frozen=True)
class Sentence:
    """One sentence of the brief, in a section by its number."""

    section: int
    text: str
    #: The list's items that the sentence names, as written.
    items: tuple[str, ...]
    seconds: float
    score: float
    #: Starts a paragraph or an item of a list.
    opens: bool
    #: Says nothing without the sentence before it.
    leans: bool
    #: Cannot be in another scene than the sentence before it: a lead's list, a question's answer, one sentence's parts.
    tied: bool
    #: Its place in an enumeration ("First, …"), from 1; 0 for none.
    place: int


@dataclass(frozen=True)
class Links:
    """What must be said together."""

    #: For each sentence the numbers of those it cannot do without.
    needs: tuple[frozenset[int], ...]
    #: Numbers of the sentences that the title promises.
    promised: tuple[int, ...]


def read_sentences(sections: Sequence[Section], title: str, language: str) -> tuple[list[Sentence], Links]:
    """Return everything that can be said, what is said twice only once, and how it hangs together."""
    said: dict[str, tuple[int, Said, bool]] = {}
    for number, section in enumerate(sections):
        for one in said_in(section, language):
            longest = max(20, int(len(one.text) * LONGEST_S / max(spoken_seconds(one.text), LONGEST_S)))
            for place, part in enumerate(cut_long(one.text, longest)):
                if has_words(part):
                    cut = one._replace(text=part, opens=one.opens and place == 0)
                    said.setdefault(part.casefold(), (number, cut, place > 0))
    told = list(said.values())
    texts = [one.text for _, one, _ in told]
    scores = rank_sentences(texts, language)
    counted = enumerations(texts, language)
    places = {member: place for members in counted for place, member in enumerate(members, start=1)}
    known = language_data(language).grammar is not None
    sentences: list[Sentence] = []
    for index, ((section_number, one, continues), score) in enumerate(zip(told, scores, strict=True)):
        starts = not sentences or sentences[-1].section != section_number
        tied = continues or (bool(sentences) and _asks_for_more(sentences[-1].text) and not starts)
        sentences.append(
            Sentence(
                section=section_number,
                text=one.text,
                items=tuple(item for item in one.items if item.casefold() in one.text.casefold()),
                seconds=spoken_seconds(one.text),
                score=float(score) * (_OPENING_WEIGHT if starts else 1.0),
                opens=one.opens or starts,
                leans=tied or (leans(one.text, language) if known else not (one.opens or starts)),
                tied=tied,
                place=places.get(index, 0),
            )
        )
    lists: dict[int, list[int]] = {}
    for index, (_, one, _) in enumerate(told):
        if one.list_number and one.opens:
            lists.setdefault(one.list_number, []).append(index)
    headings = [section.heading for section in sections]
    return sentences, _links(sentences, counted, list(lists.values()), title, headings, language)


def _links(
    sentences: Sequence[Sentence],
    counted: Sequence[list[int]],
    lists: Sequence[list[int]],
    title: str,
    headings: Sequence[str],
    language: str,
) -> Links:
    needs: list[set[int]] = [set() for _ in sentences]
    promised: list[int] = []
    for index, sentence in enumerate(sentences):
        if index and sentence.leans:
            needs[index].add(index - 1)
        if sentence.tied:
            needs[index - 1].add(index)
    for members in lists:
        for before, after in pairwise(members):
            needs[after].add(before)
    for members in (*counted, *lists):
        lead = members[0] - 1
        by_title = len(members) in promises(title, language)
        by_lead = lead >= 0 and len(members) in promises(sentences[lead].text, language)
        by_heading = len(members) in promises(headings[sentences[members[0]].section], language)
        if by_title or by_lead or by_heading or members in counted:
            for member in members:
                needs[member].update(members)
        if by_lead:
            needs[lead].update(members)
        if by_title:
            promised.extend(members)
    return Links(tuple(frozenset(each - {index}) for index, each in enumerate(needs)), tuple(promised))


def _asks_for_more(sentence: str) -> bool:
    """Whether the next sentence belongs to this one: a list to its lead, an answer to its question."""
    return sentence.endswith((":", "：")) or is_question(sentence)
