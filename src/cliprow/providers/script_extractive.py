"""The embedded script writer: from the user's brief by extraction, or from the topic alone. No model, no network."""

from __future__ import annotations

import msgspec

from cliprow.errors import FailForGood
from cliprow.models import Script, ScriptInputs
from cliprow.providers.language_tags import base, check_script
from cliprow.providers.script_from_brief import write_from_brief
from cliprow.providers.script_from_topic import write_from_topic
from cliprow.providers.sentences import split_sentences
from cliprow.providers.titles import has_words, plain_topic, shortened

#: A topic longer than this (characters) is a text, and used as the brief.
_LONGEST_TOPIC = 200
#: Ranking compares every sentence with every other: 100,000 characters take seconds, far more would take minutes.
_LONGEST_BRIEF = 100_000


def write_script(inputs: ScriptInputs) -> Script:
    """Write a script.

    Raises:
        FailForGood: no words to work with, a brief that is too long, or a language that cannot be written.
    """
    language = base(inputs.language)
    topic, brief = plain_topic(inputs.topic), inputs.brief.strip()
    notes = ""
    if len(topic) > _LONGEST_TOPIC and not has_words(brief):
        brief, notes = inputs.topic, "The topic is as long as a text, so it is used as the brief."
    if not has_words(topic + brief):
        raise FailForGood(
            "The topic has no words to make a script from.",
            error_code="TOPIC_WITHOUT_WORDS",
            next_step="Write the topic in words, or add a brief.",
        )
    if len(brief) > _LONGEST_BRIEF:
        raise FailForGood(
            f"The brief has {len(brief)} characters; at most {_LONGEST_BRIEF} can be worked through.",
            error_code="BRIEF_TOO_LONG",
            next_step="Shorten it, or divide it between several topics.",
        )
    check_script(f"{topic}\n{brief}", language)
    title = _title(topic, language) if has_words(topic) else ""
    if has_words(brief):
        script = write_from_brief(inputs, brief, title, language)
    else:
        script = write_from_topic(inputs, title, language)
    if notes:
        metadata = {**script.metadata, "notes": f"{notes} {script.metadata['notes']}"}
        script = msgspec.structs.replace(script, metadata=metadata)
    return script


def _title(topic: str, language: str) -> str:
    first = split_sentences(topic, language)[0] if len(topic) > _LONGEST_TOPIC else topic
    return shortened((first if has_words(first) else topic).rstrip(".。"))
