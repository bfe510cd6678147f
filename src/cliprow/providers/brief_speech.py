"""A section of a brief as sentences to say: prose as it stands, lists read out."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from cliprow.providers.brief import Section
from cliprow.providers.sentences import split_sentences
from cliprow.providers.titles import as_sentence, has_words

#: A sentence, and the list's items that it names.
Said = tuple[str, tuple[str, ...]]

#: An item longer than this, or with sentences of its own, is said by itself.
_SHORT_ITEM = 60
_SENTENCE_INSIDE = regex.compile(r"[.!?。！？।؟]\s*\S|[。！？।]")
#: What parts the items of a list that is read out, by script.
_COMMAS = ((regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}]"), "、"), (regex.compile(r"\p{Arabic}"), "، "))


def said_in(section: Section, language: str) -> Iterator[Said]:
    """Yield what a section says, in order.

    Short items are read out in one sentence, after the sentence that leads up to them ("You need:"), or after the
    section's heading when nothing else does: alone, they would say nothing.
    """
    lead, items = "", list[str]()
    opening = True
    for block in section.blocks:
        if block.is_item and len(block.text) <= _SHORT_ITEM and not _SENTENCE_INSIDE.search(block.text):
            items.append(block.text.rstrip(".;,。"))
            continue
        yield from _read_out(lead or (section.heading if opening and items else ""), items)
        opening = opening and block.is_item
        lead, items = "", []
        for sentence in split_sentences(_capital(as_sentence(block.text)), language):
            if lead:
                yield lead, ()
            lead = sentence if sentence.endswith((":", "：")) else ""
            if not lead:
                yield sentence, (block.text,) if block.is_item else ()
    yield from _read_out(lead or (section.heading if opening and items else ""), items)


def _read_out(lead: str, items: list[str]) -> Iterator[Said]:
    spoken = [item for item in items if has_words(item)]
    if not spoken:
        if lead:
            yield lead, ()
        return
    comma = next((mark for script, mark in _COMMAS if script.search(spoken[0])), ", ")
    listed = comma.join(spoken)
    colon = "：" if comma == "、" else ": "
    text = lead.rstrip(":： ") + colon + listed if lead else _capital(listed)
    yield as_sentence(text), tuple(spoken)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
