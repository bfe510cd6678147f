"""A section of a brief as sentences to say: prose as it stands, lists read out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import regex

from cliprow.providers.brief import Block, Section
from cliprow.providers.sentences import split_sentences
from cliprow.providers.titles import as_sentence, has_words


class Said(NamedTuple):
    """A sentence as it is said."""

    text: str
    #: The list's items that it names, as written.
    items: tuple[str, ...] = ()
    #: Starts a paragraph, an item, or a list that is read out.
    opens: bool = False
    #: Items of the same list that are said one by one have the same number; 0 for all else.
    list_number: int = 0


#: An item longer than this, or with sentences of its own, is said by itself.
_LONGEST_LISTED = 60
_SENTENCE_INSIDE = regex.compile(r"[.!?।؟]\s+\S|[。！？।]")
#: What parts the items of a list that is read out, by script.
_COMMAS = ((regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}]"), "、"), (regex.compile(r"\p{Arabic}"), "، "))


def said_in(section: Section, language: str) -> Iterator[Said]:
    """Yield what a section says, in order.

    A list of short items is read out in one sentence, after the sentence that leads up to it ("You need:"), or after
    the section's heading when the list is all there is: alone, it would say nothing.
    """
    lead = section.heading
    for number, blocks in groupby(section.blocks, key=lambda block: block.list_number):
        if number:
            yield from _list(lead, list(blocks), language)
            lead = ""
            continue
        lead = ""
        for block in blocks:
            for place, sentence in enumerate(_sentences(block, language)):
                if lead:
                    yield Said(lead)
                lead = sentence if sentence.endswith((":", "：")) else ""
                if not lead:
                    yield Said(sentence, opens=place == 0)
    if lead and lead != section.heading:
        yield Said(lead)


def _list(lead: str, items: Sequence[Block], language: str) -> Iterator[Said]:
    """Say a list whose `lead` may be empty."""
    texts = [item.text for item in items if has_words(item.text)]
    if any(len(text) > _LONGEST_LISTED or _SENTENCE_INSIDE.search(text) for text in texts):
        if lead:
            yield Said(as_sentence(lead), opens=True)
        for item in items:
            for place, sentence in enumerate(_sentences(item, language)):
                yield Said(sentence, (item.text,), place == 0, item.list_number)
    elif texts:
        named = [text.rstrip(".;,。") for text in texts]
        comma = next((mark for script, mark in _COMMAS if script.search(named[0])), ", ")
        colon = "：" if comma == "、" else ": "
        listed = comma.join(named)
        said = lead.rstrip(":： ") + colon + listed if lead else _capital(listed)
        yield Said(as_sentence(said), tuple(named), opens=True)


def _sentences(block: Block, language: str) -> list[str]:
    return split_sentences(_capital(as_sentence(block.text)), language)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
