"""Scripts by the embedded writer: from a brief, from a topic, and from input that is neither."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cliprow.cli.demo import TOPICS
from cliprow.errors import FailForGood, StageError
from cliprow.models import LibraryScene, SceneScript, SceneType, Script, ScriptInputs, ScriptType, Tone
from cliprow.providers.pace import SCENE_SILENCE_S, spoken_seconds
from cliprow.providers.sentences import split_sentences
from cliprow.stages import Work, script_generation
from tests.unit.providers.chat_server import Answer, chat_server, completion

BRIEF = """# How to water house plants

Most people water their plants on a *fixed schedule*. That is **the wrong way round**.

## Feel the soil
Push a finger two centimetres into the soil. If it feels dry, water the plant. If it feels damp, leave it alone.

```python
print("no")
```

## Give roots air
Roots need air as much as they need water. When the soil stays wet, the roots cannot breathe, and they begin to rot.

## What you need
- a pot with holes
- a saucer
- water at room temperature

## Finally
Water deeply, then let the soil dry. Your plants will thank you!
"""


def write(inputs: ScriptInputs, **named: str) -> Script:
    given = {name.replace("_", ".", 1): value for name, value in named.items()}
    work = Work(folder=Path("unused"), settings=given, files={}, progress=lambda fraction: None)
    script = script_generation.run(inputs, work).facts
    assert isinstance(script, Script)
    return script


def seconds_of(script: Script) -> float:
    return sum(SCENE_SILENCE_S + spoken_seconds(scene.voiceover_text) for scene in script.scenes)


def check(script: Script) -> None:
    """Everything that holds for every script."""
    assert script.title
    assert [scene.scene_number for scene in script.scenes] == list(range(1, len(script.scenes) + 1))
    assert all(scene.voiceover_text.strip() for scene in script.scenes)
    assert all(spoken_seconds(scene.voiceover_text) < 25 for scene in script.scenes)
    assert all(len(scene.heading) <= 90 for scene in script.scenes)
    assert all(len(point) <= 48 for scene in script.scenes for point in scene.points)
    assert all(tag.startswith("#") and len(tag) > 2 for tag in script.hashtags)
    assert script.metadata["provider"] == "extractive"
    assert script.metadata["notes"]


def test_a_brief_is_told_in_its_own_sentences_under_its_own_headings() -> None:
    script = write(ScriptInputs(topic="How to water house plants", brief=BRIEF))
    check(script)
    assert [scene.heading for scene in script.scenes] == [
        "How to water house plants", "Feel the soil", "Give roots air", "What you need", "Finally",
    ]  # fmt: skip
    assert script.scenes[0].voiceover_text == (
        "How to water house plants. Most people water their plants on a fixed schedule. That is the wrong way round."
    )
    assert (
        script.scenes[3].voiceover_text
        == "What you need: a pot with holes, a saucer, water at room temperature."
    )
    assert script.scenes[3].points == ("a pot with holes", "a saucer", "water at room temperature")
    assert [scene.scene_type for scene in script.scenes] == [
        SceneType.INTRO, SceneType.MAIN_CONTENT, SceneType.MAIN_CONTENT, SceneType.MAIN_CONTENT, SceneType.CONCLUSION,
    ]  # fmt: skip
    assert script.key_points == ("Feel the soil", "Give roots air", "What you need", "Finally")
    assert script.metadata["method"] == "brief_textrank"
    assert "print" not in " ".join(scene.voiceover_text for scene in script.scenes)


def test_a_brief_that_is_too_long_is_cut_to_its_central_sentences_in_order() -> None:
    script = write(ScriptInputs(topic="Watering", brief=BRIEF, duration_s=20))
    check(script)
    assert seconds_of(script) < 26
    told = [s for scene in script.scenes for s in split_sentences(scene.voiceover_text, "en")][1:]
    places = [
        " ".join(BRIEF.replace("*", "").split()).find(sentence[:20])
        for sentence in told
        if ":" not in sentence
    ]
    assert places == sorted(places)
    assert min(places) >= 0
    assert "most central of" in script.metadata["notes"]


def test_a_brief_that_is_a_little_too_long_is_kept_whole_and_says_so() -> None:
    whole = write(ScriptInputs(topic="Watering", brief=BRIEF, duration_s=45))
    seconds = seconds_of(whole)
    script = write(ScriptInputs(topic="Watering", brief=BRIEF, duration_s=int(seconds / 1.35)))
    check(script)
    assert script.scenes == whole.scenes
    assert "kept whole" in script.metadata["notes"]


def test_what_is_on_screen_is_said_and_nothing_is_cut_by_an_ellipsis() -> None:
    for topic in TOPICS:
        brief = str(topic["brief"])
        for duration_s in (8, 14, 20, 28, 40):
            script = write(ScriptInputs(topic=str(topic["topic"]), brief=brief, duration_s=duration_s))
            check(script)
            assert "…" not in str((script.scenes, script.key_points, script.description))
            assert 0 < len(script.hashtags) <= 8
            for scene in script.scenes:
                said = scene.voiceover_text.casefold()
                assert all(point.casefold() in said for point in scene.points)


def test_the_demo_tells_three_or_four_thoughts_in_half_a_minute_and_ends_by_asking() -> None:
    for topic in TOPICS:
        script = write(msgspec.convert(topic, ScriptInputs))
        assert 3 <= len(script.scenes) <= 4
        assert all(4 < spoken_seconds(scene.voiceover_text) < 14 for scene in script.scenes)
        assert all(scene.heading for scene in script.scenes)
        assert script.scenes[-1].scene_type is SceneType.CALL_TO_ACTION
        assert len(script.hashtags) >= 3
        assert 24 < seconds_of(script) < 33


@pytest.mark.parametrize(
    ("language", "last", "kind"),
    [
        ("en", "That's why the sky is blue.", SceneType.CONCLUSION),
        ("en", "Roots need air.", SceneType.MAIN_CONTENT),
        ("de", "Probier es heute aus.", SceneType.CALL_TO_ACTION),
        ("fr", "En résumé, les racines respirent.", SceneType.CONCLUSION),
        ("es", "Comparte este video con tus amigos.", SceneType.CALL_TO_ACTION),
        ("sw", "Jaribu leo.", SceneType.MAIN_CONTENT),
    ],
)
def test_the_last_scene_is_what_its_last_sentence_is(language: str, last: str, kind: SceneType) -> None:
    brief = f"Lorem ipsum dolor sit amet consectetur.\n\n## B\n\n{last}"
    script = write(ScriptInputs(topic="Lorem", brief=f"## A\n\n{brief}", language=language))
    assert script.scenes[-1].scene_type is kind


def test_a_brief_that_is_short_stays_short_and_says_so() -> None:
    script = write(ScriptInputs(topic="Watering", brief="Roots need air.", duration_s=60))
    check(script)
    assert [scene.voiceover_text for scene in script.scenes] == ["Watering. Roots need air."]
    assert "less than the 60 s asked for" in script.metadata["notes"]


@pytest.mark.parametrize("language", ["en", "es-MX", "de", "fr-CA", "pt-BR"])
@pytest.mark.parametrize("script_type", list(ScriptType))
@pytest.mark.parametrize("duration_s", [15, 45, 60])
def test_a_topic_alone_fills_the_length_with_structure_and_claims_nothing(
    language: str, script_type: ScriptType, duration_s: int
) -> None:
    topic = "Solar 2030"
    script = write(
        ScriptInputs(topic=topic, language=language, script_type=script_type, duration_s=duration_s)
    )
    check(script)
    assert seconds_of(script) == pytest.approx(duration_s, rel=0.5 if duration_s < 30 else 0.25)
    assert script.scenes[0].voiceover_text.startswith("Solar 2030. ")
    assert topic not in " ".join(scene.voiceover_text for scene in script.scenes[1:])
    assert (script.scenes[-1].scene_type is SceneType.CALL_TO_ACTION) == (duration_s > 15)
    assert script.language == language
    assert "states no facts" in script.metadata["notes"]


@pytest.mark.parametrize(
    ("topic", "opening"),
    [
        ("Why is the sky blue?", "Why is the sky blue? Before"),
        ("How to bake bread", "How to bake bread. Before"),
        ("learn chess!!! ♟️", "learn chess!!! Before"),
        ('The "best" tea — ever…', 'The "best" tea — ever… Before'),
        ("**Bold** [move](http://x.y)", "Bold move. Before"),
    ],
)
def test_topics_of_any_wording_open_with_a_sentence_of_their_own(topic: str, opening: str) -> None:
    script = write(ScriptInputs(topic=topic))
    check(script)
    assert script.scenes[0].voiceover_text.startswith(opening)


def test_tone_and_audience_are_heard() -> None:
    texts = {
        write(ScriptInputs(topic="Tea", tone=tone, audience="beginners")).scenes[0].voiceover_text
        for tone in Tone
    }
    assert len(texts) == len(Tone)
    assert all("This one is for beginners." in text for text in texts)


def test_a_topic_alone_that_cannot_fill_the_length_says_so() -> None:
    assert "a brief would" in write(ScriptInputs(topic="Tea", duration_s=600)).metadata["notes"]


@pytest.mark.parametrize(
    ("topic", "brief", "language"),
    [
        ("太陽光発電とは", "光を電気に変えます。屋根のパネルが日光を受けます。余った電気は売れます。", "ja"),
        ("الطاقة الشمسية", "الطاقة الشمسية متجددة. تأتي من الشمس! هل يمكن تخزينها؟ نعم.", "ar"),
        ("सौर ऊर्जा", "सौर ऊर्जा सूर्य से मिलती है। यह स्वच्छ है।", "hi"),
        ("พลังงาน", "พลังงานแสงอาทิตย์ สะอาดและยั่งยืน", "th"),
        ("Nishati ya jua", "Nishati ya jua ni safi. Inatoka kwa jua.", "sw"),
    ],
)
def test_a_brief_is_enough_in_any_language(topic: str, brief: str, language: str) -> None:
    script = write(ScriptInputs(topic=topic, brief=brief, language=language))
    check(script)
    assert script.scenes[0].voiceover_text.startswith(topic)
    assert script.hashtags


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        (ScriptInputs(topic="🎉🎉 !!"), "TOPIC_WITHOUT_WORDS"),
        (ScriptInputs(topic="", brief=""), "TOPIC_WITHOUT_WORDS"),
        (ScriptInputs(topic="Code", brief="```\nx = 1\n```"), "BRIEF_EMPTY"),
        (ScriptInputs(topic="Long", brief="Very long. " * 20_000), "BRIEF_TOO_LONG"),
        (ScriptInputs(topic="Nishati ya jua", language="sw"), "SCRIPT_LANGUAGE_UNSUPPORTED"),
        (ScriptInputs(topic="太陽光発電"), "LANGUAGE_MISMATCH"),
        (ScriptInputs(topic="Tea", language="English!"), "LANGUAGE_INVALID"),
    ],
)
def test_what_makes_no_script_fails_for_good_and_says_what_to_do(inputs: ScriptInputs, code: str) -> None:
    with pytest.raises(FailForGood) as raised:
        write(inputs)
    assert raised.value.error_code == code
    assert raised.value.next_step


def test_a_topic_of_ten_thousand_characters_is_used_as_the_brief() -> None:
    topic = "Bees are insects that make honey. " + " ".join(
        f"Hive number {n} holds many bees." for n in range(400)
    )
    script = write(ScriptInputs(topic=topic[:10_000], duration_s=30))
    check(script)
    assert script.title == "Bees are insects that make honey"
    assert seconds_of(script) < 40
    assert "used as the brief" in script.metadata["notes"]


def test_a_brief_without_a_usable_topic_lends_its_heading_as_title() -> None:
    assert write(ScriptInputs(topic="🎉", brief=BRIEF)).title == "How to water house plants"


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=400), st.text(max_size=400))
def test_any_text_gives_a_script_or_a_reason(topic: str, brief: str) -> None:
    try:
        script = write(ScriptInputs(topic=topic, brief=brief))
    except StageError as error:
        reason = error.next_step
    else:
        reason = "a script"
        check(script)
    assert reason


def test_the_provider_is_chosen_by_settings_and_named_by_the_version() -> None:
    chosen = {"script_provider": "openai", "script_model": "m"}
    with chat_server(Answer(status=401)) as server, pytest.raises(FailForGood, match="401"):
        write(ScriptInputs(topic="Tea"), **chosen, script_base_url=server.url)
    with pytest.raises(FailForGood) as raised:
        write(ScriptInputs(topic="Tea"), script_provider="oracle")
    assert raised.value.error_code == "PROVIDER_UNKNOWN"
    versions = {
        script_generation.version({}),
        script_generation.version({"script.provider": "openai", "script.model": "m"}),
        script_generation.version({"script.provider": "openai", "script.model": "n"}),
    }
    assert len(versions) == 3


def _kept(text: str, **more: object) -> LibraryScene:
    return msgspec.convert(
        {"scene_type": "demo", "voiceover_text": text, "visual_description": "A cup", **more}, LibraryScene
    )


def test_scenes_of_the_library_stand_before_the_ending_unchanged() -> None:
    kept = (_kept("First of  the library.", heading="Cups", points=["round"]), _kept("Second?"))
    script = write(ScriptInputs(topic="How to make tea", duration_s=60, scenes=kept))
    check(script)
    types = [scene.scene_type for scene in script.scenes]
    assert types[-2:] == [SceneType.CONCLUSION, SceneType.CALL_TO_ACTION]
    added = script.scenes[-4:-2]
    assert [(s.voiceover_text, s.heading, s.points) for s in added] == [
        ("First of  the library.", "Cups", ("round",)),
        ("Second?", "", ()),
    ]
    assert script.metadata["library_scenes"] == "2"
    assert float(script.metadata["estimated_s"]) == pytest.approx(seconds_of(script), abs=1)


def test_intros_of_the_library_stand_first_and_its_endings_last() -> None:
    kept = (
        _kept("Bye.", scene_type="conclusion"),
        _kept("Middle."),
        _kept("Hello.", scene_type="intro"),
    )
    script = write(ScriptInputs(topic="How to make tea", duration_s=60, scenes=kept))
    said = [scene.voiceover_text for scene in script.scenes]
    assert (said[0], said[-1]) == ("Hello.", "Bye.")
    assert said.index("Middle.") == len(said) - 4
    assert [scene.scene_number for scene in script.scenes] == list(range(1, len(said) + 1))


def test_scenes_of_the_library_take_their_time_from_the_rest() -> None:
    long = _kept("Words that take a while to say. " * 10)
    without = write(ScriptInputs(topic="How to make tea", duration_s=60))
    script = write(ScriptInputs(topic="How to make tea", duration_s=60, scenes=(long,)))
    assert len(script.scenes) < len(without.scenes) + 1
    assert seconds_of(script) < seconds_of(without) + 10
    filled = write(ScriptInputs(topic="How to make tea", duration_s=20, scenes=(long, long, long)))
    check(filled)
    assert filled.scenes[0].scene_type is SceneType.INTRO


def test_a_script_without_an_ending_ends_with_the_scenes_of_the_library() -> None:
    script = write(ScriptInputs(topic="Tea", duration_s=10, scenes=(_kept("Mine."),)))
    check(script)
    assert script.scenes[-1].voiceover_text == "Mine."


def test_a_script_that_is_only_an_ending_keeps_it_first() -> None:
    only = SceneScript(
        scene_number=1, scene_type=SceneType.CONCLUSION, voiceover_text="Bye.", visual_description=""
    )
    script = script_generation.with_library_scenes(
        Script(title="T", description="", scenes=(only,)), [_kept("Mine.")]
    )
    assert [scene.voiceover_text for scene in script.scenes] == ["Bye.", "Mine."]


def test_a_remote_writer_gets_scenes_of_the_library_too() -> None:
    scenes = [
        {"scene_type": kind, "heading": "", "voiceover_text": text, "visual_description": "", "points": []}
        for kind, text in (("intro", "Hello."), ("call_to_action", "Subscribe."))
    ]
    written = {"title": "Tea", "description": "", "key_points": [], "hashtags": [], "scenes": scenes}
    with chat_server(completion(json.dumps(written))) as server:
        script = write(
            ScriptInputs(topic="Tea", scenes=(_kept("Mine."),)),
            script_provider="openai",
            script_model="m",
            script_base_url=server.url,
        )
    assert [scene.voiceover_text for scene in script.scenes] == ["Hello.", "Mine.", "Subscribe."]
