"""Every language that can be written in has everything a script may need."""

from __future__ import annotations

import pytest

from cliprow.models import ScriptType, Tone
from cliprow.providers.language_data import LanguageData, language_data, languages_with_phrases
from cliprow.providers.pace import spoken_seconds
from cliprow.providers.script_from_topic import _BEATS

ENGLISH = language_data("en").phrases


def test_the_languages_are_known() -> None:
    assert languages_with_phrases() == ("de", "en", "es", "fr", "pt")


@pytest.mark.parametrize("language", languages_with_phrases())
def test_a_language_has_the_phrases_that_english_has(language: str) -> None:
    phrases = language_data(language).phrases
    assert phrases.keys() == ENGLISH.keys()
    assert phrases["beats"].keys() == ENGLISH["beats"].keys()
    assert set(phrases["openers"]) == set(phrases["actions"]) == {tone.value for tone in Tone}
    assert "{topic}" in phrases["description"]
    assert "{audience}" in phrases["audience"]


@pytest.mark.parametrize("language", languages_with_phrases())
def test_each_beat_fits_a_scene_and_its_points_fit_the_screen(language: str) -> None:
    for beat in language_data(language).phrases["beats"].values():
        assert 5 < spoken_seconds(beat["text"]) < 12
        assert len(beat["heading"]) <= 32
        assert 1 < len(beat["points"]) < 4
        assert all(len(point) <= 40 for point in beat["points"])


def test_every_beat_of_every_type_is_written() -> None:
    assert set(_BEATS) == set(ScriptType)
    assert {beat for beats in _BEATS.values() for beat in beats.split()} == set(ENGLISH["beats"])


def test_a_language_without_a_file_is_empty_and_no_path_leads_out() -> None:
    assert language_data("sw") == LanguageData()
    assert language_data("../languages/en") == LanguageData() or not language_data("xx").phrases
