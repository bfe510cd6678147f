from __future__ import annotations

from pathlib import Path

import pytest

from cliprow.errors import FailForGood
from cliprow.media.fonts import Fonts, sized


@pytest.mark.parametrize(
    ("language", "text", "face"),
    [
        ("en", "Wörld→", "Inter"),
        ("ru", "Привет", "Inter"),
        ("el", "Γειά", "Inter"),
        ("ar", "مرحبا،", "Noto Sans Arabic"),
        ("he", "שלום", "Noto Sans Hebrew"),
        ("hi", "नमस्ते", "Noto Sans Devanagari"),
        ("th", "สวัสดี", "Noto Sans Thai"),
        ("ta", "வணக்கம்", "Noto Sans Tamil"),
        ("ja", "今日は。", "Noto Sans CJK"),
        ("ko", "안녕하세요", "Noto Sans CJK"),
        ("en", "👩‍🚀", "Noto Emoji"),
    ],
)
def test_every_script_has_its_face(language: str, text: str, face: str) -> None:
    runs = Fonts(language).runs(text)
    assert [(found.name, part) for found, part in runs] == [(face, text)]


def test_han_is_drawn_as_its_language_writes_it() -> None:
    indices = {tag: Fonts(tag).runs("骨")[0][0].index for tag in ("ja", "ko", "zh-CN", "zh-TW", "zh-HK")}
    assert len(set(indices.values())) == 5


def test_mixed_text_is_split_where_the_face_changes() -> None:
    runs = Fonts("ja").runs("今日はiPhone15を")
    assert [part for _, part in runs] == ["今日は", "iPhone15", "を"]


def test_a_digit_after_an_emoji_is_a_plain_digit() -> None:
    assert [face.name for face, _ in Fonts().runs("🚀2")] == ["Noto Emoji", "Inter"]


def test_a_script_without_a_font_fails_naming_script_and_way_out() -> None:
    with pytest.raises(FailForGood, match="Tibetan") as caught:
        Fonts("bo").check("བོད་ཡིག")
    assert caught.value.error_code == "FONT_COVERAGE"
    assert "CLIPROW_VISUALS_FONT" in caught.value.next_step


def test_a_font_of_the_users_is_asked_last() -> None:
    inter = Fonts().runs("a")[0][0]
    fonts = Fonts("en", extra=inter.path)
    assert fonts.runs("a")[0][0].name == "Inter"
    with pytest.raises(FailForGood, match="Tibetan"):
        fonts.check("བོད")


def test_an_unreadable_font_of_the_users_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(b"not a font")
    with pytest.raises(FailForGood, match=r"broken\.ttf") as caught:
        Fonts("bo", extra=str(broken)).check("བོད")
    assert caught.value.error_code == "FONT_UNREADABLE"


def test_weight_is_taken_as_far_as_a_face_goes() -> None:
    face = Fonts().runs("a")[0][0]
    assert sized(face, 40, 900).getlength("mmmm") > sized(face, 40, 400).getlength("mmmm")
