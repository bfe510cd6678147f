"""A section of a brief as sentences to say: prose as it stands, lists read out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import regex

from cliprow.providers.brief import Block, Section
from cliprow.providers.sentences import split_sentences
from cliprow.providers.titles import as_sentence, has_words

#: A sentence, and the list's items that it names.
Said = tuple[str, tuple[str, ...]]

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
        for sentence in (s for block in blocks for s in _sentences(block, language)):
            if lead:
                yield lead, ()
            lead = sentence if sentence.endswith((":", "：")) else ""
            if not lead:
                yield sentence, ()
    if lead and lead != section.heading:
        yield lead, ()


def _list(lead: str, items: Sequence[Block], language: str) -> Iterator[Said]:
    """Say a list whose `lead` may be empty."""
    texts = [item.text for item in items if has_words(item.text)]
    if any(len(text) > _LONGEST_LISTED or _SENTENCE_INSIDE.search(text) for text in texts):
        if lead:
            yield as_sentence(lead), ()
        for item in items:
            for sentence in _sentences(item, language):
                yield sentence, (item.text,)
    elif texts:
        named = [text.rstrip(".;,。") for text in texts]
        comma = next((mark for script, mark in _COMMAS if script.search(named[0])), ", ")
        colon = "：" if comma == "、" else ": "
        listed = comma.join(named)
        yield as_sentence(lead.rstrip(":： ") + colon + listed if lead else _capital(listed)), tuple(named)


def _sentences(block: Block, language: str) -> list[str]:
    return split_sentences(_capital(as_sentence(block.text)), language)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
