"""A script from a topic alone: the topic said as a sentence, then questions worth asking about it.

Nobody has told us anything about the topic, so the script claims nothing about it. The topic stands only in sentences
of its own, so that questions, instructions and plain nouns all fit.
"""

from __future__ import annotations

from typing import Any

from cliprow.errors import FailForGood
from cliprow.models import SceneScript, SceneType, Script, ScriptInputs, ScriptType
from cliprow.providers.hashtags import hashtags
from cliprow.providers.language_data import language_data, languages_with_phrases
from cliprow.providers.pace import SCENE_SILENCE_S, spoken_seconds
from cliprow.providers.titles import as_sentence, shortened

#: The beats of each type of script, in the order they are told; a short video tells the first ones.
_BEATS = {
    ScriptType.EXPLAINER: "basics why parts example mistakes sources compare next_step",
    ScriptType.TUTORIAL: "goal tools practice check mistakes example compare next_step",
    ScriptType.STORY: "before people turning meaning sources doubts next_step",
    ScriptType.DEMO: "goal watch compare check doubts practice next_step",
    ScriptType.TESTIMONIAL: "people before turning doubts check compare next_step",
}
_MAIN = {ScriptType.DEMO: SceneType.DEMO, ScriptType.TESTIMONIAL: SceneType.TESTIMONIAL}
#: Shorter videos (seconds) have no scene of their own to sum up, and none that asks something of the viewer.
_SUMS_UP_FROM_S, _ASKS_FROM_S = 30, 20
_LONGEST_AUDIENCE = 60

#: A scene in the making: type, heading, narration, points.
_Told = tuple[SceneType, str, str, tuple[str, ...]]


def write_from_topic(inputs: ScriptInputs, title: str, language: str) -> Script:
    """Write a script in one of the languages whose phrases we have.

    Raises:
        FailForGood: there are no phrases for the language.
    """
    phrases = language_data(language).phrases
    if not phrases:
        raise FailForGood(
            f"Without a brief, scripts can be written in {', '.join(languages_with_phrases())}, "
            f"not in {inputs.language!r}.",
            error_code="SCRIPT_LANGUAGE_UNSUPPORTED",
            next_step="Give a brief in that language, or set an OpenAI-compatible provider "
            "(CLIPROW_SCRIPT_PROVIDER=openai).",
        )
    scenes, notes = _scenes(inputs, title, phrases)
    seconds = sum(SCENE_SILENCE_S + spoken_seconds(scene.voiceover_text) for scene in scenes)
    return Script(
        title=title,
        description=phrases["description"].format(topic=as_sentence(title)),
        scenes=tuple(scenes),
        key_points=tuple(scene.heading for scene in scenes[1:] if scene.points),
        hashtags=hashtags(title, "", language),
        language=inputs.language,
        metadata={
            "provider": "extractive",
            "method": "topic_questions",
            "estimated_s": f"{seconds:.0f}",
            "notes": " ".join(notes),
        },
    )


def _scenes(inputs: ScriptInputs, title: str, phrases: dict[str, Any]) -> tuple[list[SceneScript], list[str]]:
    opening = [as_sentence(title)]
    audience = as_sentence(inputs.audience).rstrip(".")
    if audience and len(audience) <= _LONGEST_AUDIENCE:
        opening.append(phrases["audience"].format(audience=audience))
    opening.append(phrases["openers"][inputs.tone])
    first: _Told = (SceneType.INTRO, title, " ".join(opening), ())
    ending: list[_Told] = []
    if inputs.duration_s >= _SUMS_UP_FROM_S:
        ending.append((SceneType.CONCLUSION, phrases["conclusion_heading"], phrases["conclusion"], ()))
    if inputs.duration_s >= _ASKS_FROM_S:
        ending.append(
            (SceneType.CALL_TO_ACTION, phrases["action_heading"], phrases["actions"][inputs.tone], ())
        )
    main = _MAIN.get(inputs.script_type, SceneType.MAIN_CONTENT)
    beats = [phrases["beats"][name] for name in _BEATS[inputs.script_type].split()]
    told: list[_Told] = [(main, beat["heading"], beat["text"], tuple(beat["points"])) for beat in beats]
    left = inputs.duration_s - sum(
        SCENE_SILENCE_S + spoken_seconds(text) for _, _, text, _ in (first, *ending)
    )
    used: list[_Told] = []
    for scene in told:
        seconds = SCENE_SILENCE_S + spoken_seconds(scene[2])
        # Half a scene too long is nearer to what was asked than half a scene too short; one there must be.
        if used and left < seconds / 2:
            break
        used.append(scene)
        left -= seconds
    notes = ["Written from the topic alone: it asks questions about it and states no facts."]
    if left > inputs.duration_s * 0.2:
        notes.append("A topic alone does not fill the length asked for; a brief would.")
    scenes = [
        SceneScript(
            scene_number=number,
            scene_type=kind,
            voiceover_text=text,
            visual_description=f"Title “{shortened(heading)}”"
            + (f" with {len(points)} lines" if points else ""),
            heading=shortened(heading),
            points=points,
        )
        for number, (kind, heading, text, points) in enumerate((first, *used, *ending), start=1)
    ]
    return scenes, notes
