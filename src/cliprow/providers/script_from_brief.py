"""A script from the user's own brief, by extraction: their sentences, their headings, their order."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from cliprow.errors import FailForGood
from cliprow.models import SceneScript, SceneType, Script, ScriptInputs, ScriptType
from cliprow.providers.brief import Section, read_brief
from cliprow.providers.brief_sentences import Sentence, read_sentences
from cliprow.providers.choice import choose
from cliprow.providers.hashtags import hashtags
from cliprow.providers.pace import SCENE_SILENCE_S, spoken_seconds
from cliprow.providers.scene_parts import parted
from cliprow.providers.scene_text import screen_text
from cliprow.providers.titles import as_sentence, joined, same_words, shortened
from cliprow.providers.wording import asks_something, states_alone, sums_up

_MAIN = {ScriptType.DEMO: SceneType.DEMO, ScriptType.TESTIMONIAL: SceneType.TESTIMONIAL}
#: How much longer than asked a video may become before sentences are left out, and from when on the script says so.
_SLACK, _LONG = 1.4, 1.1
#: Shorter than this share of the length asked for, the script says so too.
_SHORT = 0.7
_LONGEST_HEADING, _LONGEST_KEY_POINT, _MOST_KEY_POINTS, _LONGEST_DESCRIPTION = 60, 100, 3, 300


def write_from_brief(inputs: ScriptInputs, brief: str, title: str, language: str) -> Script:
    """Say the whole brief where it fits, else its sentences that say most, and lay them out as scenes.

    Raises:
        FailForGood: the brief has no sentence to speak.
    """
    sections = read_brief(brief)
    if not title:
        title = shortened(next((section.heading for section in sections if section.heading), ""))
    sentences, links = read_sentences(sections, title, language)
    if not sentences:
        raise FailForGood(
            "The brief has no text to speak: headings, code, links and pictures alone make no narration.",
            error_code="BRIEF_EMPTY",
            next_step="Write the brief in sentences, or leave it empty to work from the topic alone.",
        )
    title = title or shortened(sentences[0].text)
    if sections[0].heading and same_words(sections[0].heading, title, language):
        sections[0].heading = ""
    scenes = _scenes(inputs, title, sections, sentences, language)
    chosen = sentences
    if _seconds(scenes) > inputs.duration_s * _SLACK:
        budget_s = inputs.duration_s - spoken_seconds(title) - SCENE_SILENCE_S
        keep_last = bool(_ending(sentences[-1].text, "", language))
        chosen = choose(sentences, links, budget_s, keep_last=keep_last)
        scenes = _scenes(inputs, title, sections, chosen, language)
    description = _description(chosen)
    text = joined([sentence.text for sentence in chosen])
    return Script(
        title=title,
        description=joined([sentence.text for sentence in description]),
        scenes=tuple(scenes),
        key_points=_key_points(sections, [s for s in chosen if s not in description], language),
        hashtags=hashtags(title, text, language),
        language=inputs.language,
        metadata={
            "provider": "extractive",
            "method": "brief_textrank",
            "estimated_s": f"{_seconds(scenes):.0f}",
            "notes": " ".join(_notes(len(chosen), len(sentences), _seconds(scenes), inputs.duration_s)),
        },
    )


def _scenes(
    inputs: ScriptInputs, title: str, sections: Sequence[Section], chosen: Sequence[Sentence], language: str
) -> list[SceneScript]:
    spoken_title = as_sentence(title)
    if chosen[0].text.casefold().startswith(spoken_title.casefold().rstrip(".。।")):
        spoken_title = ""
    groups: list[tuple[str, list[Sentence]]] = []
    for number, section in groupby(chosen, key=lambda sentence: sentence.section):
        heading = sections[number].heading
        before_s = 0.0 if groups else spoken_seconds(spoken_title)
        for place, group in enumerate(parted(list(section), before_s)):
            groups.append((heading if place == 0 and len(heading) <= _LONGEST_HEADING else "", group))
    scenes: list[SceneScript] = []
    for number, (given, group) in enumerate(groups):
        kind = SceneType.INTRO if number == 0 else _MAIN.get(inputs.script_type, SceneType.MAIN_CONTENT)
        if 0 < number == len(groups) - 1:
            kind = _ending(group[-1].text, given, language) or kind
        heading, points = screen_text(group, given if number else title, language)
        said = [sentence.text for sentence in group]
        scenes.append(
            SceneScript(
                scene_number=number + 1,
                scene_type=kind,
                voiceover_text=joined([spoken_title, *said] if number == 0 and spoken_title else said),
                visual_description=_visual(heading, points),
                heading=heading,
                points=points,
            )
        )
    return scenes


def _ending(last: str, heading: str, language: str) -> SceneType | None:
    """Return what the last scene is when its last sentence, or its heading, says so."""
    if asks_something(last, language):
        return SceneType.CALL_TO_ACTION
    return SceneType.CONCLUSION if sums_up(last, language) or sums_up(heading, language) else None


def _visual(heading: str, points: Sequence[str]) -> str:
    lines = f"; lines: {'; '.join(points)}" if points else ""
    return f"Title “{heading}”{lines}" if heading else f"Captions only{lines}"


def _description(chosen: Sequence[Sentence]) -> list[Sentence]:
    """Return the opening and the best sentence that stands alone, as far as there is room for them."""
    rest = sorted(
        (s for s in chosen[1:] if not s.leans and not s.place), key=lambda sentence: -sentence.score
    )
    kept: list[Sentence] = []
    for sentence in (chosen[0], *rest):
        if len(kept) < 2 and len(joined([s.text for s in (*kept, sentence)])) <= _LONGEST_DESCRIPTION:
            kept.append(sentence)
    return [sentence for sentence in chosen if sentence in kept]


def _key_points(sections: Sequence[Section], sentences: Sequence[Sentence], language: str) -> tuple[str, ...]:
    """Return the brief's headings, else its best sentences that are short and stand alone; one alone is none."""
    headings = [s.heading for s in sections if s.heading and len(s.heading) <= _LONGEST_HEADING]
    if len(headings) > 1:
        return tuple(headings)
    short = [s for s in sentences if len(s.text) <= _LONGEST_KEY_POINT and states_alone(s.text, language)]
    best = sorted(short, key=lambda sentence: -sentence.score)[:_MOST_KEY_POINTS]
    return tuple(sentence.text for sentence in short if sentence in best) if len(best) > 1 else ()


def _seconds(scenes: Sequence[SceneScript]) -> float:
    return sum(SCENE_SILENCE_S + spoken_seconds(scene.voiceover_text) for scene in scenes)


def _notes(used: int, all_of_them: int, seconds: float, asked_s: int) -> list[str]:
    notes = ["The brief's own sentences, in their order; nothing was added."]
    if used < all_of_them:
        notes.append(f"The {used} most central of {all_of_them} sentences fit the length asked for.")
    elif seconds > asked_s * _LONG:
        notes.append(
            f"The brief is kept whole: it takes about {seconds:.0f} s, more than the {asked_s} s asked for."
        )
    elif seconds < asked_s * _SHORT:
        notes.append(f"The brief takes about {seconds:.0f} s to say, less than the {asked_s} s asked for.")
    return notes
