"""Voices and styles: what there is, and samples that the stages' own code makes."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from cliprow.models import Tone
from tests.integration.api.conftest import Api


def test_voices_are_those_that_speak_here(ann: Api) -> None:
    voices = {each["voice"]: each for each in ann.get("/voices")["items"]}
    joe = voices["en_US-joe-medium"]
    assert (joe["language"], joe["provider"], joe["is_default"]) == ("en-US", "piper", True)
    assert voices["de"]["provider"] == "espeak-ng"
    assert "en-us" not in voices, "English is the neural voice's"


def test_a_voice_is_heard(ann: Api) -> None:
    answer = ann.call("GET", "/voices/sample", params={"language": "de", "voice": "de"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/flac")
    assert answer.content.startswith(b"fLaC")
    assert "max-age" in answer.headers["cache-control"]
    assert (
        ann.call("GET", "/voices/sample", params={"language": "de", "voice": "de"}).content == answer.content
    )
    other = ann.call("GET", "/voices/sample", params={"language": "fr"})
    assert other.content.startswith(b"fLaC")
    assert other.content != answer.content


def test_a_voice_that_is_none_is_refused(ann: Api) -> None:
    assert ann.get("/voices/sample", 422, language="de", voice="nobody")["code"] == "speech_voice_unknown"
    assert ann.get("/voices/sample", 422, language="xx-nowhere-at-all")["next_step"]


def test_styles_are_seen(ann: Api) -> None:
    assert [each["style"] for each in ann.get("/styles")["items"]] == [*Tone]
    means = []
    for style in ("casual", "professional"):
        answer = ann.call("GET", "/styles/still", params={"style": style, "aspect": "9:16"})
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
        picture = Image.open(io.BytesIO(answer.content))
        assert picture.size == (360, 640)
        means.append(float(np.asarray(picture).mean()))
    assert means[0] > means[1] + 50, "casual is light, professional dark"
    ann.get("/styles/still", expect=422, style="grand")
