"""A script from the user's own brief, by extraction: their sentences, their headings, their order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from cliprow.errors import FailForGood
from cliprow.models import SceneScript, SceneType, Script, ScriptInputs, ScriptType
from cliprow.providers.brief import Section, read_brief
from cliprow.providers.brief_speech import said_in
from cliprow.providers.pace import SCENE_SILENCE_S, spoken_seconds
from cliprow.providers.ranking import key_phrases, rank_sentences
from cliprow.providers.sentences import cut_long
from cliprow.providers.titles import as_sentence, has_words, hashtags, joined, same_words, shortened

_MAIN = {ScriptType.DEMO: SceneType.DEMO, ScriptType.TESTIMONIAL: SceneType.TESTIMONIAL}
#: Seconds of speech in a scene: what is aimed at, and what a sentence is cut for.
_SCENE_S, _LONGEST_S = 11.0, 14.0
#: How much longer than asked a video may become before sentences are left out.
_SLACK = 1.15
#: Shorter than this share of the length asked for, the script says so.
_SHORT = 0.7
_LONGEST_HEADING, _LONGEST_POINT, _MOST_POINTS, _LONGEST_DESCRIPTION = 60, 48, 4, 300


@dataclass(frozen=True)
class _Sentence:
    """One sentence of the brief, in a section by its number."""

    section: int
    text: str
    #: The list's items that the sentence names, as written.
    items: tuple[str, ...]
    seconds: float
    score: float


def write_from_brief(inputs: ScriptInputs, brief: str, title: str, language: str) -> Script:
    """Choose the sentences that say most, keep their order, and lay them out as scenes.

    Raises:
        FailForGood: the brief has no sentence to speak.
    """
    sections = read_brief(brief)
    if not title:
        title = shortened(next((section.heading for section in sections if section.heading), ""))
    sentences = _sentences(sections, language)
    if not sentences:
        raise FailForGood(
            "The brief has no text to speak: headings, code, links and pictures alone make no narration.",
            error_code="BRIEF_EMPTY",
            next_step="Write the brief in sentences, or leave it empty to work from the topic alone.",
        )
    title = title or shortened(sentences[0].text)
    if sections[0].heading and same_words(sections[0].heading, title, language):
        sections[0].heading = ""
    chosen = _chosen(sentences, inputs.duration_s - SCENE_SILENCE_S - spoken_seconds(title))
    scenes = _scenes(inputs, title, sections, chosen, language)
    best = sorted(sentences, key=lambda sentence: -sentence.score)
    headings = [shortened(s.heading, _LONGEST_HEADING) for s in sections if s.heading]
    seconds = sum(SCENE_SILENCE_S + spoken_seconds(scene.voiceover_text) for scene in scenes)
    return Script(
        title=title,
        description=_description(chosen, best),
        scenes=tuple(scenes),
        key_points=tuple(headings if len(headings) > 1 else [shortened(s.text, 100) for s in best[:3]]),
        hashtags=hashtags(title, [*headings, *key_phrases(_prose(chosen), language, 4)], language),
        language=inputs.language,
        metadata={
            "provider": "extractive",
            "method": "brief_textrank",
            "estimated_s": f"{seconds:.0f}",
            "notes": " ".join(_notes(len(chosen), len(sentences), seconds, inputs.duration_s)),
        },
    )


def _sentences(sections: Sequence[Section], language: str) -> list[_Sentence]:
    """Return everything that can be said, scored; what is said twice only once."""
    found: dict[str, tuple[int, str, tuple[str, ...]]] = {}
    for number, section in enumerate(sections):
        for text, items in said_in(section, language):
            longest = max(20, int(len(text) * _LONGEST_S / max(spoken_seconds(text), _LONGEST_S)))
            for part in cut_long(text, longest):
                if has_words(part):
                    found.setdefault(part.casefold(), (number, part, items))
    scores = rank_sentences([text for _, text, _ in found.values()], language)
    made: list[_Sentence] = []
    for (number, text, items), score in zip(found.values(), scores, strict=True):
        # What opens a section says what it is about, and what follows leans on it.
        opens = not made or made[-1].section != number
        made.append(
            _Sentence(number, text, items, spoken_seconds(text), float(score) * (1.6 if opens else 1.0))
        )
    return made


def _chosen(sentences: Sequence[_Sentence], budget_s: float) -> list[_Sentence]:
    """Choose what fits: the best of each section first, then the best of all; in the order of the brief."""
    if sum(sentence.seconds for sentence in sentences) <= budget_s * _SLACK:
        return list(sentences)
    numbered = list(enumerate(sentences))
    ranked = sorted(numbered, key=lambda item: (-item[1].score, item[0]))
    firsts: dict[int, int] = {}
    for number, sentence in ranked:
        firsts.setdefault(sentence.section, number)
    order = [0, *firsts.values(), *(number for number, _ in ranked)]
    chosen: set[int] = set()
    left = budget_s
    for number in order:
        seconds = sentences[number].seconds
        if number not in chosen and (seconds <= left or not chosen):
            chosen.add(number)
            left -= seconds
    return [sentences[number] for number in sorted(chosen)]


def _scenes(
    inputs: ScriptInputs, title: str, sections: Sequence[Section], chosen: Sequence[_Sentence], language: str
) -> list[SceneScript]:
    groups = [group for section in _by_section(chosen) for group in _parted(section)]
    spoken_title = as_sentence(title)
    main = _MAIN.get(inputs.script_type, SceneType.MAIN_CONTENT)
    scenes: list[SceneScript] = []
    for number, group in enumerate(groups):
        text = _prose(group)
        heading = shortened(sections[group[0].section].heading, _LONGEST_HEADING)
        if number == 0:
            if not text.casefold().startswith(spoken_title.casefold().rstrip(".。।")):
                text = joined([spoken_title, text])
            heading = title
        points = _points(group, heading, language)
        if not heading and points:
            heading, points = _capital(points[0]), points[1:]
        kind = SceneType.INTRO if number == 0 else main
        if number == len(groups) - 1 and number > 1:
            kind = SceneType.CONCLUSION
        scenes.append(
            SceneScript(
                scene_number=number + 1,
                scene_type=kind,
                voiceover_text=text,
                visual_description=_visual(heading, points),
                heading=heading,
                points=points if len(points) > 1 else (),
            )
        )
    return scenes


def _by_section(sentences: Sequence[_Sentence]) -> list[list[_Sentence]]:
    groups: list[list[_Sentence]] = []
    for sentence in sentences:
        if groups and groups[-1][0].section == sentence.section:
            groups[-1].append(sentence)
        else:
            groups.append([sentence])
    return groups


def _parted(group: Sequence[_Sentence]) -> list[list[_Sentence]]:
    """Part the sentences of a section into scenes of about equal length."""
    total = sum(sentence.seconds for sentence in group)
    target = total / max(1, math.ceil(total / _LONGEST_S), round(total / _SCENE_S))
    scenes: list[list[_Sentence]] = [[]]
    seconds = 0.0
    for sentence in group:
        full = seconds + sentence.seconds / 2 > target or seconds + sentence.seconds > _LONGEST_S
        if scenes[-1] and full:
            scenes.append([])
            seconds = 0.0
        scenes[-1].append(sentence)
        seconds += sentence.seconds
    return scenes


def _points(group: Sequence[_Sentence], heading: str, language: str) -> tuple[str, ...]:
    """Return short lines for the screen: the list's items as written, else the phrases that the prose is about."""
    items = list(dict.fromkeys(item for sentence in group for item in sentence.items))
    if items:
        return tuple(shortened(item.rstrip(".。।"), _LONGEST_POINT) for item in items[:_MOST_POINTS])
    phrases = key_phrases(_prose(group), language, _MOST_POINTS)
    return tuple(
        _capital(phrase)
        for phrase in phrases
        if len(phrase) <= _LONGEST_POINT and phrase.casefold() not in heading.casefold()
    )[: _MOST_POINTS - 1]


def _prose(sentences: Sequence[_Sentence]) -> str:
    return joined([sentence.text for sentence in sentences])


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _visual(heading: str, points: Sequence[str]) -> str:
    lines = f"; lines: {'; '.join(points)}" if points else ""
    return f"Title “{heading}”{lines}" if heading else f"Captions only{lines}"


def _description(chosen: Sequence[_Sentence], best: Sequence[_Sentence]) -> str:
    """Return the two best sentences that are spoken, in the order they are."""
    used = set(chosen)
    top = set([s for s in best if s in used][:2])
    return shortened(_prose([sentence for sentence in chosen if sentence in top]), _LONGEST_DESCRIPTION)


def _notes(used: int, all_of_them: int, seconds: float, asked_s: int) -> list[str]:
    notes = ["The brief's own sentences, in their order; nothing was added."]
    if used < all_of_them:
        notes.append(f"The {used} most central of {all_of_them} sentences fit the length asked for.")
    elif seconds < asked_s * _SHORT:
        notes.append(f"The brief takes about {seconds:.0f} s to say, less than the {asked_s} s asked for.")
    return notes
